"""The beginning of a report: the caution, what was found on the test films, and the state of the run."""

from __future__ import annotations

from dataclasses import dataclass

from cxrtui import RESEARCH_ONLY
from cxrtui.evaluation.report.material import Material
from cxrtui.evaluation.wording import estimate, title
from cxrtui.printable import in_list

_SHOWN = ("auroc", "sensitivity", "specificity", "accuracy")


@dataclass(frozen=True)
class Headline:
    """What stands above the sections.

    Attributes:
        caution: the first line of the page.
        summary: one sentence on what the run is and how it stands.
        about: on which films the numbers are.
        numbers: name, value and interval of each metric that is shown first; may be empty.
        remarks: sentences below them.
    """

    caution: str
    summary: str
    about: str
    numbers: tuple[tuple[str, str, str], ...]
    remarks: tuple[str, ...]


def headline(material: Material) -> Headline:
    """Return the beginning of the page."""
    state = material.state
    cautions = [RESEARCH_ONLY, material.leaks]
    if material.synthetic and state.data is not None:
        films = sum(state.data.counts.get("train", {}).values())
        kind = "all" if material.synthetic >= films else f"{material.synthetic} of {films}"
        cautions.append(f"The films of the training are synthetic ({kind}): its answers on real films mean nothing.")
    labels = state.labels
    tells = f"tells {in_list(labels[1])} from {in_list(labels[0])} on chest X-rays" if len(labels) == 2 else (
        "has not read its films yet")  # fmt: skip
    remarks = [material.private(problem) for problem in material.problems]
    if state.failed is not None:
        remarks.insert(0, f"The run failed: {material.private(state.failed.message)}")
    elif state.live:
        remarks.insert(0, "The run is under way." if material.alive else
                       "The run has not ended, and no process writes it any more.")  # fmt: skip
    if material.notes.note:
        remarks.append(f"Note: {material.notes.note}")
    if material.notes.tags:
        remarks.append(f"Tags: {', '.join(material.notes.tags)}")
    about, numbers = _numbers(material)
    return Headline(" ".join(filter(None, cautions)), f"A classifier that {tells}; its run is {state.status}.", about,
                    numbers, tuple(remarks))  # fmt: skip


def _numbers(material: Material) -> tuple[str, tuple[tuple[str, str, str], ...]]:
    for name in ("test", "validation"):
        found = material.named(name)
        if found is None:
            continue
        try:
            estimates, counts = found.body["estimates"], found.body["counts"]
            numbers = tuple((title(metric), *_parted(estimate(metric, estimates[metric]))) for metric in _SHOWN
                            if metric in estimates)  # fmt: skip
            about = f"On {counts['films']} {name} films ({counts['positive']} positive), with 95 % intervals"
        except (KeyError, TypeError, ValueError, AttributeError):
            continue
        if name == "validation":
            about += "; the run has no test, and these films have chosen its weights"
        return f"{about}:", numbers
    return "There are no results yet.", ()


def _parted(text: str) -> tuple[str, str]:
    value, _, interval = text.partition(" [")
    return value, f"[{interval}" if interval else ""
