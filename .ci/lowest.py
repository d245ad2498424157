"""Print pip constraints that hold every dependency at the lowest version that pyproject.toml allows.

    python .ci/lowest.py > constraints.txt

pip has no option for that. What dependencies of dependencies are is not held: they are the newest that fit.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
# A name, perhaps extras, and a lower bound alone.
_BOUND = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(\[[^]]*\])?\s*>=\s*(?P<version>[0-9][0-9A-Za-z.]*)")


def constraints(project: dict[str, object]) -> Iterator[str]:
    """``name==version`` for each dependency of the project, of its extras and of the group test.

    Raises:
        ValueError: a dependency has no lower bound.
    """
    body = project["project"]
    needs = [*body["dependencies"], *project["dependency-groups"]["test"]]  # type: ignore[index]
    needs += [need for extra in body["optional-dependencies"].values() for need in extra]  # type: ignore[index]
    for need in sorted(set(needs)):
        found = _BOUND.fullmatch(need)
        if found is None:
            raise ValueError(f"{PYPROJECT.name}: {need} has no lower bound (name>=version) to test with")
        yield f"{found['name']}=={found['version']}"


if __name__ == "__main__":
    with PYPROJECT.open("rb") as file:
        sys.stdout.write("".join(f"{line}\n" for line in dict.fromkeys(constraints(tomllib.load(file)))))
