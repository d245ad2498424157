"""The questions that are asked before a run starts."""

from __future__ import annotations

from pathlib import Path

from cxrtui.tui.questions import Choice, Question
from cxrtui.tui.wording import in_keys
from cxrtui.weights import hub


def not_from_file(error: str) -> Question:
    """Say why a run cannot begin with a file; missing details can be given when the file is put on the shelf."""
    choices = [Choice("enter", "Close", "", "primary")]
    if "cxrtui weights port" in error:
        choices.insert(0, Choice("p", "Put it on the shelf", "port", "success"))
    return Question("Not started", in_keys(error), *choices)


def fetch(published: hub.Published) -> Question:
    """Ask whether published weights that are not on the shelf may be fetched; the run fetches them first."""
    return Question(
        f"Fetch {published.name}?",
        f"{published.name} is not on the shelf yet. It is {published.size} from Hugging Face, {published.address}, "
        f"licence {published.licence}: {published.about}. The run fetches it first; an interrupted one goes on later.",
        Choice("y", "Fetch and train", "yes", "primary"),
        Choice("n", "Not now", ""),
    )


def command(text: str) -> Question:
    """Show the command line that starts the run of the form."""
    more = "With --headless before train it needs no screen; with --detach at its end it goes on by itself."
    return Question("the same run on the command line", f"{text}\n\n{more}", Choice("c", "Copy", "copy", "primary"),
                    Choice("escape", "Close", ""))  # fmt: skip


def protocol(name: str, text: str) -> Question:
    """Show the command line of a protocol, and offer to start it."""
    more = "It trains several ordinary runs in a process of its own; the same command goes on where it stopped."
    return Question(
        f"protocol {name} on the command line", f"{text}\n\n{more}", Choice("s", "Start", "start", "primary"),
        Choice("c", "Copy", "copy"), Choice("escape", "Close", ""),
    )  # fmt: skip


def settings(text: str) -> Question:
    """Show the settings of the form as TOML."""
    return Question(
        "settings that are not at their defaults", text.strip() or "# Every setting is at its default.",
        Choice("c", "Copy", "copy", "primary"), Choice("w", "Save for this workspace", "workspace"),
        Choice("s", "Save to a file", "path"), Choice("escape", "Close", ""),
    )  # fmt: skip


def save(path: Path) -> Question:
    """Ask whether the settings may be saved to `path`."""
    there = path.exists()
    what = "These settings are put into it; its comments are kept." if there else "The file is made."
    workspace = " Every new run of this workspace begins with them." if path.name == "cxrtui.toml" else ""
    return Question(
        f"{'Change' if there else 'Write'} {path.name}?", f"{path}\n\n{what}{workspace}",
        Choice("y", "Save", "yes", "primary"), Choice("n", "Not now", ""),
    )  # fmt: skip
