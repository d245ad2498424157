"""Every key of the dashboard in one table; bindings, footer, ``?`` help and palette are made from it."""

from __future__ import annotations

from dataclasses import dataclass

from textual.binding import Binding, BindingType


@dataclass(frozen=True)
class Key:
    """One key of one screen; `label` is for the footer, `help` for the help screen and the command palette."""

    key: str
    action: str
    label: str
    help: str
    show: bool = True
    priority: bool = False


KEYS: dict[str, tuple[Key, ...]] = {
    "everywhere": (
        Key("question_mark", "app.keys", "Help", "Show all keys"),
        Key("q", "app.quit", "Quit", "Quit; asks first while a run trains in this dashboard"),
        Key("ctrl+q", "app.quit", "Quit", "Quit, also while typing", show=False, priority=True),
        Key("ctrl+c", "app.quit", "Quit", "Quit, also while typing", show=False, priority=True),
    ),
    "runs": (
        Key("enter", "open", "Open", "Open the run in the monitor"),
        Key("n", "new", "New run", "Set up and start a new run"),
        Key("r", "resume", "Resume", "Go on with a stopped or interrupted run from its checkpoint"),
        Key("d", "delete", "Delete", "Delete the run's folder, after asking"),
        Key("c", "classify", "Classify", "Classify films with a trained run"),
        Key("i", "data", "Data", "Look at films: what they are, and what is wrong with them"),
        Key("w", "weights", "Weights", "Initial weights: see the shelf, fetch, port"),
    ),
    "launch": (
        Key("ctrl+s", "start", "Start training", "Start the run and watch it"),
        Key("escape", "back", "Back", "Back to the runs"),
        Key("f2", "data", "Data", "Look at the films that the form names"),
        Key("f3", "weights", "Weights", "Choose, fetch or port the initial weights"),
        Key("f4", "sections", "All", "Show every setting, or only those that most runs set"),
        Key("f1", "app.keys", "Help", "Show all keys"),
        Key("ctrl+q", "app.quit", "Quit", "Quit", priority=True),
    ),
    "data": (
        Key("i", "inspect", "Inspect", "Report on the folder or file under the cursor, else on the path typed"),
        Key("t", "train", "Train", "Set up a run on these films, with the classes of the report"),
        Key("b", "browse", "Browse", "Show the folders, or the report again"),
        Key("u", "up", "Up", "Show the folder above"),
        Key("escape", "back", "Back", "Back; a report in progress is cancelled"),
        Key("f1", "app.keys", "Help", "Show all keys, also while typing", show=False),
    ),
    "weights": (
        Key("enter", "use", "Use", "Start a run from the weights under the cursor: back to the form with their name"),
        Key("f", "fetch", "Fetch", "Fetch published weights from the hub; an interrupted fetch goes on"),
        Key("p", "port", "Port file", "Put a file of weights on the shelf"),
        Key("c", "check", "Check", "Read every file on the shelf and compare its checksum"),
        Key("d", "remove", "Remove", "Remove from the shelf, after asking; also the rest of an interrupted fetch"),
        Key("r", "refresh", "Refresh", "Look at the shelf again"),
        Key("escape", "back", "Back", "Cancel the running job; then back"),
    ),
    "port": (
        Key("ctrl+s", "port", "Put it on the shelf", "Put the file on the shelf"),
        Key("escape", "cancel", "Cancel", "Leave the shelf as it is"),
    ),
    "moved": (
        Key("ctrl+s", "go_on", "Go on", "Go on with the run from its checkpoint, with the films at this place"),
        Key("escape", "cancel", "Cancel", "Leave the run as it is"),
    ),
    "monitor": (
        Key("p", "pause", "Pause/go on", "Pause the run, or let a paused run go on"),
        Key("k", "checkpoint", "Checkpoint", "Save a checkpoint now"),
        Key("s", "stop", "Stop", "Save a checkpoint and stop; the run can be resumed"),
        Key("r", "resume", "Resume", "Go on with a stopped or interrupted run from its checkpoint"),
        Key("c", "classify", "Classify", "Classify films with this run"),
        Key("v", "view", "View", "Show all panels, only the curves, or only the log"),
        Key("escape", "back", "Back", "Back to the runs; a live run goes on"),
    ),
    "classify": (
        Key("space", "tick", "Select", "Select or unselect the film under the cursor"),
        Key("a", "all", "All here", "Select every film in the folder under the cursor"),
        Key("x", "none", "None", "Unselect all films"),
        Key("c", "classify", "Classify", "Classify the selected films, or the one under the cursor"),
        Key("m", "model", "Model", "Choose the model"),
        Key("u", "up", "Up", "Show the folder above"),
        Key("escape", "back", "Back", "Back; a running classification is cancelled"),
    ),
    "chart": (
        Key("plus", "zoom_in", "Zoom in", "Zoom into the chart that has the focus", show=False),
        Key("minus", "zoom_out", "Zoom out", "Zoom out of the chart", show=False),
        Key("left", "pan_left", "Pan left", "Move the chart", show=False),
        Key("right", "pan_right", "Pan right", "Move the chart", show=False),
        Key("up", "pan_up", "Pan up", "Move the chart", show=False),
        Key("down", "pan_down", "Pan down", "Move the chart", show=False),
        Key("0", "reset_scales", "Whole curve", "Show the whole curve again", show=False),
    ),
}

SHOWN_AS = {
    "question_mark": "?", "escape": "esc", "plus": "+", "minus": "-", "left": "←", "right": "→", "up": "↑", "down": "↓",
    "ctrl+s": "^s", "ctrl+q": "^q", "ctrl+c": "^c",
}  # fmt: skip


def shown(key: str) -> str:
    """Return the key as the footer and the help write it."""
    return SHOWN_AS.get(key, key)


def key_of(section: str, action: str) -> str:
    """Return the key for `action` in `section`, as the footer writes it."""
    return next(shown(item.key) for item in KEYS[section] if item.action == action)


def bindings(*sections: str) -> list[BindingType]:
    """Return Textual's bindings for `sections` of the table."""
    return [
        Binding(item.key, item.action, item.label, item.show, shown(item.key), item.priority, tooltip=item.help)
        for section in sections
        for item in KEYS[section]
    ]
