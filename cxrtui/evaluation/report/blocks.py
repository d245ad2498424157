"""What a report consists of: sections of a few kinds of blocks. The template shows each kind in one way.

Texts in blocks are plain; the template escapes them. Only a figure holds markup, which `svg` has made of numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True)
class Text:
    """A paragraph; `tone` is note for a remark, lacking for what the run does not have, caution for a warning."""

    text: str
    tone: Literal["plain", "note", "lacking", "caution"] = "plain"
    kind: Literal["text"] = "text"


@dataclass(frozen=True)
class Items:
    """A list of sentences."""

    items: Sequence[str]
    kind: Literal["items"] = "items"


@dataclass(frozen=True)
class Table:
    """A table; the first cell of each row is the row's heading."""

    caption: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""
    kind: Literal["table"] = "table"


@dataclass(frozen=True)
class Facts:
    """Terms, each with what is known of it."""

    items: Sequence[tuple[str, str]]
    kind: Literal["facts"] = "facts"


@dataclass(frozen=True)
class Code:
    """A command, or the text of a file."""

    text: str
    label: str
    kind: Literal["code"] = "code"


@dataclass(frozen=True)
class Figure:
    """A drawing: `svg` is markup with its own text alternative."""

    svg: str
    caption: str


@dataclass(frozen=True)
class Figures:
    """Drawings side by side where there is room."""

    items: Sequence[Figure]
    kind: Literal["figures"] = "figures"


@dataclass(frozen=True)
class Picture:
    """An image in the page itself, `address` being a data URI, with its text alternative."""

    address: str
    alternative: str
    caption: str


@dataclass(frozen=True)
class Pictures:
    """Images side by side where there is room."""

    items: Sequence[Picture]
    kind: Literal["pictures"] = "pictures"


Block = Text | Items | Table | Facts | Code | Figures | Pictures


@dataclass(frozen=True)
class Section:
    """A heading, blocks, and sections below it. `key` is the fragment of its address."""

    key: str
    title: str
    blocks: Sequence[Block] = ()
    sections: Sequence[Section] = field(default_factory=tuple)
