"""The first sheet of an Excel workbook as rows of text by header."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

from cxrtui.data.films import printable
from cxrtui.errors import DataError


def read_rows(file: Path) -> Iterator[dict[str, str]]:
    """The rows below the header of the first sheet; headers in lower case, cells stripped.

    Raises:
        DataError: it is not a workbook that can be read.
    """
    from openpyxl import load_workbook

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = load_workbook(file, read_only=True, data_only=True)
        try:
            header: list[str] = []
            for row in book.worksheets[0].iter_rows(values_only=True):
                cells = ["" if cell is None else str(cell).strip() for cell in row]
                if not any(cells):
                    continue
                if header:
                    yield dict(zip(header, cells, strict=False))
                else:
                    header = [cell.casefold() for cell in cells]
        finally:
            book.close()
    except Exception as error:  # openpyxl raises many kinds on damaged files
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"Cannot read {printable(file)} as an Excel workbook: {reason}; save it anew.") from None
