"""Says on stderr how the run ended once the screen is gone, because the screen is cleared."""

from __future__ import annotations

import sys
from contextlib import suppress

from cxrtui.errors import EXIT_DONE, EXIT_FAULT, EXIT_STOPPED
from cxrtui.printable import printable
from cxrtui.runs import advice
from cxrtui.runs.glance import summary
from cxrtui.training import endings
from cxrtui.tui.trainer import Trainer
from cxrtui.weights import states


def say(trainer: Trainer, code: int) -> None:
    """Print the `last_word`, if there is one, to stderr."""
    with suppress(OSError):  # the terminal may have gone
        if text := last_word(trainer, code):
            print(text, file=sys.stderr, flush=True)


def last_word(trainer: Trainer, code: int) -> str:
    """Return a line on how the run that was trained here last has ended, for the exit `code`; empty if it finished."""
    run = trainer.run
    if run is None:
        return ""
    if trainer.left and run.alive():
        word = advice.named(run)
        return printable(
            f"Run {run.name} goes on; watch it with: cxrtui attach {word}; stop it with: cxrtui runs stop {word}"
        )
    if code == EXIT_DONE:
        return ""
    if trainer.active and run.alive():  # the user did not wait for it
        return printable(
            f"Run {run.name} saves a checkpoint and stops by itself; then go on with: {advice.resume(run)}"
        )
    if code == EXIT_STOPPED:
        saved = states.steps(run.state)
        where = f"with its checkpoint at step {saved[-1]}" if saved else "before its first checkpoint"
        return f"Run {printable(run.name)} is stopped, {where}; go on with: {advice.resume(run)}"
    if not trainer.problem:  # the user quit at once
        return f"Run {printable(run.name)} has ended; {endings.safe(run)}; {endings.again(run)}."
    failed = summary(run).failed
    told = failed is not None and failed.traceback and failed.exit_code == EXIT_FAULT
    more = f" Traceback: {run.folder / failed.traceback}" if failed is not None and told else ""
    return printable(f"Run {run.name} failed: {trainer.problem}{more}")
