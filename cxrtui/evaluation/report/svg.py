"""Turns a figure of matplotlib into SVG that lives inside a page: its colours are the page's, its text is text.

The colours are variables of the page's stylesheet, so that one figure reads on a light and on a dark page and on
paper. The same numbers give the same bytes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from typing import Any
from xml.etree import ElementTree

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

_NAMES = ("text", "muted", "line", "positive", "negative", "accent", "page")
COLOURS: Mapping[str, str] = {name: f"#01{place:02x}fe" for place, name in enumerate(_NAMES)}
"""Colours by the name of the page's variable; they stand for it while matplotlib draws."""
_SETTINGS: Mapping[str, Any] = {
    "svg.fonttype": "none", "text.parse_math": False, "font.family": ["DejaVu Sans"], "font.size": 9.0,
    "axes.spines.top": False, "axes.spines.right": False, "axes.edgecolor": COLOURS["muted"],
    "axes.labelcolor": COLOURS["text"], "axes.facecolor": "none", "xtick.color": COLOURS["muted"],
    "ytick.color": COLOURS["muted"], "text.color": COLOURS["text"], "grid.color": COLOURS["line"], "axes.grid": True,
    "grid.linewidth": 0.5, "lines.linewidth": 1.8, "legend.frameon": False, "legend.fontsize": 8.0,
    "axes.unicode_minus": True, "path.simplify": False,
}  # fmt: skip
_REFERENCE = re.compile(r"(?<=#)[\w-]+")


_SIZE = (3.8, 3.0)  # inches
_PLACE = (0.18, 0.14, 0.78, 0.7)  # of the axes: left, bottom, width and height, fractions of the figure


def drawn(key: str, title: str, alternative: str, draw: Callable[[Axes], None]) -> str:
    """Return a figure as an ``svg`` element.

    Args:
        key: unlike that of every other figure of the page.
        title: what the figure shows.
        alternative: what is to be seen in it, in words.
        draw: draws into the axes that it is given.
    """
    with mpl.rc_context({"svg.hashsalt": "cxrtui", **_SETTINGS}):
        figure = Figure(figsize=_SIZE)
        FigureCanvasSVG(figure)
        draw(figure.add_axes(_PLACE))
        return _markup(figure, key, title, alternative)


def legend(axes: Axes) -> None:
    """Name what is drawn, above the axes, where it hides nothing."""
    axes.legend(loc="lower left", bbox_to_anchor=(-0.2, 1.0), ncols=2, borderaxespad=0.3, columnspacing=1.2)


def _markup(figure: Figure, key: str, title: str, alternative: str) -> str:
    out = io.StringIO()
    figure.savefig(out, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    for name, colour in COLOURS.items():
        text = text.replace(colour, f"var(--{name})")
    root = ElementTree.fromstring(text)
    _bare(root, key)
    for name in ("width", "height", "version"):
        root.attrib.pop(name, None)
    root.attrib.update({"role": "img", "aria-labelledby": f"{key}-title {key}-text"})
    for name, content in (("desc", alternative), ("title", title)):
        element = ElementTree.Element(name, {"id": f"{key}-{'title' if name == 'title' else 'text'}"})
        element.text = content
        root.insert(0, element)
    return ElementTree.tostring(root, encoding="unicode")


def _bare(root: ElementTree.Element, key: str) -> None:
    """Take away name spaces, the document's own style and metadata, and every name that nothing refers to."""
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag.rpartition("}")[2] in ("metadata", "style"):
                parent.remove(child)
    used = {name for element in root.iter() for text in element.attrib.values() for name in _REFERENCE.findall(text)}
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        attributes = {name.rpartition("}")[2]: text for name, text in element.attrib.items()}
        if attributes.get("id") not in used:
            attributes.pop("id", None)
        else:
            attributes["id"] = f"{key}-{attributes['id']}"
        for name, text in attributes.items():
            if name == "href" or "url(#" in text:
                attributes[name] = _REFERENCE.sub(lambda found: f"{key}-{found.group()}", text, count=1)
        element.attrib.clear()
        element.attrib.update(attributes)
