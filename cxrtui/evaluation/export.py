"""Exports a trained run as one folder that classifies anywhere, and as one file that needs only JAX.

The folder is a folder of the shelf (see `weights.shelf`). It has the network's weights and manifest, and
``classifier.toml`` with the labels, the operating point, the preprocessing of a film, the provenance, and the metrics
with counts.

``classifier.stablehlo`` is the same classifier by `jax.export`::

    import jax, jax.export
    classify = jax.export.deserialize(bytearray(open("classifier.stablehlo", "rb").read()))
    probabilities = classify.call(films)      # uint8 [N, S, S] to float32 [N, 2]: negative, positive
"""

from __future__ import annotations

import contextlib
import json
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import tomlkit
from flax import nnx

from cxrtui import RESEARCH_ONLY
from cxrtui.data.augment import resample
from cxrtui.data.duplicates import known
from cxrtui.errors import UsageError
from cxrtui.evaluation import model as models
from cxrtui.evaluation import onnx_file, sealed
from cxrtui.evaluation.cards import OF_GROUPS, classifier_card
from cxrtui.evaluation.model import SEEN, Model
from cxrtui.evaluation.trained_on import leaks, synthetic_films
from cxrtui.files import read_text, write_atomic
from cxrtui.net import build
from cxrtui.net.classifier import Classifier
from cxrtui.net.resnet import GREY_MEAN, GREY_STD, normalise
from cxrtui.runs.folder import Run
from cxrtui.settings.sections import FILES
from cxrtui.weights import saved, shelf, shelving
from cxrtui.weights.formats.format import Normalisation
from cxrtui.weights.manifest import Manifest, read_manifest

PLATFORMS = ("cpu", "cuda", "tpu")
# Settings with paths of the machine that trained the run.
_PRIVATE = ("source", *(key.partition(".")[2] for key in FILES))


def export(
    run: Run, shelf_folder: Path, name: str, versions: Mapping[str, str], *, force: bool = False, onnx: bool = False,
    step: int | None = None,
) -> Path:  # fmt: skip
    """Put the best weights of `run` on the shelf, with everything that a prediction depends on.

    Args:
        run: a run with a checkpoint.
        shelf_folder: the shelf.
        name: of the new folder.
        versions: of the programs that write it.
        force: whether to replace a folder of that name.
        onnx: whether to write the classifier as an ONNX file too.
        step: the checkpoint to take instead of the best one.

    Returns:
        The folder.

    Raises:
        UsageError: the name is not allowed or is taken; the run has not been trained yet; or the package onnx is needed
            and not installed.
        CheckpointError: the run has no readable checkpoint.
        WeightsError: the disk refuses.
    """
    if onnx:
        onnx_file.require()
    model = models.load(run, step)
    if model.step == 0:
        raise UsageError(f"Run {run.name} has not been trained yet: its checkpoint is of step 0; go on with it first.")
    facts = describe(model, run, versions)
    network = model.network()
    with shelving.placing(shelf_folder, name, force=force) as folder:
        saved.save_shelf(folder, network, _manifest(name, network, model))
        (folder / shelf.STABLEHLO).write_bytes(stablehlo(model))
        if onnx:
            (folder / shelf.ONNX).write_bytes(onnx_file.onnx_file(model))
        write_atomic(folder / shelf.CLASSIFIER, _sealed(facts, read_manifest(folder)))
        seen = models.seen_in_training(run)
        write_atomic(folder / SEEN, "".join(f"{digest}\n" for digest in sorted(seen.digests)))
        if seen.known is not None:
            seen.known.write(folder / known.FILE)
        write_atomic(folder / shelf.CARD, classifier_card(name, facts, onnx=onnx))
    return shelf_folder / name


def describe(model: Model, run: Run, versions: Mapping[str, str]) -> dict[str, Any]:
    """Return the content of ``classifier.toml``, in TOML's own types."""
    settings = model.config.as_dict()
    if Path(settings["model"]["init"]).is_absolute():
        settings["model"]["init"] = Path(settings["model"]["init"]).name
    manifest = _json(run.manifest_file)
    data = manifest.get("data", {})
    results = {file.stem: _json(file) for file in sorted(run.evaluation.glob("*.json"))}
    facts = {
        "name": run.name, "note": RESEARCH_ONLY, "labels": list(model.labels),
        "threshold": model.operation.uncalibrated, "step": model.step,
        "precision": settings["model"]["precision"], "stored_side": model.stored_size,
        "operation": model.operation.as_dict(), "convolutions": model.table.as_dict(),
        "data": {key: value for key, value in settings["data"].items() if key not in _PRIVATE},
        "provenance": {
            "run": run.name, "seed": settings["run"]["seed"], "fingerprint": data.get("fingerprint"),
            "device": manifest.get("device"), "films": data.get("counts"), "patients": data.get("patients"),
            "synthetic": synthetic_films(run), "leaks": leaks(run) or None,
            "trained_with": manifest.get("versions"), "exported_with": dict(versions),
            "settings": {key: settings[key] for key in ("model", "augment", "optim", "stop")},
        },
        "metrics": {
            split: {"threshold": body.get("threshold"), **body.get("metrics", {}), "counts": body.get("counts"),
                    "estimates": body.get("estimates"), "by_patient": body.get("by_patient"),
                    "subgroups": [_subgroups(table) for table in body.get("subgroups") or ()]}
            for split, body in results.items() if body.get("step") == model.step
        },
    }  # fmt: skip
    written: dict[str, Any] = _without_none(facts)
    return written


def _subgroups(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return of a table by one column what the card shows."""
    groups = [
        {key: group[key] for key in ("name", "films", "positive", "patients", "few")}
        | {"estimates": {metric: group["estimates"].get(metric) for metric in OF_GROUPS}}
        for group in table["groups"]
    ]
    return {"column": table["column"], "groups": groups, "unknown": table.get("unknown", 0)}


def _sealed(facts: Mapping[str, Any], manifest: Manifest) -> str:
    """Return the text of ``classifier.toml``, with the digest of its values and of the network's description."""
    body = tomllib.loads(tomlkit.dumps({**facts, "spec": manifest.spec}))
    return tomlkit.dumps({sealed.DIGEST: sealed.digest(body), **body})


def _manifest(name: str, network: Classifier, model: Model) -> Manifest:
    spec = network.spec
    return Manifest(
        name=name, format="cxrtui", architecture=spec.architecture, classes=spec.classes, channels=1,
        normalisation=Normalisation((GREY_MEAN,), (GREY_STD,), order="grey").as_dict(),
        source=f"run {model.name}, step {model.step}", spec=spec.as_dict(), labels=model.labels,
    )  # fmt: skip


def _json(file: Path) -> dict[str, Any]:
    """Return the JSON object in a file; empty if there is none."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        body = json.loads(read_text(file))
        return body if isinstance(body, dict) else {}
    return {}


def _without_none(value: Any) -> Any:
    """Return `value` without the entries that are None, because TOML has no None."""
    if isinstance(value, Mapping):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return [_without_none(item) for item in value] if isinstance(value, list) else value


def stablehlo(model: Model) -> bytes:
    """Return the classifier with its weights as one serialised program, in float32, for any number of images.

    The program takes uint8 ``[N, S, S]``, images as `decoding.films.read_film` returns them. It returns the network's
    own probabilities, before calibration, float32 ``[N, 2]``, of the negative and the positive class.
    """
    network = model.network()
    build.compute_in(network, "float32")
    graphdef, state = nnx.split(network)

    def classify(films: jax.Array) -> jax.Array:
        logits = nnx.merge(graphdef, state)(normalise(resample(films, model.size)))
        return jax.nn.softmax(logits, axis=-1)

    films = jax.ShapeDtypeStruct(jax.export.symbolic_shape(f"n, {model.stored_size}, {model.stored_size}"), jnp.uint8)
    with _without_source_paths():
        return bytes(jax.export.export(jax.jit(classify), platforms=PLATFORMS)(films).serialize())


@contextlib.contextmanager
def _without_source_paths() -> Iterator[None]:
    """Keep the paths of this machine's source files out of programs that are lowered in this block."""
    before = jax.config.jax_traceback_in_locations_limit  # type: ignore[attr-defined]
    jax.config.update("jax_traceback_in_locations_limit", 0)  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        jax.config.update("jax_traceback_in_locations_limit", before)  # type: ignore[no-untyped-call]
