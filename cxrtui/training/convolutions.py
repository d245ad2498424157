"""Decides in which forms a run computes its convolutions: as it began, or as is fastest on this machine."""

from __future__ import annotations

from collections.abc import Generator

from cxrtui.net import fastest
from cxrtui.net.classifier import ClassifierSpec
from cxrtui.net.forms import ALL_DIRECT, Table
from cxrtui.runs import events as ev
from cxrtui.training.session import Call
from cxrtui.weights import recorded


def forms_of_convolutions(call: Call, spec: ClassifierSpec, latest: int | None) -> Generator[ev.Event, None, Table]:
    """Return the table of a run's convolutions.

    A resumed run computes in the forms that its checkpoint has recorded, wherever it is resumed, and so goes on with
    the same bits. XLA divides every form among devices without communication. Over several devices its own are used all
    the same: what is measured holds for a CPU that computes alone, and hosts that measure may choose different forms.

    Raises:
        CheckpointError: the record in the checkpoint is torn.
        Cancelled: there was a reason to stop.
    """
    if latest is not None:
        folder = call.checkpoints.folder / str(latest)
        return recorded.convolutions(call.checkpoints.progress(latest), folder)
    if call.layout.count > 1:
        return ALL_DIRECT
    measuring = fastest.table_of(spec, call.config.data.size)
    while True:
        try:
            done, total = next(measuring)
        except StopIteration as found:
            table: Table = found.value
            return table
        yield ev.Preparing(stage="measuring convolutions", done=done, total=total)
        call.check_compiling()


def known_forms(call: Call, spec: ClassifierSpec, latest: int | None) -> Table | None:
    """Return the table of `forms_of_convolutions`; None if something would have to be measured for it."""
    asking = forms_of_convolutions(call, spec, latest)
    try:
        next(asking)
    except StopIteration as found:
        table: Table = found.value
        return table
    asking.close()
    return None
