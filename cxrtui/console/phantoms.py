"""The output of ``data phantoms``."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from cxrtui.console import progress
from cxrtui.disk import explained, refusal
from cxrtui.errors import UsageError


def make_phantoms(folder: Path, count: int, seed: int, size: int) -> None:
    """Write synthetic films with a progress bar on stderr.

    Raises:
        UsageError: the folder holds other files, or `count` or `size` is out of range.
    """
    from cxrtui.data.phantoms import generate

    with progress.shown() as on_progress:
        try:
            generate(folder, count, seed, size=size, on_progress=partial(on_progress, "making phantoms"))
        except (ValueError, FileExistsError) as error:
            raise UsageError(str(error)) from None
        except OSError as error:
            why = refusal(error)
            remedy = why.remedy if why else "choose another folder"
            raise UsageError(f"Cannot write to {folder} ({explained(error)}); {remedy}.") from None
    print(f"{count} synthetic films, no patients, in {folder}")
