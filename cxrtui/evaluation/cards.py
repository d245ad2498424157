"""Writes the card of a finished classifier: what it is, how well it did, and what it must not be used for.

It is a model card in the format of Hugging Face: front matter in YAML for programs, then Markdown for people.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from huggingface_hub import EvalResult, ModelCardData

from cxrtui import RESEARCH_ONLY
from cxrtui.evaluation.wording import ORDER, estimate, title
from cxrtui.printable import in_list, printable

OF_GROUPS = ("auroc", "sensitivity", "specificity")
"""The metrics of a group of films."""
PRECISION = (
    "Such programs compute in float32, whatever the run did; cxrtui computes in the run's precision. In bfloat16, the "
    "default on a GPU, its probabilities differ from theirs by about a thousandth, so a film at the threshold may be "
    "predicted otherwise."
)


def classifier_card(name: str, facts: Mapping[str, Any], *, onnx: bool = False) -> str:
    """Return the card, in Markdown, from the facts of ``classifier.toml``; `onnx`: is there an ONNX file too?"""
    negative, positive = map(_plain, facts["labels"])
    data, origin = facts["data"], facts["provenance"]
    fingerprint = origin.get("fingerprint", "not recorded")
    lines = [
        f"# {name}",
        f"**{RESEARCH_ONLY}** {_plain(origin.get('leaks', ''))}".rstrip(),
        f"Tells {positive} (positive) from {negative} (negative) on frontal chest X-rays.",
        "## Use",
        f"    cxrtui classify {name} FILM…\n    cxrtui evaluate {name} --data FOLDER",
        "The name may be the path of this folder: it needs nothing outside itself. Without cxrtui, "
        "`classifier.stablehlo` is the same classifier for JAX alone (it also needs the package flatbuffers):",
        "    classify = jax.export.deserialize(bytearray(open('classifier.stablehlo', 'rb').read()))\n"
        "    probabilities = classify.call(films)",
        f"It takes films as uint8 [N, {facts['stored_side']}, {facts['stored_side']}], grey, 0 black, and gives "
        f"float32 [N, 2]: {negative}, {positive}.",
        "`classifier.onnx` is the same for an ONNX runtime: `films` to `probabilities`." if onnx else "",
        PRECISION,
        "## From a film to an answer",
        f"The image becomes a grey square (`{data['resize_mode']}`) of {facts['stored_side']} pixels, is sampled to "
        f"{data['size']} × {data['size']} and normalised. It is predicted {positive} where the probability of "
        f"{positive} is {facts['operation']['threshold']:g} or more{_rule(facts)}.",
        _calibration(facts),
        "## How well it did",
        "\n".join(_result(split, body) for split, body in facts["metrics"].items()),
        _estimates(facts["metrics"]),
        *_subgroups(facts["metrics"]),
        "" if facts["metrics"] else "These weights were not evaluated in their run.",
        "## Limits",
        "\n".join(f"- {limit}" for limit in _limits(origin)),
        "## Where it comes from",
        f"- run {origin['run']}, seed {origin['seed']}, step {facts['step']}\n"
        f"- films: fingerprint {fingerprint}; {_films(origin.get('films', {}))}\n"
        f"- trained with {_versions(origin.get('trained_with', {}))}\n"
        f"- exported with {_versions(origin.get('exported_with', {}))}\n"
        "- `trained-on.txt` lists the SHA-256 of the films it was trained and tuned on, and `trained-on.safetensors` "
        "descriptors of them, from which no film can be made: `evaluate` leaves out these films and their copies",
    ]  # fmt: skip
    return f"---\n{_front_matter(name, facts)}---\n\n" + "\n\n".join(line for line in lines if line) + "\n"


def _front_matter(name: str, facts: Mapping[str, Any]) -> str:
    """Return the YAML for programs: what kind of model it is, and its metrics on each split as a model index."""
    run, results = facts["provenance"]["run"], []
    for split, body in facts["metrics"].items():
        for metric, found in _known(body):
            interval = f"{title(metric)}, 95 % interval {found['low']:.4f} to {found['high']:.4f}"
            results.append(EvalResult(
                task_type="image-classification", dataset_type="chest-x-ray", dataset_name=f"films of run {run}",
                dataset_split=split, metric_type=metric, metric_value=round(found["value"], 6),
                metric_name=interval if _finite(found.get("low"), found.get("high")) else title(metric),
            ))  # fmt: skip
    tags = ["chest-x-ray", "covid-19", "medical-imaging", "radiography", "research-only", "resnet", "jax", "flax"]
    text: str = ModelCardData(
        library_name="cxrtui", pipeline_tag="image-classification", tags=tags, model_name=name if results else None,
        eval_results=results or None,
    ).to_yaml()  # fmt: skip
    return text if text.endswith("\n") else f"{text}\n"


def _known(body: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the metrics of a split that have a value, in the order in which they are shown."""
    estimates = body.get("estimates") or {
        name: {"value": body[name]} for name in ORDER if isinstance(body.get(name), float)
    }
    for metric in ORDER:
        if metric in estimates and _finite(estimates[metric].get("value")):
            yield metric, {"low": math.nan, "high": math.nan, **estimates[metric]}


def _finite(*values: Any) -> bool:
    return all(isinstance(value, (int, float)) and math.isfinite(value) for value in values)


def _plain(text: object) -> str:
    """Return text from outside so that it is no markup of Markdown's HTML and no border of a table."""
    return printable(text).replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")


def _estimates(splits: Mapping[str, Mapping[str, Any]]) -> str:
    """Return a table of all metrics with their intervals; empty if there are none."""
    found = {split: dict(_known(body)) for split, body in splits.items() if body.get("estimates")}
    if not found:
        return ""
    rows = [
        f"| {title(metric)} | " + " | ".join(estimate(metric, of.get(metric)) for of in found.values()) + " |"
        for metric in ORDER if any(metric in of for of in found.values())
    ]  # fmt: skip
    head = ["| metric | " + " | ".join(found) + " |", "| --- |" + " --- |" * len(found)]
    about = "Intervals are 95 % ones by the bootstrap over patients; a star marks an exact binomial one."
    return "\n".join([*head, *rows]) + f"\n\n{about}"


def _subgroups(splits: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    """Yield a table for each split and column that divides its films."""
    for split, body in splits.items():
        for table in body.get("subgroups", ()):
            column, few = _plain(in_list(table["column"])), False
            rows = []
            for group in table["groups"]:
                few = few or bool(group["few"])
                found = ((metric, estimate(metric, group["estimates"].get(metric))) for metric in OF_GROUPS)
                cells = [f"~ {text}" if metric in group["few"] else text for metric, text in found]
                counts = (f"{group[name]:,}" for name in ("films", "positive", "patients"))
                rows.append(" | ".join((_plain(in_list(group["name"])), *counts, *cells)))
            if table.get("unknown"):
                rows.append(f"(not known) | {table['unknown']:,}" + " | " * 5)
            head = " | ".join((f"{split}, by {column}", "films", "positive", "patients", *map(title, OF_GROUPS)))
            yield "\n".join(f"| {row} |" for row in (head, " | ".join(["---"] * 7), *rows)) + (
                "\n\n~ rests on fewer than 10 patients of a class." if few else "")  # fmt: skip


def _limits(origin: Mapping[str, Any]) -> Iterator[str]:
    if origin.get("leaks"):
        yield "Films that judge it leaked into its training, so that no number here is a result on unseen films."
    if origin.get("synthetic"):
        yield f"{origin['synthetic']} films of its training are synthetic, and say nothing about real ones."
    yield ("Results on films of the same collection say little about films from elsewhere: evaluate it on your own "
           "films.")  # fmt: skip
    yield "Calibrated probabilities hold for films like those of the validation, at their share of positives."
    yield "It may read what is not the lung: `cxrtui data inspect` says what its films would let it read."
    yield ("Its licence is not said here: those of its films and of its initial weights decide how it may be passed "
           "on.")  # fmt: skip


def _rule(facts: Mapping[str, Any]) -> str:
    """Return the rule of the operating point, with what it realised on the validation films."""
    operation = facts["operation"]
    found = operation.get("realised", {})
    if not found:
        return ""
    return (f" (rule {operation['rule']}; on {found['films']:g} validation films sensitivity "
            f"{100 * found['sensitivity']:.1f} % and specificity {100 * found['specificity']:.1f} %)")  # fmt: skip


def _calibration(facts: Mapping[str, Any]) -> str:
    """Return how the network's own probability p becomes the one that is shown; empty if it is the same."""
    operation = facts["operation"]
    fitted = operation["calibration"]
    if fitted["method"] == "none":
        return ""
    how = "the table `knots` in `classifier.toml`, linear between its rows"
    if "temperature" in fitted:
        bias = f" + {fitted['bias']:.4f}" if "bias" in fitted else ""
        how = f"1 / (1 + exp(−(log(p / (1 − p)) / {fitted['temperature']:.4f}{bias})))"
    return (
        f"That probability is calibrated on {fitted['films']} validation films: from the network's own p, which the "
        f"programs for JAX and ONNX give, by {how}. For p itself the threshold is {facts['threshold']:g}. "
        "`--no-calibration` leaves it out."
    )


def _result(split: str, body: Mapping[str, Any]) -> str:
    counts = body.get("counts", {})
    auroc = f", AUROC {body['auroc']:.4f}{_interval(body, 'auroc')}" if "auroc" in body else ""
    return (
        f"- {split}: sensitivity {counts.get('tp', '?')}/{counts.get('positive', '?')}"
        f"{_interval(body, 'sensitivity')}, specificity {counts.get('tn', '?')}/{counts.get('negative', '?')}"
        f"{_interval(body, 'specificity')}{auroc}, {counts.get('films', '?')} films"
    )


def _interval(body: Mapping[str, Any], metric: str) -> str:
    """Return the 95 % interval of a metric behind a blank; empty if there is none."""
    found = (body.get("estimates") or {}).get(metric, {})
    return f" (95 % interval {found['low']:.3f}–{found['high']:.3f})" if {"low", "high"} <= found.keys() else ""


def _films(splits: Mapping[str, Mapping[str, int]]) -> str:
    return "; ".join(
        f"{split} " + ", ".join(f"{count} {_plain(in_list(label))}" for label, count in counts.items())
        for split, counts in splits.items()
    )


def _versions(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items()) or "not recorded"
