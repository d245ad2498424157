"""The pages of docs/ say what the code says, and their links lead somewhere."""

from __future__ import annotations

import dataclasses
import itertools
import re
import runpy
from pathlib import Path
from typing import Any

import pytest

from cxrtui.runs import events
from cxrtui.settings.config import parse_assignments, resolve
from tests.typed_commands import parsed, words_of

ROOT = Path(__file__).parents[1]
PAGES = sorted({*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("*/README.md")})
_LINK = re.compile(r"\]\(([^)\s]+)\)")


@pytest.fixture(scope="module")
def generate() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "docs" / "generate.py"))


def test_the_generated_pages_are_what_the_code_says(generate: dict[str, Any]) -> None:
    assert generate["stale"]() == [], "run python docs/generate.py"


def test_a_page_that_differs_is_stale(generate: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "settings.md").write_text(generate["settings_page"]())
    (tmp_path / "events.md").write_text(generate["events_page"]() + "more")
    assert generate["stale"](tmp_path) == ["events.md", "weight-keys.md"]


@pytest.mark.parametrize("kind", events.TYPES.values(), ids=events.TYPES)
def test_every_field_of_an_event_is_described(kind: type[events.Event]) -> None:
    described = set(re.findall(r"`(\w+)", kind.__doc__ or ""))
    assert {item.name for item in dataclasses.fields(kind)} - {"time"} <= described


@pytest.mark.parametrize(
    ("default", "shown"), [(0, "`0`"), (False, "`false`"), (None, "`null`"), ("", '`""`'), (dataclasses.MISSING, "")]
)
def test_defaults_are_shown_as_json(generate: dict[str, Any], default: object, shown: str) -> None:
    cls = dataclasses.make_dataclass("Made", [("value", object, dataclasses.field(default=default))])
    assert generate["default_of"](dataclasses.fields(cls)[0]) == shown


def anchor(heading: str) -> str:
    """The fragment that a heading of Markdown has on a project's page."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for target in _LINK.findall(page.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        name, _, fragment = target.partition("#")
        file = page.parent / name if name else page
        assert file.exists(), f"{page}: {target}"
        if fragment:
            headings = re.findall(r"^#+ (.*)$", file.read_text(encoding="utf-8"), re.M)
            assert fragment in map(anchor, headings), f"{page}: {target}"


def typed_commands(page: Path) -> list[str]:
    """The commands of cxrtui in a page's blocks, without their comments; a line may go on behind a backslash."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    return re.findall(r"^(?: {4}|\$ )(?:\.venv/bin/)?(cxrtui .*?)(?: +#.*)?$", text, re.M)


COMMANDS = [(page, line) for page in PAGES for line in typed_commands(page)]


@pytest.mark.parametrize(
    ("page", "line"), COMMANDS, ids=[f"{page.name}-{line[7:40].strip() or 'alone'}" for page, line in COMMANDS]
)
def test_a_command_of_a_page_can_be_typed(page: Path, line: str) -> None:
    """Its command, options and settings are those that there are; the films and runs need not be."""
    arguments = words_of(line)[1:]
    parsed(arguments)
    assigned = [value for name, value in itertools.pairwise(arguments) if name == "--set"]
    resolve(parse_assignments(assigned))


def test_pages_have_commands() -> None:
    assert {page.name for page, _ in COMMANDS} >= {"README.md", "training.md", "data.md", "weights.md", "headless.md"}
