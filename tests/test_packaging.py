"""What pyproject.toml promises: bounds that can be tested with, and a reason for each dependency."""

from __future__ import annotations

import re
import runpy
import tomllib
from pathlib import Path

import pytest

import cxrtui

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
PROJECT = tomllib.loads(TEXT)
constraints = runpy.run_path(str(ROOT / ".ci" / "lowest.py"))["constraints"]


def test_every_dependency_is_held_at_its_lower_bound() -> None:
    held = list(constraints(PROJECT))
    assert all(re.fullmatch(r"[\w.-]+==[\d.]+", line) for line in held)
    names = {line.split("==")[0] for line in held}
    assert {re.split(r"[\[>]", need)[0] for need in PROJECT["project"]["dependencies"]} <= names
    assert {"pytest", "h5py", "jax"} <= names


@pytest.mark.parametrize("need", ["numpy", "numpy==2.2", "numpy<3", "numpy>=2,<3"])
def test_what_has_no_lower_bound_alone_is_named(need: str) -> None:
    project = {
        "project": {"dependencies": [need], "optional-dependencies": {}}, "dependency-groups": {"test": []},
    }  # fmt: skip
    with pytest.raises(ValueError, match=re.escape(need)):
        list(constraints(project))


def test_every_dependency_says_what_it_is_for() -> None:
    block = TEXT.split("\ndependencies = [\n")[1].split("\n]\n")[0]
    without = [line for line in block.splitlines() if not re.search(r'",  # \w', line)]
    assert without == []


def test_the_package_says_that_it_is_typed() -> None:
    assert (Path(cxrtui.__file__).parent / "py.typed").is_file()


def test_the_parts_of_the_readme_for_a_package_index_are_there() -> None:
    parts = PROJECT["tool"]["hatch"]["metadata"]["hooks"]["fancy-pypi-readme"]["fragments"]
    marks = [(ROOT / part["path"], part.get("end-before", part.get("start-after"))) for part in parts if "path" in part]
    assert len(marks) == 3
    for file, mark in marks:
        text = file.read_text(encoding="utf-8")
        assert text.count(mark) == 1 if mark else text.strip()
