"""This module keeps rows of numbers in a file without a name, so that memory holds only those that are being used."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from cxrtui.data.duplicates.thumbnails import unwritable
from cxrtui.workspace import cache_root


class Spilled:
    """Rows of one dtype, which are written one after the other and then read; see `spilled`."""

    def __init__(self, file: IO[bytes], dtype: np.dtype[Any]) -> None:
        self._file, self._dtype, self._count = file, dtype, 0

    def write(self, rows: npt.NDArray[Any]) -> None:
        """Add `rows`, ``[N, …]``, of the dtype."""
        self._file.write(rows.astype(self._dtype.base, copy=False).tobytes())
        self._count += len(rows)

    @property
    def rows(self) -> npt.NDArray[Any]:
        """All rows, mapped from the file; give the memory of what was read back by `thumbnails.forget`."""
        if not self._count:
            return np.zeros((0, *self._dtype.shape), self._dtype.base)
        self._file.flush()
        return np.memmap(self._file, self._dtype.base, "r", shape=(self._count, *self._dtype.shape))


@contextmanager
def spilled(what: str, dtype: np.dtype[Any]) -> Iterator[Spilled]:
    """Yield an empty file for rows of `dtype`, which goes with the block; `what` names the rows in an error.

    Raises:
        DataError: the disk refuses the file.
    """
    folder = cache_root() / "prepared" / "duplicates"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            yield Spilled(file, dtype)
    except OSError as error:
        raise unwritable(what, folder, error) from None
