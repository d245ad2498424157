"""This section has all that was measured on validation, test and other films, each number with its interval."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cxrtui.evaluation.report.blocks import Block, Facts, Figures, Items, Section, Table, Text
from cxrtui.evaluation.report.evaluations import Evaluation
from cxrtui.evaluation.report.figures import evaluation_figures
from cxrtui.evaluation.report.material import Material
from cxrtui.evaluation.sentences import one_class
from cxrtui.evaluation.wording import ORDER, PERCENT, estimate, signed, title
from cxrtui.printable import in_list, listing

_COUNTS = {"sensitivity": (("tp",), "positive"), "specificity": (("tn",), "negative"),
           "accuracy": (("tp", "tn"), "films")}  # fmt: skip
_OF_GROUPS = ("auroc", "sensitivity", "specificity")
_WRONG = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError)


def section(material: Material) -> Section:
    """Return a section with one for each evaluation."""
    if not material.evaluations:
        why = "The run was not evaluated" + ("." if material.ended else ": it has not finished.")
        return Section("evaluation", "Evaluation", [Text(why, "lacking")])
    each, keys = [], set[str]()
    for place, item in enumerate(material.evaluations):
        key = re.sub(r"[^a-z0-9]+", "-", item.name.lower()).strip("-")[:40] or "films"
        key = f"on-{key}" if f"on-{key}" not in keys else f"on-{key}-{place}"
        keys.add(key)
        about = f"{item.name}, films of another source" if item.external else item.name
        try:
            blocks = _blocks(item, key, material)
        except _WRONG:
            blocks = [Text("The numbers of this evaluation cannot be read.", "lacking")]
        each.append(Section(key, f"On {about}", blocks))
    negative, positive = material.evaluations[0].labels
    return Section("evaluation", "Evaluation", [Text(
        f"Positive is {in_list(positive)}, negative {in_list(negative)}. Intervals are 95 % ones by the bootstrap over "
        "patients; a star marks an exact binomial one."
    )], each)  # fmt: skip


def _blocks(item: Evaluation, key: str, material: Material) -> list[Block]:
    body, counts = item.body, item.body["counts"]
    patients = (body["estimates"].get("accuracy") or {}).get("patients")
    blocks: list[Block] = [Text(
        f"{counts['films']} films{f' of {patients} patients' if patients else ''}: {counts['positive']} "
        f"{in_list(item.labels[1])} as positive, {counts['negative']} {in_list(item.labels[0])} as negative."
    )]  # fmt: skip
    if item.remark:
        blocks.append(Text(item.remark, "note"))
    if leaks := body.get("leaks"):
        blocks.append(Text(material.private(str(leaks)), "caution"))
    if body.get("kept_seen") and body.get("trained_on"):
        blocks.append(Text(f"{body['trained_on']} of these films are known from the training: the numbers are no "
                           "result on unseen films.", "caution"))  # fmt: skip
    if caution := one_class(counts, item.labels):
        blocks.append(Text(caution, "caution"))
    blocks += [_metrics(body), _confusion(item)]
    if point := body.get("operating_point"):
        blocks += _operating_point(point)
    else:
        blocks.append(Text(f"A film is predicted positive from a probability of {body.get('threshold', 0.5):.4g}."))
    blocks += _calibration(body.get("calibration"))
    figures = evaluation_figures(body.get("curves") or {}, counts, key)
    blocks.append(Figures(figures) if figures else Text(
        "There are no curves: the probabilities of the films are not known.", "lacking"))  # fmt: skip
    tables = body.get("subgroups") or ()
    for table in tables:
        blocks += _subgroups(table)
    if not tables:
        blocks.append(Text("No table by source, view, sex, age or size: none tells two groups of these films apart, or "
                           "nothing is recorded.", "lacking"))  # fmt: skip
    if body.get("abstain"):
        blocks += _abstain(body["abstain"])
    if body.get("against"):
        blocks += _against(body["against"])
    return blocks


def _metrics(body: Mapping[str, Any]) -> Table:
    films, patients, counts = body["estimates"], body.get("by_patient") or {}, body["counts"]
    both = bool(patients) and patients != films
    rows = []
    for metric in (name for name in ORDER if name in films):
        parts, of = _COUNTS.get(metric, ((), ""))
        counted = f"{sum(counts[part] for part in parts)}/{counts[of]}" if of else ""
        row = (title(metric), estimate(metric, films[metric]), counted)
        rows.append((*row, estimate(metric, patients.get(metric))) if both else row)
    notes = []
    if patients and not both:
        notes.append("Each film is the only one of its patient.")
    if body.get("prevalence"):
        whose = "as stated" if body.get("prevalence_stated") else "that of these films"
        notes.append(f"PPV and NPV hold at a prevalence of {100 * body['prevalence']:.1f} %, {whose}.")
    if how := body.get("intervals"):
        notes.append(f"The bootstrap has {how['draws']:,} draws, seed {how['seed']}.")
    if body.get("augmented"):
        notes.append(f"Probabilities are means over each film and {body['augmented']} random changes of it.")
    columns = ("metric", "by film", "films") + (("by patient",) if both else ())
    return Table("All metrics with 95 % intervals", columns, rows, " ".join(notes))


def _confusion(item: Evaluation) -> Table:
    counts, (negative, positive) = item.body["counts"], item.labels
    return Table(
        "Confusion matrix, films", ("true class", f"predicted {positive}", f"predicted {negative}"),
        [(positive, f"{counts['tp']:,}", f"{counts['fn']:,}"), (negative, f"{counts['fp']:,}", f"{counts['tn']:,}")],
    )  # fmt: skip


def _operating_point(point: Mapping[str, Any]) -> Iterator[Block]:
    facts = [("rule", str(point["rule"])), ("threshold", f"{point['threshold']:.4g}")]
    if found := point.get("on_validation"):
        facts.append(("on validation", f"sensitivity {100 * found['sensitivity']:.1f} %, specificity "
                      f"{100 * found['specificity']:.1f} %, {found['films']:.0f} films"))  # fmt: skip
    for metric, level in (point.get("target") or {}).items():
        facts.append(("target", f"{metric} {100 * level:g} %"))
    for metric, found in (point.get("realised") or {}).items():
        facts.append((f"{metric} here", estimate(metric, found)))
    yield Text("Operating point:")
    yield Facts(facts)
    if point.get("why"):
        yield Text(f"The rule could not be applied: {point['why']}.", "note")


def _calibration(found: Mapping[str, Any] | None) -> Iterator[Block]:
    if not found or found["method"] == "none":
        why = f": {found['why']}" if found and found.get("why") else ""
        yield Text(f"The probabilities are not calibrated{why}.", "lacking")
        return
    how = "an isotonic function"
    if "temperature" in found:
        bias = f" and bias {found['bias']:+.3g}" if "bias" in found else ""
        how = f"temperature {found['temperature']:.3g}{bias}".replace("-", "−")
    rows = [(title(metric), estimate(metric, found["before"][metric]), estimate(metric, found["after"][metric]))
            for metric in ("brier", "ece")]  # fmt: skip
    note = f"Calibrated by {how}, fitted on {found['films']} validation films."
    yield Table("Calibration", ("error of the probabilities", "before", "after"), rows, note)


def _subgroups(table: Mapping[str, Any]) -> Iterator[Block]:
    column = in_list(table["column"])
    rows = []
    for group in table["groups"]:
        cells = [f"{'~ ' if metric in group['few'] else ''}{estimate(metric, group['estimates'][metric])}"
                 for metric in _OF_GROUPS]  # fmt: skip
        rows.append((group["name"], f"{group['films']:,}", f"{group['positive']:,}", f"{group['patients']:,}", *cells))
    if table.get("unknown"):
        rows.append(("(not known)", f"{table['unknown']:,}", "", "", "", "", ""))
    few = any(group["few"] for group in table["groups"])
    yield Table(
        f"By {column}", (column, "films", "positive", "patients", *map(title, _OF_GROUPS)), rows,
        "~ rests on fewer than 10 patients of a class." if few else "",
    )  # fmt: skip
    said = [_gap(metric, table["gaps"][metric]) for metric in _OF_GROUPS if metric in (table.get("gaps") or {})]
    areas = table["auroc"]
    if _known(areas["within"].get("value")):
        pooled, within = (estimate("auroc", areas[which]) for which in ("pooled", "within"))
        said.append(f"AUROC {pooled} pooled, {within} within one {column}.")
    if said:
        yield Items(said)


def _known(value: Any) -> bool:
    return value is not None and not math.isnan(value)


def _difference(metric: str, found: Mapping[str, Any]) -> str:
    text = signed(metric, found["value"]) + (" percentage points" if metric in PERCENT else "")
    if _known(found.get("low")) and _known(found.get("high")):
        text += f" [{signed(metric, found['low'])} to {signed(metric, found['high'])}]"
    return text


def _gap(metric: str, gap: Mapping[str, Any]) -> str:
    pairs = f" (of {gap['pairs']} pairs)" if gap["pairs"] > 1 else ""
    return (f"Largest gap in {title(metric)}: {_difference(metric, gap['difference'])}, {in_list(gap['best'])} over "
            f"{in_list(gap['worst'])}{pairs}.")  # fmt: skip


def _abstain(body: Mapping[str, Any]) -> Iterator[Block]:
    rows = [(title(metric), estimate(metric, body["estimates"][metric]))
            for metric in ("accuracy", "sensitivity", "specificity", "auroc")]  # fmt: skip
    yield Table(
        f"If films within {body['margin']:g} of the threshold get no answer",
        ("metric", "of films with an answer"), rows,
        f"{body['counts']['films']} of {body['coverage']['n']} films have one, "
        f"{estimate('accuracy', body['coverage'])}.",
    )  # fmt: skip


def _against(body: Mapping[str, Any]) -> Iterator[Block]:
    name = listing([body["model"]])
    if body.get("why_not"):
        yield Text(f"There is no comparison with {name}: {body['why_not']}.", "lacking")
        return
    rows: list[Sequence[str]] = []
    for metric, found in body["differences"].items():
        shown = signed(metric, found["detectable"]) if _known(found.get("detectable")) else ""
        rows.append((title(metric), _difference(metric, found) if _known(found["value"]) else "–", shown))
    yield Table(f"Minus {name}, film by film", ("metric", "difference", "could have been shown"), rows)
