"""The questions that are asked before a run starts."""

from __future__ import annotations

from cxrtui.tui.questions import Choice, Question
from cxrtui.weights import hub


def not_from_file(error: str) -> Question:
    """Say why a run cannot begin with a file; missing details can be given when the file is put on the shelf."""
    choices = [Choice("enter", "Close", "", "primary")]
    if "cxrtui weights port" in error:
        choices.insert(0, Choice("p", "Put it on the shelf", "port", "success"))
    return Question("Not started", error, *choices)


def fetch(published: hub.Published) -> Question:
    """Ask whether published weights that are not on the shelf may be fetched; the run fetches them first."""
    return Question(
        f"Fetch {published.name}?",
        f"{published.name} is not on the shelf yet. It is {published.size} from Hugging Face, {published.address}, "
        f"licence {published.licence}: {published.about}. The run fetches it first; an interrupted one goes on later.",
        Choice("y", "Fetch and train", "yes", "primary"),
        Choice("n", "Not now", ""),
    )
