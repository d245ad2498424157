"""Reads where a resumed run stands, and checks that its checkpoint is as it was saved."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

from cxrtui.errors import CheckpointError
from cxrtui.runs.events import Warned
from cxrtui.runs.size import counted
from cxrtui.settings.config import Config
from cxrtui.training.session import Position
from cxrtui.training.stopping import Stopper
from cxrtui.weights import recorded, states
from cxrtui.weights.checkpoints import Checkpoints


@dataclass(frozen=True)
class Restored:
    """The position, the epoch, the fingerprint of the films, and the warnings with which a run begins."""

    position: Position
    epoch: int = 0
    fingerprint: str = ""
    warnings: list[Warned] = field(default_factory=list)


def restore(config: Config, checkpoints: Checkpoints, step: int, devices: int = 1) -> Restored:
    """Compare all files in the checkpoint of `step` with their digests, and return its position.

    The files of the best checkpoint are compared too, because the end of the run needs it. If the user went back
    because the best one was damaged, the next validation counts as the first. `devices` is the number of those on which
    the run goes on.

    Raises:
        CheckpointError: the checkpoint or the best one is damaged, and the message names a sound one; or a setting
            differs from what it was trained with.
    """
    states.verify(checkpoints.folder, step)
    progress = checkpoints.progress(step)
    recorded.check(config, progress, checkpoints.folder / str(step))
    try:
        position = Position.restored(config, progress)
        fingerprint, epoch = str(progress["fingerprint"]), int(progress.get("epoch", 0))
        before = int(progress.get("devices", 1))
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"Checkpoint {checkpoints.folder / str(step)} is torn: {error!r}.") from None
    warnings = []
    if not checkpoints.sealed(step):
        warnings.append(Warned(code="no-digests", message=f"The checkpoint of step {step} is of an older version and "
                               "has no digests: damage to it cannot be noticed."))  # fmt: skip
    if before != devices:
        warnings.append(Warned(code="other-devices", message=f"The checkpoint of step {step} was written on "
                               f"{counted(before, 'device')}, and {devices} go{'es' if devices == 1 else ''} on with "
                               "it; sums are rounded in another order, so the run ends with other bits."))  # fmt: skip
    best = position.stopper.best_step
    if best and best not in checkpoints.steps():
        warnings.append(Warned(code="best-lost", message=f"The best weights, of step {best}, are not there any more; "
                               "the next validation counts as the best so far."))  # fmt: skip
        position = dataclasses.replace(position, stopper=Stopper(config.stop))
    elif best and best != step:
        states.verify(checkpoints.folder, best, ("weights",))
    return Restored(position, epoch, fingerprint, warnings)
