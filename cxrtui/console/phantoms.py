"""The output of ``data phantoms``."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from cxrtui.console import progress
from cxrtui.disk import explained, refusal
from cxrtui.errors import UsageError


def make_phantoms(folder: Path, count: int, seed: int, size: int, plants: Sequence[str] = ()) -> None:
    """Write synthetic films with a progress bar on stderr; `plants` are texts as `plant.parse` reads them.

    Raises:
        UsageError: the folder holds other files, `count` or `size` is out of range, or a plant is not understood.
    """
    from cxrtui.data.phantoms import generate, plant

    with progress.shown() as on_progress:
        try:
            strengths = plant.parse(plants)
            generate(
                folder, count, seed, size=size, plants=strengths, on_progress=partial(on_progress, "making phantoms")
            )
        except (ValueError, FileExistsError) as error:
            raise UsageError(str(error)) from None
        except OSError as error:
            why = refusal(error)
            remedy = why.remedy if why else "choose another folder"
            raise UsageError(f"Cannot write to {folder} ({explained(error)}); {remedy}.") from None
    print(f"{count} synthetic films, no patients, in {folder}")
