"""This module warns where the initial weights are of a classifier that was trained on test films of the run."""

from __future__ import annotations

from collections.abc import Generator

from cxrtui.data.prepared.ready import Prepared
from cxrtui.evaluation.model import seen_in_training
from cxrtui.printable import printable
from cxrtui.runs.events import SPLIT_LEAKS, Warned
from cxrtui.weights import shelf


def known_films(init: str, prepared: Prepared) -> Generator[Warned, None, None]:
    """Yield a warning if the classifier that ``model.init`` names was trained or tuned on test films of this run.

    A film is known as it is, or by another film of its patient. Published weights, and a file that lies in no folder of
    the shelf, record no films. Validation films are not asked for: a second training on one split tunes on them again.
    """
    if (folder := shelf.shelved(init)) is None or not (digests := seen_in_training(folder).digests):
        return
    splits = prepared.splits
    known = {patient for split in splits.values() for digest, patient in zip(split.digests, split.patients, strict=True)
             if digest in digests}  # fmt: skip
    if held := sum(patient in known for patient in splits["test"].patients):
        yield Warned(
            code=SPLIT_LEAKS,
            message=f"The initial weights leak: {printable(folder.name)} was trained or tuned on {held:,} of the "
            f"{len(splits['test']):,} test films, or on other films of their patients; no figure of this run is a "
            "result on unseen films.",
        )
