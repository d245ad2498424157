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
        Key("f1", "app.keys", "Help", "Show all keys, also while typing", show=False),
        Key("colon", "app.command_palette", "Commands", "Find a command, a screen or a run by its name", show=False),
        Key(
            "ctrl+p", "app.command_palette", "Commands", "Find a command, also while typing", show=False, priority=True
        ),
        Key(
            "ctrl+o",
            "app.jump",
            "Jump",
            "Show a letter at each part of the screen, and go to one by its letter",
            show=False,
            priority=True,
        ),
        Key("f9", "app.screenshot", "Screenshot", "Save a picture of the screen (SVG)", show=False, priority=True),
        Key("q", "app.quit", "Quit", "Quit; asks first while a run trains in this dashboard"),
        Key("ctrl+q", "app.quit", "Quit", "Quit, also while typing", show=False, priority=True),
        Key("ctrl+c", "app.quit", "Quit", "Quit, also while typing", show=False, priority=True),
    ),
    "runs": (
        Key("enter", "open", "Open", "Open the run in the monitor"),
        Key("n", "new", "New run", "Set up and start a new run"),
        Key("f", "fork", "Like this", "Set up a new run with the settings of this one"),
        Key("r", "resume", "Resume", "Go on with a stopped or interrupted run from its checkpoint"),
        Key("E", "evaluate", "Evaluate", "Look at the evaluations of the run: intervals, curves, groups, warnings"),
        Key("P", "protocols", "Protocols", "Trainings and tests as a study would do them: their tables"),
        Key("slash", "filter", "Filter", "List only some runs, for example data:dark lr>1e-4 status:done"),
        Key("escape", "back", "Back", "Select no run; then remove the filter", show=False),
        Key("o", "sort", "Sort", "Sort by the next column"),
        Key("O", "reverse", "Reverse", "Sort in the other direction", show=False),
        Key("space", "select", "Select", "Select or unselect the run: keys act on all that are selected"),
        Key("a", "select_all", "Select all", "Select all runs that are listed, or none", show=False),
        Key("C", "compare", "Compare", "Compare the selected runs, two to eight"),
        Key("c", "classify", "Classify", "Classify films with a trained run"),
        Key("i", "data", "Data", "Look at films: what they are, and what is wrong with them"),
        Key("w", "weights", "Weights", "Initial weights: see the shelf, fetch, port"),
        Key("T", "tune", "Tune", "Searches of good settings: their trials, and what decides"),
        Key("e", "note", "Note", "Write a note on the run"),
        Key("t", "tags", "Tags", "Give tags to the run, or to the selected ones"),
        Key(
            "x",
            "export",
            "Export",
            "Write tables, an event file for TensorBoard or a report, or put a classifier on the shelf",
        ),
        Key("d", "delete", "Delete", "Move the run to the bin, after asking"),
        Key("z", "undo", "Undo", "Bring back what was deleted last", show=False),
        Key("u", "undo", "Undo", "Bring back what was deleted last", show=False),
    ),
    "first start": (
        Key("d", "demo", "Demo", "See it work: draw synthetic films and train a small network on them, in minutes"),
    ),
    "find": (
        Key("escape", "clear", "Clear", "Remove the words"),
        Key("down", "leave", "To the list", "Go to the list; the words stay"),
    ),
    "keys": (
        Key("escape,q,question_mark", "dismiss", "Close", "Close the keys"),
        Key("slash", "find", "Find", "Find a key by words of what it does"),
    ),
    "demo": (Key("escape", "cancel", "Cancel", "Draw no more films, and start no run"),),
    "launch": (
        Key("ctrl+s", "start", "Start training", "Start the run and watch it"),
        Key("escape", "back", "Back", "Back to the runs"),
        Key("f2", "data", "Data", "Look at the films that the form names"),
        Key("f3", "weights", "Weights", "Choose, fetch or port the initial weights"),
        Key("f4", "sections", "All", "Show every setting, or only those that most runs set"),
        Key("f5", "presets", "Presets", "Choose a usual way to train: its settings are put into the form"),
        Key("f6", "earlier", "Earlier", "Begin with the settings of the last form or of an earlier run"),
        Key("f7", "command", "Command", "Show the command line that starts the same run, to copy it"),
        Key("f8", "settings", "TOML", "Show the settings as TOML, to copy or save them"),
        Key("f12", "preview", "Preview", "Show eight films as the network will see them, augmented"),
        Key("ctrl+t", "start_detached", "Detached", "Start the run as a process of its own, without the dashboard"),
        Key("ctrl+r", "search", "Search instead", "Search good settings: many trials that share those of the form"),
        Key("ctrl+y", "protocol", "Protocol", "Train and test as a study would: by folds, or with a source left out"),
        Key("ctrl+q", "app.quit", "Quit", "Quit", priority=True),
    ),
    "form": (
        Key("down", "screen.line_below", "Line below", "Go to the line below, also to a title", show=False),
        Key("up", "screen.line_above", "Line above", "Go to the line above; Tab goes from field to field", show=False),
    ),
    "data": (
        Key("i", "inspect", "Inspect", "Report on the folder or file under the cursor, else on the path typed"),
        Key("t", "train", "Train", "Set up a run on these films, with the classes of the report"),
        Key("d", "duplicates", "Duplicates", "Show copies of films as pairs: leave some out, say whose they are"),
        Key("b", "browse", "Browse", "Show the folders, or the report again"),
        Key("slash", "find", "Find", "Find words in the report, or a folder in the list"),
        Key("u", "up", "Up", "Show the folder above"),
        Key("z", "undo", "Undo", "Take back what the Duplicates screen wrote last", show=False),
        Key("escape", "back", "Back", "Back; a report in progress is cancelled"),
    ),
    "duplicates": (
        Key("n", "next", "Next", "Show the next pair; conflicts come first"),
        Key("p", "previous", "Prev.", "Show the pair before"),
        Key("l", "exclude_left", "Out left", "Leave the left film out, or no longer"),
        Key("r", "exclude_right", "right", "Leave the right film out, or no longer"),
        Key("x", "exclude_both", "both", "Leave both films out, or no longer"),
        Key("o", "same", "One patient", "Both films are of one patient, whatever the names say; again: no longer"),
        Key("d", "different", "Two", "The films are of two patients and no copies of each other; again: no longer"),
        Key("s", "save", "Save", "Write the choices as settings, after asking"),
        Key("u", "undo", "Undo", "Take the last choice back"),
        Key("v", "view", "View", "Show the list of pairs, the films, or on a wide screen both"),
        Key("slash", "find", "Find", "List only pairs that have some words: path, label, patient, conflict, near"),
        Key("L", "exclude_all_left", "All left", "Leave out the left film of every pair that is listed", show=False),
        Key("R", "exclude_all_right", "All right", "Leave out the right film of every listed pair", show=False),
        Key("e", "open", "Open", "Open both films with the system's program", show=False),
        Key("y", "copy", "Copy", "Copy the paths of both films", show=False),
        Key("c", "classify", "Classify", "Open the Classify screen in the folder of the film", show=False),
        Key("down", "next", "Next", "Show the next pair", show=False),
        Key("up", "previous", "Previous", "Show the pair before", show=False),
        Key("plus", "zoom_in", "Zoom in", "Zoom into both films; the wheel of the mouse too", show=False),
        Key("equals_sign", "zoom_in", "Zoom in", "Zoom into both films", show=False),
        Key("minus", "zoom_out", "Zoom out", "Zoom out of both films", show=False),
        Key("left_square_bracket", "narrow_window", "More contrast", "Narrow the window of grey values", show=False),
        Key("right_square_bracket", "widen_window", "Less contrast", "Widen the window", show=False),
        Key("full_stop", "brighten", "Brighter", "Lower the level: both films become brighter", show=False),
        Key("comma", "darken", "Darker", "Raise the level: both films become darker", show=False),
        Key("0", "reset_film", "Whole film", "Show both films whole, with all their grey values", show=False),
        Key("escape", "back", "Back", "List all pairs again, else go back; asks first if choices are not written"),
    ),
    "weights": (
        Key("enter", "use", "Use", "Start a run from the weights under the cursor: back to the form with their name"),
        Key("f", "fetch", "Fetch", "Fetch published weights from the hub; an interrupted fetch goes on"),
        Key("p", "port", "Port file", "Put a file of weights on the shelf"),
        Key("c", "check", "Check", "Read every file on the shelf and compare its checksum"),
        Key("d", "remove", "Remove", "Remove from the shelf, after asking; also the rest of an interrupted fetch"),
        Key("slash", "find", "Find", "List only weights whose names, formats or licences have these words"),
        Key("r", "refresh", "Refresh", "Look at the shelf again"),
        Key("escape", "back", "Back", "Cancel the running job; then back"),
    ),
    "port": (
        Key("ctrl+s", "port", "Put it on the shelf", "Put the file on the shelf"),
        Key("escape", "cancel", "Cancel", "Leave the shelf as it is"),
    ),
    "preview": (
        Key("n", "next", "Next step", "Show the films of the next step, with its augmentation"),
        Key("p", "previous", "Step before", "Show the films of the step before"),
        Key("escape", "back", "Back", "Back to the form"),
    ),
    "save": (
        Key("ctrl+s", "save", "Save", "Save the settings to this file"),
        Key("escape", "cancel", "Cancel", "Save nothing"),
    ),
    "moved": (
        Key("ctrl+s", "go_on", "Go on", "Go on with the run from its checkpoint, with the films at this place"),
        Key("escape", "cancel", "Cancel", "Leave the run as it is"),
    ),
    "monitor": (
        Key("p", "pause", "Pause/go on", "Pause the run, or let a paused run go on"),
        Key("k", "checkpoint", "Checkpoint", "Save a checkpoint now"),
        Key("s", "stop", "Stop", "Save a checkpoint and stop; the run can be resumed"),
        Key("S", "stop_after_epoch", "After epoch", "Stop at the end of this epoch, or take that back"),
        Key("r", "resume", "Resume", "Go on with a stopped or interrupted run from its checkpoint"),
        Key(
            "R",
            "smaller",
            "Run smaller",
            "Set up a run like this that takes less memory, after it was full",
        ),
        Key("E", "evaluate", "Evaluate", "Look at the evaluations of the run: intervals, curves, groups, warnings"),
        Key("c", "classify", "Classify", "Classify films with this run"),
        Key(
            "v",
            "view",
            "View",
            "Show all panels, two charts, all charts, the last validation and the machine, or the log",
        ),
        Key("m", "metric", "Metric", "Show accuracy, AUROC, sensitivity or specificity in turn"),
        Key("o", "overlay", "Overlay", "Lay the curves of other runs over those of this one"),
        Key("w", "messages", "Warnings", "Show the warnings and the failure, each whole"),
        Key("f", "freeze", "Freeze", "Keep what is shown as it is while the run goes on, or follow the run again"),
        Key("slash", "search", "Search", "Search in the log"),
        Key("n", "next_match", "Next", "Show the next place in the log that has what is sought", show=False),
        Key("N", "previous_match", "Previous", "Show the place before", show=False),
        Key("escape", "back", "Back", "End the search; then back to the runs; a live run goes on"),
    ),
    "evaluate": (
        Key(
            "v",
            "view",
            "View",
            "Show all parts, the numbers, the counts, ROC and precision-recall, reliability and benefit, the groups, "
            "or the operating point",
        ),
        Key("s", "next", "Next set", "Show the next evaluation: validation, test, other films"),
        Key("S", "previous", "Set before", "Show the evaluation before", show=False),
        Key("w", "remarks", "Warnings", "Show all that speaks against the numbers"),
        Key("x", "report", "Report", "Write a page on the run for people (HTML), into the folder exports"),
        Key("escape", "back", "Back", "Go back"),
    ),
    "compare": (
        Key("enter", "open", "Open", "Open the run in the monitor"),
        Key("x", "leave_out", "Leave out", "Take the run out of the comparison"),
        Key("f", "reference", "Reference", "Compare the other runs with this one"),
        Key("m", "metric", "Metric", "Show the curves of the next metric"),
        Key("t", "training", "Training", "Show the training's curves behind those of validation, or hide them"),
        Key("s", "split", "Test/val.", "Show the results on the test films, or on the validation films"),
        Key("v", "view", "View", "Show all parts, only the curves, only the results, or only what differs"),
        Key("w", "remarks", "Warnings", "Show all that speaks against the comparison, and how to read its numbers"),
        Key("escape", "back", "Back", "Back to the runs; live runs go on"),
    ),
    "studies": (
        Key("enter", "open", "Open", "Open the study"),
        Key("n", "new", "New", "Open the form of a run, from which a search begins"),
        Key("w", "worker", "Worker", "Start one more worker: a process that trains trials, also when cxrtui ends"),
        Key("s", "stop", "Stop", "Ask all workers to stop; trials under way go on later from their checkpoints"),
        Key("a", "more", "+10 trials", "Let the study try ten more trials"),
        Key("D", "delete", "Delete", "Delete the study, after asking; the runs of its trials stay"),
        Key("escape", "back", "Back", "Back to the runs; workers go on"),
    ),
    "tune": (
        Key("enter", "open", "Open", "Open the trial's run in the monitor; of several runs, choose one"),
        Key(
            "v",
            "view",
            "View",
            "Show all parts, the trials, the curve, the slices, the parallel coordinates, or the result",
        ),
        Key("u", "use", "Use", "Open the form with the settings of the trial, to train with them or save them"),
        Key("t", "anew", "Train anew", "Train with the settings of the trial and a seed that no trial had"),
        Key("w", "worker", "Worker", "Start one more worker: a process that trains trials, also when cxrtui ends"),
        Key("s", "stop", "Stop", "Ask all workers to stop; trials under way go on later from their checkpoints"),
        Key("a", "more", "+10 trials", "Let the study try ten more trials"),
        Key("slash", "find", "Filter", "List only trials that have some words, for example pruned or name=sgd"),
        Key("D", "delete", "Delete", "Delete the study, after asking; the runs of its trials stay"),
        Key("escape", "back", "Back", "List all trials again, else go back; workers go on"),
    ),
    "protocols": (
        Key("enter", "open", "Open", "Open the table of the protocol"),
        Key("n", "new", "New", "Open the form of a run, from which a protocol begins"),
        Key("g", "go_on", "Go on", "Go on with a stopped protocol in a process of its own, also when cxrtui ends"),
        Key("s", "stop", "Stop", "Stop the training under way with a checkpoint, and the protocol with it"),
        Key("escape", "back", "Back", "Back to the runs; protocols go on"),
    ),
    "protocol": (
        Key("enter", "open", "Open", "Open the training's run in the monitor"),
        Key("E", "evaluate", "Evaluate", "Look at the evaluations of the training's run"),
        Key("w", "remarks", "Warnings", "Show all that is to be known before the table is believed"),
        Key("g", "go_on", "Go on", "Go on with a stopped protocol in a process of its own, also when cxrtui ends"),
        Key("s", "stop", "Stop", "Stop the training under way with a checkpoint, and the protocol with it"),
        Key("escape", "back", "Back", "Go back; the protocol goes on"),
    ),
    "search": (
        Key("ctrl+s", "start", "Start search", "Make the study and start its workers"),
        Key("escape", "back", "Back", "Back to the form of the run; nothing is made"),
        Key("ctrl+q", "app.quit", "Quit", "Quit", priority=True),
    ),
    "classify": (
        Key("space", "tick", "Select", "Select or unselect the film under the cursor"),
        Key("a", "all", "All here", "Select every film in the folder under the cursor, or all that the filter finds"),
        Key("c", "classify", "Classify", "Classify the selected films, or the one under the cursor"),
        Key("slash", "find", "Find", "Filter the films below the folder by words of their names"),
        Key("d", "place", "Folder", "Type or paste the path of a folder or film"),
        Key("m", "model", "Model", "Choose the model; the selection stays"),
        Key("v", "view", "View", "Show all parts, only the results, or only the film"),
        Key("s", "save", "Save", "Save the results as CSV or JSON, as cxrtui classify prints them"),
        Key("x", "none", "None", "Unselect all films"),
        Key("n", "next", "Next", "Show the next film of the list that was used last", show=False),
        Key("p", "previous", "Previous", "Show the previous film", show=False),
        Key("o", "sort", "Sort", "Sort the results as classified, by probability, name or verdict", show=False),
        Key("O", "reverse", "Reverse", "Reverse the order of the results", show=False),
        Key(
            "f",
            "only",
            "Only",
            "Show all results, only positive, only wrong, or only what was not classified",
            show=False,
        ),
        Key("R", "anyway", "Anyway", "Classify the film although it was refused as no frontal chest film", show=False),
        Key("r", "again", "Again", "Classify the films of the results again, with the model chosen now", show=False),
        Key(
            "w",
            "watch",
            "Watch",
            "Watch the folder under the cursor: films that come are classified; again: stop",
            show=False,
        ),
        Key("u", "up", "Up", "Show the folder above", show=False),
        Key("plus", "zoom_in", "Zoom in", "Zoom into the film; the wheel of the mouse too", show=False),
        Key("equals_sign", "zoom_in", "Zoom in", "Zoom into the film", show=False),
        Key("minus", "zoom_out", "Zoom out", "Zoom out of the film", show=False),
        Key("h", "pan_left", "Left", "Move over the film; dragging too", show=False),
        Key("l", "pan_right", "Right", "Move over the film", show=False),
        Key("k", "pan_up", "Up", "Move over the film", show=False),
        Key("j", "pan_down", "Down", "Move over the film", show=False),
        Key("left_square_bracket", "narrow_window", "More contrast", "Narrow the window of grey values", show=False),
        Key("right_square_bracket", "widen_window", "Less contrast", "Widen the window", show=False),
        Key("full_stop", "brighten", "Brighter", "Lower the level: the film becomes brighter", show=False),
        Key("comma", "darken", "Darker", "Raise the level: the film becomes darker", show=False),
        Key("g", "heat", "Heat map", "Show or hide what speaks for the positive class, in colour over the film"),
        Key("G", "heat_method", "Method", "Make the heat map by another method or of another stage", show=False),
        Key("greater_than_sign", "heat_more", "Fuller", "Make the heat map's colours fuller", show=False),
        Key("less_than_sign", "heat_less", "Fainter", "Make the heat map's colours fainter", show=False),
        Key("0", "reset_film", "Whole film", "Show the whole film with all its grey values", show=False),
        Key("escape", "back", "Back", "Clear the filter, or cancel a running classification, or go back"),
    ),
    "film": (
        Key("left", "pan_left", "Left", "Move over the film that has the focus", show=False),
        Key("right", "pan_right", "Right", "Move over the film", show=False),
        Key("up", "pan_up", "Up", "Move over the film", show=False),
        Key("down", "pan_down", "Down", "Move over the film", show=False),
    ),
    "chart": (
        Key("left", "cursor_left", "Read left", "Move the cursor, which reads values, to the left", show=False),
        Key("right", "cursor_right", "Read right", "Move the cursor to the right", show=False),
        Key("plus", "zoom_in", "Zoom in", "Zoom in around the cursor; the mouse's wheel does so too", show=False),
        Key("minus", "zoom_out", "Zoom out", "Zoom out", show=False),
        Key("comma", "pan_left", "Pan left", "Move the part in view to the left", show=False),
        Key("full_stop", "pan_right", "Pan right", "Move the part in view to the right", show=False),
        Key("up", "pan_up", "Pan up", "Move to greater values; so does dragging by the mouse", show=False),
        Key("down", "pan_down", "Pan down", "Move to smaller values", show=False),
        Key("shift+up", "taller", "Taller", "Zoom into the value axis; so do Control and the wheel", show=False),
        Key("shift+down", "flatter", "Flatter", "Zoom out of the value axis", show=False),
        Key("0", "whole", "Whole curve", "Show all of the curves again, without a cursor", show=False),
        Key("right_square_bracket", "smoother", "Smoother", "Smooth the curves of every step more", show=False),
        Key("left_square_bracket", "rougher", "Rougher", "Smooth them less", show=False),
        Key("b", "raw", "Batches", "Hide or show the raw values behind smoothed curves", show=False),
        Key("l", "log_axis", "Log axis", "Make the value axes logarithmic, or linear again", show=False),
        Key("e", "unit", "Epochs/steps", "Count positions in epochs or in steps", show=False),
        Key("d", "drawing", "Drawing", "Draw in Braille dots, in blocks or in ASCII, for any font", show=False),
    ),
}

SHOWN_AS = {
    "question_mark": "?", "escape": "esc", "plus": "+", "equals_sign": "=", "minus": "-", "full_stop": ".",
    "comma": ",", "left_square_bracket": "[", "right_square_bracket": "]", "slash": "/", "greater_than_sign": ">",
    "less_than_sign": "<", "left": "←", "right": "→", "up": "↑", "down": "↓",
    "ctrl+s": "^s", "ctrl+t": "^t", "ctrl+r": "^r", "ctrl+y": "^y", "ctrl+q": "^q", "ctrl+c": "^c", "ctrl+p": "^p",
    "ctrl+o": "^o", "colon": ":",
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
