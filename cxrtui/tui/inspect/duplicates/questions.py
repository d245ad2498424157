"""The questions that are asked before choices are written or lost."""

from __future__ import annotations

from cxrtui.printable import printable
from cxrtui.tui.inspect.duplicates.writing import Plan
from cxrtui.tui.questions import Choice, Question

_LINES = 12  # that are shown of a file


def write(plan: Plan) -> Question:
    """Ask whether the files of `plan` may be written; what is added to each is shown."""
    parts = []
    for item in plan.changes:
        lines = item.added.splitlines()
        more = [f"and {len(lines) - _LINES:,} more lines"] if len(lines) > _LINES else []
        does = "gets" if item.before is not None else "is made, with"
        shown = "\n".join(f"  {printable(line)}" for line in [*lines[:_LINES], *more])
        parts.append(f"{printable(item.path)} {does}:\n{shown}")
    heed = ("Every new run of this workspace heeds them, also without the dashboard." if plan.named else
            "Every run whose settings name these files heeds them.")  # fmt: skip
    return Question(f"Write {plan.what}?", "\n\n".join([*parts, f"{heed} No film is moved or changed."]),
                    Choice("y", "Write", "yes", "primary"), Choice("n", "Not now", ""))  # fmt: skip


def leave(what: str) -> Question:
    """Ask what is to become of choices that are not written."""
    return Question("Leave without writing?", f"Chosen and not written yet: {what}.",
                    Choice("s", "Write", "write", "primary"), Choice("d", "Discard", "discard", "warning"),
                    Choice("escape", "Stay", ""))  # fmt: skip
