"""The panel that says why a run has failed or was interrupted, or why its log cannot be read, and what helps."""

from __future__ import annotations

import time

from textual.widgets import Static

from cxrtui.errors import EXIT_FAULT, MovedError, OtherFilmsError
from cxrtui.printable import printable, printable_lines
from cxrtui.runs.folder import Run
from cxrtui.runs.state import RunState
from cxrtui.settings.listing import BY_KEY
from cxrtui.tui.keys import key_of

_TITLES = {"interrupted": "interrupted", "unreadable": "cannot be read"}


def failure_text(run: Run, state: RunState, word: str, problem: str) -> str:
    """Return what went wrong; empty if nothing did.

    Args:
        run: the run.
        state: its state.
        word: the word of its status.
        problem: why this dashboard could not train it; empty if it could, or if another process trains it.
    """
    failed = state.failed
    if failed is not None and word == "failed":
        text = failed.message
        if failed.traceback and failed.exit_code == EXIT_FAULT:  # it does not help with an error of the user
            text += f"\nTraceback: {printable(run.folder / failed.traceback)}"
        if failed.error in (MovedError.__name__, OtherFilmsError.__name__):
            text += "\nOr here: r asks where they lie now."
        if smaller := smaller_of(state):
            settings = " ".join(f"{key}={value}" for key, value in smaller.items())
            text += f"\nOr here: {key_of('monitor', 'smaller')} sets up a run with {printable(settings)}."
        return text
    if problem:
        return printable_lines(problem)
    if word == "interrupted":
        return "No process writes this run any more. r goes on from its last checkpoint."
    return state.problem if word == "unreadable" else ""


def smaller_of(state: RunState) -> dict[str, str]:
    """Return settings by key with which a run that failed for lack of memory takes less; empty if it did not."""
    found = state.failed.instead if state.failed is not None else {}
    return {key: value for key, value in found.items() if key in BY_KEY}


def messages(state: RunState, word: str, failure: str) -> tuple[str, str]:
    """Return a title, and the failure, the problem of the log and the warnings, each whole."""
    texts = [failure] if failure else []
    texts += [f"The log: {state.problem}"] if state.problem and word != "unreadable" else []
    for item in state.said:
        texts.append(f"{time.strftime('%H:%M:%S', time.localtime(item.time))}  {item.message}")
    count = len(state.said)
    title = f"{count} warning{'s' * (count != 1)}" if count else "No warning"
    return title, "\n\n".join(texts) or "Nothing went wrong so far."


class FailurePanel(Static):
    """Shows the text; hidden while there is none."""

    text = ""

    def show(self, text: str, word: str) -> None:
        """Show `text` under a title for the word of the status."""
        self.display = bool(text)
        self.border_title = _TITLES.get(word, "failed")
        if text != self.text:
            self.text = text
            self.update(text)
