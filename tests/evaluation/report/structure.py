"""Reads a page of HTML as a screen reader or a reviewer would: headings, names, text alternatives, contrast."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Element:
    """An element with its attributes and the text below it."""

    tag: str
    attributes: dict[str, str]
    parent: Element | None = None
    text: str = ""
    children: list[Element] = field(default_factory=list)

    def all(self, *tags: str) -> list[Element]:
        """The elements of these tags below this one, in order."""
        found = []
        for child in self.children:
            found += ([child] if child.tag in tags else []) + child.all(*tags)
        return found


class _Reader(HTMLParser):
    _VOID = frozenset(("meta", "img", "link", "br"))

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = self.here = Element("", {})
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, self.here)
        self.here.children.append(element)
        if tag not in self._VOID:
            self.here = element

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.here.children.append(Element(tag, {name: value or "" for name, value in attrs}, self.here))

    def handle_endtag(self, tag: str) -> None:
        if self.here.tag != tag:
            self.faults.append(f"</{tag}> in <{self.here.tag}>")
        self.here = self.here.parent or self.root

    def handle_data(self, data: str) -> None:
        element: Element | None = self.here
        while element is not None:
            element.text += data
            element = element.parent


def read(page: str) -> Element:
    """The page; an element that is not closed where it should be fails."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    assert reader.faults == []
    return reader.root


def faults(page: str) -> list[str]:
    """What somebody who does not see the page, has no mouse or no colours could not use."""
    root = read(page)
    found = []
    every = root.all(*{element.tag for element in _walk(root)})
    ids = [element.attributes["id"] for element in every if "id" in element.attributes]
    found += [f"id {name} twice" for name in {name for name in ids if ids.count(name) > 1}]
    by_id = {element.attributes["id"]: element for element in every if "id" in element.attributes}
    levels = [int(element.tag[1]) for element in root.all("h1", "h2", "h3", "h4")]
    if levels[:1] != [1] or levels.count(1) != 1 or any(b - a > 1 for a, b in itertools.pairwise(levels)):
        found.append(f"headings {levels}")
    if not root.all("html")[0].attributes.get("lang") or not root.all("title")[0].text.strip():
        found.append("no language or title")
    for picture in root.all("img"):
        if not picture.attributes.get("alt", "").strip():
            found.append("an image without text")
    for drawing in root.all("svg"):
        named = drawing.attributes.get("aria-labelledby", "").split()
        if drawing.attributes.get("role") != "img" or len(named) != 2:
            found.append("a drawing without a role or names")
        found += [f"a drawing without {name}" for name in named if not by_id[name].text.strip()]
    for table in root.all("table"):
        if not table.all("caption") or not table.all("caption")[0].text.strip():
            found.append("a table without a caption")
        found += ["a heading of a table without scope" for cell in table.all("th") if "scope" not in cell.attributes]
        widths = {len(row.all("th", "td")) for row in table.all("tr")}
        if len(widths) != 1:
            found.append(f"a table with rows of {widths} cells")
    for link in root.all("a"):
        if link.attributes["href"].removeprefix("#") not in by_id:
            found.append(f"a link to {link.attributes['href']}")
    if root.all("body")[0].all("a")[0].attributes.get("class") != "skip":
        found.append("the first link does not skip to the content")
    return found + contrasts(page)


def _walk(element: Element) -> list[Element]:
    return [element, *(below for child in element.children for below in _walk(child))]


def contrasts(page: str) -> list[str]:
    """Colours of text and of drawings that are too near to the colour behind them (WCAG 2.2, 1.4.3 and 1.4.11)."""
    light, dark = (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", block)) for block in
                   re.findall(r":root \{(.*?)\}", page, re.DOTALL))  # fmt: skip
    assert light.keys() == dark.keys()
    found = []
    for scheme in (light, dark):
        pairs = [(name, page_colour, 4.5) for name in ("text", "muted", "link") for page_colour in ("page", "surface")]
        pairs += [
            ("caution", "caution-page", 4.5),
            *((name, "page", 4.5) for name in ("positive", "negative", "accent")),
        ]
        for front, back, least in pairs:
            ratio = _contrast(scheme[front], scheme[back])
            if ratio < least:
                found.append(f"{front} on {back}: {ratio:.2f}")
    return found


def _contrast(first: str, second: str) -> float:
    high, low = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
