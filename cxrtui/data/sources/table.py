"""This module reads a table in a text file as rows by header; a row of another length is an error that names the line.

It reads the separators ``,`` ``;`` ``|`` and tab, a byte-order mark, UTF-8, UTF-16 or Windows encodings, any end of
line, and any case or spaces in the headers. A cell that contains the separator is quoted, as in RFC 4180. Cells after
the last header may be present, if they are empty.
"""

from __future__ import annotations

import codecs
import csv
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path

from cxrtui.data.films import printable
from cxrtui.data.sources.foreign import HEAD, not_a_file, what_it_is
from cxrtui.errors import DataError

_LIMIT = 1 << 30
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_SEPARATORS = ",;\t|"
_FILM = re.compile(r"\.(png|jpe?g|dcm|dicom|tiff?|bmp|webp)\s*\"?\s*$", re.IGNORECASE)


class Table:
    """The table in `body`, called `shown` in messages.

    `headers` are those of the file, without spaces at their ends; iterating yields, for each row that is not empty, the
    line where it begins and its cells by header in lower case, stripped. It may be iterated several times, which takes
    less memory than a list of all rows.

    Raises:
        DataError: it is empty; while iterating: two headers are alike, a row is longer or shorter than the header, or a
            quotation mark is not closed.
    """

    def __init__(self, body: str, shown: str) -> None:
        self.shown = shown
        declared = re.match(r"\s*sep=([,;\t|])\r?\n", body, re.IGNORECASE)  # Excel writes and reads this line
        self._body = body[declared.end() :] if declared else body
        self._before = body[: declared.end()].count("\n") if declared else 0  # lines
        # Separators between quotation marks belong to a cell.
        first = re.sub(r'"[^"]*"', "", re.split(r"[\r\n]", self._body.lstrip("\r\n"), maxsplit=1)[0])
        self._separator = declared[1] if declared else max(_SEPARATORS, key=first.count)
        self.line, header = next(self._read(), (0, []))
        if not header:
            raise DataError(f"{shown} is empty; it needs a header line with the columns path and label.")
        self.headers = list(map(_bare, header))

    def _read(self) -> Iterator[tuple[int, list[str]]]:
        """Yield the first line and the cells of each row that is not empty."""
        reader = csv.reader(self._lines(), delimiter=self._separator, strict=True, skipinitialspace=True)
        start = 1
        try:
            for row in reader:
                if any(cell.strip() for cell in row):
                    yield start + self._before, row
                start = reader.line_num + 1
        except csv.Error as error:
            where, line = f"{self.shown}, line {start + self._before}", self._line(start)
            if '"' in line and (
                "end of data" in str(error) or "expected after" in str(error) or "larger" in str(error)
            ):
                raise DataError(
                    f"{where}: a quotation mark opens there and is not closed at the end of its cell; close it, or "
                    "remove it."
                ) from None
            raise DataError(f"{where}, {error}; it is not a table of comma-separated values.") from None

    def _lines(self) -> Iterator[str]:
        """Yield the lines with their ends; a `StringIO` would hold the table once more, with four bytes a character."""
        return (found[0] for found in _LINE.finditer(self._body))

    def _line(self, number: int) -> str:
        return next(itertools.islice(self._lines(), number - 1, None), "")

    def __iter__(self) -> Iterator[tuple[int, dict[str, str]]]:
        names = [name.casefold() for name in self.headers]
        if twice := next((name for name in names if name and names.count(name) > 1), ""):
            raise DataError(
                f"{self.shown}, line {self.line}: the header has {names.count(twice)} columns called "
                f"{printable(twice)}; leave one, or give the others another name."
            )
        width = max((place for place, name in enumerate(names, start=1) if name), default=0)
        for line, row in itertools.islice(self._read(), 1, None):
            if [_bare(cell).casefold() for cell in row[:width]] == names[:width]:
                raise DataError(
                    f"{self.shown}, line {line} is the header again; take it out, and check that what is below it "
                    "belongs to this table."
                )
            filled = max(place for place, cell in enumerate(row, start=1) if cell.strip())
            if filled > width:
                held = f"put a cell that holds {_called(self._separator)} between quotation marks"
                raise self._ragged(line, filled, width, held)
            if len(row) < width:
                raise self._ragged(line, len(row), width, "add what is missing, an empty cell too")
            if any(self._holds_rows(cell, width) for cell in row):
                raise DataError(
                    f"{self.shown}, line {line}: a cell holds whole lines of the table, for a quotation mark opens "
                    "there that is not closed; close it, or remove it."
                )
            yield line, {name: _once(_bare(cell)) for name, cell in zip(names, row, strict=False) if name}

    def _holds_rows(self, cell: str, width: int) -> bool:
        """Whether `cell` spans several lines, of which one has as many cells as a row and names a film."""
        lines = (inner.split(self._separator) for inner in cell.splitlines()[1:]) if "\n" in cell else ()
        return any(len(cells) >= width and any(map(_FILM.search, cells)) for cells in lines)

    def check_lines(self, line: int, row: Mapping[str, str], names: Iterable[str]) -> None:
        """Check that no cell of the columns `names` spans several lines or has a single quotation mark.

        Raises:
            DataError: one does, because the table has too few or too many quotation marks.
        """
        names = list(names)
        cells = ((name, row.get(name, "")) for name in names)
        if lone := next((name for name, cell in cells if cell.count('"') % 2 and '"' in (cell[0], cell[-1])), ""):
            raise DataError(
                f"{self.shown}, line {line}: the cell of {printable(lone)} has a quotation mark at one of its ends "
                "alone; close it, or remove it."
            )
        if broken := next((name for name in names if "\n" in row.get(name, "") or "\r" in row.get(name, "")), ""):
            raise DataError(
                f"{self.shown}, line {line}: the cell of {printable(broken)} goes over several lines; a quotation mark "
                "opens there that is not closed, so close it or remove it."
            )

    def _ragged(self, line: int, cells: int, width: int, advice: str) -> DataError:
        has = f"has {cells} cell{'s' * (cells != 1)} where the header has {width}"
        return DataError(f"{self.shown}, line {line} {has}; {advice}, or correct the line.")


@lru_cache(maxsize=4096)
def _once(cell: str) -> str:
    """Return one text for equal cells: findings, sources and ages repeat, and patients do in rows nearby."""
    return cell


def _bare(cell: str) -> str:
    """Return `cell` without blanks and zero-width characters at its ends."""
    return cell.strip().strip("\ufeff\u200b\u200c\u200d\u2060").strip()


def _called(separator: str) -> str:
    return {"\t": "a tab", ",": "a comma", ";": "a semicolon"}.get(separator, f"a {separator}")


def open_table(file: Path) -> Table:
    """Open the table in `file`.

    Raises:
        DataError: the file cannot be read, is empty, or is not a table; the message says what it is.
    """
    shown = printable(file)
    try:
        if kind := not_a_file(file) or ("a folder" if file.is_dir() else ""):
            raise DataError(f"{shown} is {kind} and not a table; name a CSV file.")
        if file.stat().st_size > _LIMIT:
            raise DataError(f"{shown} is too large for a table (over 1 GiB); name a CSV file.")
        raw = file.read_bytes()
    except OSError as error:
        raise DataError(f"Cannot read {shown}: {error.strerror or error}.") from None
    if what := what_it_is(file, raw[:HEAD]):
        raise DataError(f"{shown} {what}.")
    body = text(raw)
    if body[:HEAD].count("\0") > 8:
        raise DataError(f"{shown} is not a text file; name a CSV file.")
    return Table(body, shown)


def read_table(file: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the line and the cells of each row, by header in lower case; cells are stripped.

    Raises:
        DataError: as in `open_table` and `Table`.
    """
    yield from open_table(file)


def text(raw: bytes) -> str:
    """Decode a table: by its byte-order mark, as UTF-16 where every other byte is 0, as UTF-8 or Windows Western."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return raw.decode("utf-16", "replace")
    for encoding, odd in (("utf-16-le", 1), ("utf-16-be", 0)):
        if len(raw) > 3 and raw[odd] == raw[odd + 2] == 0 != raw[1 - odd]:
            return raw.decode(encoding, "replace")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")
