"""The status of a run in one word, for screens, lists and filters; a run whose process died is interrupted."""

from __future__ import annotations

from cxrtui.runs.state import RunState

LIVE = ("starting", "preparing", "compiling", "training", "validating", "evaluating", "paused")
"""The words of a run that some process trains."""
ENDED = ("finished", "stopped", "interrupted", "failed")
"""The words of a run that was trained and is trained no longer."""
SHOWN = {"unreadable": "cannot be read"}
"""The words that are shown otherwise."""


def status_word(state: RunState, alive: bool) -> str:
    """Return the run's status in one word: that of its log, or another if its process is or is not alive."""
    if alive:
        return "starting" if state.status == "empty" else state.status
    return "interrupted" if state.live else state.status


def shown(word: str) -> str:
    """Return the word as lists and screens show it."""
    return SHOWN.get(word, word)
