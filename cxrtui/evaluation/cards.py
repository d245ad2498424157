"""Writes the card of a finished classifier: what it is, how well it did, and what it must not be used for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cxrtui import RESEARCH_ONLY
from cxrtui.printable import in_list

PRECISION = (
    "Such programs compute in float32, whatever the run did; cxrtui computes in the run's precision. In bfloat16, the "
    "default on a GPU, its probabilities differ from theirs by about a thousandth, so a film at the threshold may be "
    "predicted otherwise."
)


def classifier_card(name: str, facts: Mapping[str, Any], *, onnx: bool = False) -> str:
    """Return the card, in Markdown, from the facts of ``classifier.toml``; `onnx`: is there an ONNX file too?"""
    negative, positive = facts["labels"]
    data, origin = facts["data"], facts["provenance"]
    fingerprint = origin.get("fingerprint", "not recorded")
    lines = [
        f"# {name}",
        f"**{RESEARCH_ONLY}**",
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
        f"{positive} is {facts['threshold']:g} or more.",
        "## How well it did",
        *[_result(split, body) for split, body in facts["metrics"].items()],
        "" if facts["metrics"] else "These weights were not evaluated in their run.",
        "Results on films of the same collection say little about films from elsewhere: evaluate it on your own films.",
        "## Where it comes from",
        f"- run {origin['run']}, seed {origin['seed']}, step {facts['step']}\n"
        f"- films: fingerprint {fingerprint}; {_films(origin.get('films', {}))}\n"
        f"- trained with {_versions(origin.get('trained_with', {}))}\n"
        f"- exported with {_versions(origin.get('exported_with', {}))}\n"
        "- `trained-on.txt` lists the SHA-256 of the films it was trained and tuned on, so that `evaluate` can warn",
    ]  # fmt: skip
    return "\n\n".join(line for line in lines if line) + "\n"


def _result(split: str, body: Mapping[str, Any]) -> str:
    counts = body.get("counts", {})
    auroc = f", AUROC {body['auroc']:.4f}" if "auroc" in body else ""
    return (
        f"- {split}: sensitivity {counts.get('tp', '?')}/{counts.get('positive', '?')}, "
        f"specificity {counts.get('tn', '?')}/{counts.get('negative', '?')}{auroc}, {counts.get('films', '?')} films"
    )


def _films(splits: Mapping[str, Mapping[str, int]]) -> str:
    return "; ".join(
        f"{split} " + ", ".join(f"{count} {in_list(label)}" for label, count in counts.items())
        for split, counts in splits.items()
    )


def _versions(versions: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions.items()) or "not recorded"
