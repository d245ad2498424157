"""Makes the page: what is known of a run becomes sections, and a template makes HTML of these.

The template escapes every text, and each is made printable before: the names of runs, labels and files may come from
anybody. The page forbids itself scripts and the network by its Content-Security-Policy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from cxrtui import __version__
from cxrtui.evaluation.report.blocks import Section
from cxrtui.evaluation.report.headline import headline
from cxrtui.evaluation.report.material import Material
from cxrtui.evaluation.report.sections import SECTIONS
from cxrtui.printable import printable_lines


def page(material: Material, films: Section | None = None) -> str:
    """Return the page as HTML; the same material gives the same page.

    Args:
        material: of the run.
        films: example films, which are left out unless somebody asked for them.
    """
    sections: list[Section] = [make(material) for make in SECTIONS]
    if films is not None:
        sections.insert([section.key for section in sections].index("limits"), films)
    return render(material.run.name, headline(material), sections)


def render(name: str, head: Any, sections: Sequence[Section]) -> str:
    """Return the HTML of a page with these sections."""
    environment = Environment(
        loader=PackageLoader("cxrtui.evaluation.report", "templates"), autoescape=True, undefined=StrictUndefined,
        finalize=_safe, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    environment.filters["drawn"] = Markup
    return environment.get_template("report.html").render(name=name, head=head, sections=sections, version=__version__)


def _safe(value: Any) -> Any:
    """Return what a template puts out without characters that act; markup of the template's own stays."""
    return value if isinstance(value, Markup) or not isinstance(value, str) else printable_lines(value)
