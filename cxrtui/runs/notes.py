"""A note and tags that people give to a run; ``notes.toml`` in the run's folder holds them.

The file belongs to the user: it may be edited by hand, and a program that trains the run neither reads nor writes it.
Entries other than ``note`` and ``tags`` are lost when cxrtui writes it; a file that is damaged is never replaced.
All text in it is made printable where it is read.
"""

from __future__ import annotations

import contextlib
import json
import os
import tomllib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cxrtui.disk import with_remedy
from cxrtui.errors import UsageError
from cxrtui.files import is_there, read_text, write_atomic
from cxrtui.printable import printable

FILE = "notes.toml"
NOTE_MOST = 1000  # characters
TAG_MOST = 32  # characters
TAGS_MOST = 32
TAG_RULE = f"a tag is one word of at most {TAG_MOST} characters without commas, colons and quotation marks"
_MOST = 1 << 16  # bytes of the file
_NO_TAG = frozenset(",:\"'")


@dataclass(frozen=True)
class Notes:
    """A note of one line and the tags, in the order in which they were given; `problem` says what cannot be read."""

    note: str = ""
    tags: tuple[str, ...] = ()
    problem: str = ""


NONE = Notes()


def read(folder: Path) -> Notes:
    """Return the notes of the run in `folder`; what cannot be used is left out, and `problem` says so."""
    file = folder / FILE
    try:
        body = tomllib.loads(read_text(file, _MOST))
    except FileNotFoundError:
        return Notes(problem=f"{FILE} cannot be read: it is a link to nothing") if is_there(file) else NONE
    except OSError as error:
        return Notes(problem=f"{FILE} cannot be read: {error.strerror or error}")
    except (ValueError, RecursionError) as error:
        return Notes(problem=f"{FILE} is not TOML: {printable(error)[:120]}")
    note, tags = body.get("note", ""), body.get("tags", [])
    wrong = [key for key, value, kind in (("note", note, str), ("tags", tags, list)) if not isinstance(value, kind)]
    found = [printable(tag) for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else []
    kept = tuple(dict.fromkeys(tag for tag in found if is_tag(tag)))[:TAGS_MOST]
    if "tags" not in wrong and len(kept) != len(tags):
        wrong.append("tags")
    problem = f"{FILE}: {' and '.join(wrong)} cannot be used as it is" if wrong else ""
    return Notes(_line(note) if isinstance(note, str) else "", kept, problem)


def is_tag(text: str) -> bool:
    """Return whether `text` may be a tag, so that it can be filtered for."""
    return (
        0 < len(text) <= TAG_MOST
        and text[0] not in "+-"
        and _NO_TAG.isdisjoint(text)
        and not any(map(str.isspace, text))
    )


def write(folder: Path, note: str, tags: Iterable[str]) -> Notes:
    """Replace the notes of the run in `folder`, and return them; the file is removed if they are empty.

    Raises:
        UsageError: a tag is not allowed, there are too many, or the disk refuses.
    """
    kept = tuple(dict.fromkeys(tags))
    if (wrong := next((tag for tag in kept if not is_tag(tag) or printable(tag) != tag), None)) is not None:
        raise UsageError(f"{wrong!r} cannot be a tag; {TAG_RULE}.")
    if len(kept) > TAGS_MOST:
        raise UsageError(f"A run has at most {TAGS_MOST} tags; {len(kept)} were given.")
    made, file = Notes(_line(note), kept), folder / FILE
    try:
        if made == NONE:
            file.unlink(missing_ok=True)
        else:
            write_atomic(file, f"note = {_quoted(made.note)}\ntags = [{', '.join(map(_quoted, made.tags))}]\n")
    except OSError as error:
        raise UsageError(f"The notes of run {folder.name} cannot be written to {file}: {with_remedy(error)}.") from None
    return made


def change(
    folder: Path, *, note: str | None = None, tags: Callable[[Sequence[str]], Iterable[str]] | None = None
) -> Notes:
    """Replace the note, or the tags by what `tags` makes of them, and return the notes of the run in `folder`.

    Raises:
        UsageError: as `write`, or the file is damaged, which only the user can put right.
    """
    known = read(folder)
    if known.problem:
        raise UsageError(f"The notes of run {folder.name} stay as they are, for {known.problem}; correct or remove "
                         f"{folder / FILE}.")  # fmt: skip
    return write(folder, known.note if note is None else note, known.tags if tags is None else tags(known.tags))


def retagged(tags: Iterable[str], changes: Iterable[str]) -> tuple[str, ...]:
    """Return `tags` after `changes`: ``+word`` and ``word`` add a tag, ``-word`` takes one away.

    Raises:
        UsageError: a change names no tag.
    """
    kept = dict.fromkeys(tags)
    for change in changes:
        word = change[1:] if change[:1] in ("+", "-") else change
        if not is_tag(word):
            raise UsageError(f"{change!r} is no change of a tag, such as +good or -bad; {TAG_RULE}.")
        if change.startswith("-"):
            for tag in [tag for tag in kept if tag.casefold() == word.casefold()]:
                del kept[tag]
        elif word.casefold() not in map(str.casefold, kept):
            kept[word] = None
    return tuple(kept)


def stamp(folder: Path) -> tuple[int, int, int] | None:
    """Return what changes whenever the notes are written or may be read; None if there are none."""
    with contextlib.suppress(OSError, ValueError):
        status = os.stat(f"{folder}/{FILE}")
        return status.st_ino, status.st_size, status.st_ctime_ns
    return None


def _line(text: str) -> str:
    """Return `text` as one printable line of at most `NOTE_MOST` characters."""
    return printable(" ".join(text.split()))[:NOTE_MOST]


def _quoted(text: str) -> str:
    """Return printable text as a string of TOML, which is that of JSON: no character needs an escape."""
    return json.dumps(text, ensure_ascii=False)
