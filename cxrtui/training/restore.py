"""Where a resumed run stands, and whether what it goes on from is what was saved."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

from cxrtui.errors import CheckpointError
from cxrtui.runs.events import Warned
from cxrtui.settings.config import Config
from cxrtui.training.session import Position
from cxrtui.training.stopping import Stopper
from cxrtui.weights import recorded, states
from cxrtui.weights.checkpoints import Checkpoints


@dataclass(frozen=True)
class Restored:
    """What a run begins with: the position, the epoch, the fingerprint of its films, and what the user should know."""

    position: Position
    epoch: int = 0
    fingerprint: str = ""
    warnings: list[Warned] = field(default_factory=list)


def restore(config: Config, checkpoints: Checkpoints, step: int) -> Restored:
    """The position in the checkpoint of `step`, all of whose files are compared with their digests.

    So are those of the best one, which the end of the run needs. Where the user went back because that one was damaged,
    the next validation is the first again.

    Raises:
        CheckpointError: the checkpoint or the best one is damaged; the message names another that is not. Or a
            setting is not what it was trained with.
    """
    states.verify(checkpoints.folder, step)
    progress = checkpoints.progress(step)
    recorded.check(config, progress, checkpoints.folder / str(step))
    try:
        position = Position.restored(config, progress)
        fingerprint, epoch = str(progress["fingerprint"]), int(progress.get("epoch", 0))
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"Checkpoint {checkpoints.folder / str(step)} is torn: {error!r}.") from None
    warnings = []
    if not checkpoints.sealed(step):
        warnings.append(Warned(code="no-digests", message=f"The checkpoint of step {step} is of an older version and "
                               "has no digests: damage to it cannot be noticed."))  # fmt: skip
    best = position.stopper.best_step
    if best and best not in checkpoints.steps():
        warnings.append(Warned(code="best-lost", message=f"The best weights, of step {best}, are not there any more; "
                               "the next validation counts as the best so far."))  # fmt: skip
        position = dataclasses.replace(position, stopper=Stopper(config.stop))
    elif best and best != step:
        states.verify(checkpoints.folder, best, ("weights",))
    return Restored(position, epoch, fingerprint, warnings)
