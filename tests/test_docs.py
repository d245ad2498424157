"""The pages of docs/ say what the code says, and their links lead somewhere."""

from __future__ import annotations

import dataclasses
import re
import runpy
from pathlib import Path
from typing import Any

import pytest

from cxrtui.runs import events

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
