"""This section shows the course of the training, the best epoch, and how the run ended."""

from __future__ import annotations

from cxrtui.durations import duration
from cxrtui.evaluation.report.blocks import Block, Facts, Figures, Items, Section, Text
from cxrtui.evaluation.report.courses import diverged, in_words, training_figures
from cxrtui.evaluation.report.material import Material
from cxrtui.runs.describe import describe

_ELSEWHERE = ("split-leaks", "patients-unknown", "patients-divided", "splits-absent", "conflicts-dropped",
              "copies-in-both-classes", "films-moved")  # fmt: skip

_LONG = 1e6  # from here on a number has fewer digits in scientific notation


def section(material: Material) -> Section:
    """Return curves and facts of the training."""
    state = material.state
    if not len(state.steps):
        return Section("training", "Training", [Text("The run has not trained yet.", "lacking")])
    facts = [("steps", f"{state.step:,}"), ("epochs", f"{len(state.epochs)} of {state.steps[-1].epochs}")]
    if lost := diverged(state):
        facts.append(("diverged", f"the loss of {lost:,} of {len(state.steps):,} steps is no finite number or huge"))
    if (early := state.early) is not None:
        best = in_words(early.best, ".4f" if abs(early.best) < _LONG else ".3g")
        facts.append(("best epoch", f"{early.best_epoch}, by {early.metric} {best} of the validation films"))
    if state.stopped is not None and (line := describe(state.stopped)) is not None:
        facts.append(("end", line.text))
    if state.compiled is not None:
        facts.append(("parameters", f"{state.compiled.parameters:,}, of which {state.compiled.trainable:,} trained"))
    if len(state.unfrozen):
        facts.append(("unfrozen", "; ".join(f"{item.stage} from epoch {item.epoch}" for item in state.unfrozen)))
    if len(state.resumes):
        facts.append(("resumed", "from a checkpoint after step " + ", ".join(map(str, state.resumes))))
    if state.updated > state.started > 0:
        facts.append(("time", f"{duration(state.updated - state.started)} from the start to the last line of the log"))
    blocks: list[Block] = [Facts(facts), Figures(training_figures(state))]
    said = dict.fromkeys(material.private(item.message) for item in state.warnings if item.code not in _ELSEWHERE)
    if said:
        blocks += [Text("The log warns:"), Items(list(said))]
    return Section("training", "Training", blocks)
