"""This module reads a sheet of an Excel workbook as rows of text by header."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

from cxrtui.data.films import printable
from cxrtui.errors import DataError


def read_rows(file: Path, needs: frozenset[str] = frozenset()) -> Iterator[dict[str, str]]:
    """Yield the rows of the first sheet that has the columns `needs`; headers are in lower case, cells are stripped.

    Raises:
        DataError: it is not a readable workbook, or has no such sheet.
    """
    from openpyxl import load_workbook

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            book = load_workbook(file, read_only=True, data_only=True)
        try:
            for sheet in book.worksheets:
                header: list[str] = []
                for row in sheet.iter_rows(values_only=True):
                    cells = ["" if cell is None else str(cell).strip() for cell in row]
                    if not any(cells):
                        continue
                    if header:
                        yield dict(zip(header, cells, strict=False))
                        continue
                    header = [cell.casefold() for cell in cells]
                    if not needs <= set(header):
                        break
                    if twice := next((name for name in header if name and header.count(name) > 1), ""):
                        raise DataError(f"the sheet {sheet.title} has several columns called {twice}")
                else:
                    return
            if needs:
                raise DataError(f"no sheet has the columns {', '.join(sorted(needs))}")
        finally:
            book.close()
    except Exception as error:  # openpyxl raises many kinds of error on damaged files
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(f"Cannot read {printable(file)} as an Excel workbook: {reason}; save it anew.") from None
