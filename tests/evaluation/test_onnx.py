"""A finished classifier as an ONNX file: the same answers without JAX."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from cxrtui.data.images.decode import read_film
from cxrtui.errors import UsageError
from cxrtui.evaluation import classify, onnx_file
from cxrtui.evaluation.export import export, stablehlo
from cxrtui.evaluation.model import Model
from cxrtui.net import freeze
from cxrtui.net.classifier import ClassifierSpec, create
from cxrtui.runs.folder import Run
from cxrtui.settings import config
from cxrtui.weights import shelf

SPECS = {
    "plain": ClassifierSpec(width=4, stage_sizes=(1, 2, 1, 1), hidden=(8,)),
    "folded": ClassifierSpec(width=4, stage_sizes=(1, 2, 1, 1), hidden=(), stem_offset=True),
    "v1": ClassifierSpec(width=4, stage_sizes=(1, 2, 1, 1), hidden=(8, 4), architecture="v1", epsilon=1e-2),
}


def session(program: bytes) -> Any:
    pytest.importorskip("onnx")
    return pytest.importorskip("onnxruntime").InferenceSession(program, providers=["CPUExecutionProvider"])


def scrambled(spec: ClassifierSpec, size: int) -> Model:
    """A classifier none of whose values is where it started."""
    network, random = create(spec), np.random.default_rng(0)
    for path, variable in nnx.to_flat_state(nnx.state(network, (nnx.Param, nnx.BatchStat))):
        if path[-1] != "kernel":
            low, high = (0.4, 1.5) if path[-1] in ("scale", "var") else (-0.5, 0.5)
            variable.set_value(jnp.asarray(random.uniform(low, high, variable.shape), jnp.float32))
    graphdef, trainable, frozen, statistics = freeze.split(network)
    weights = {"trainable": trainable, "frozen": frozen, "statistics": statistics}
    return Model("m", config.resolve({"data.size": size}), ("negative", "positive"), graphdef, weights, 1)


@pytest.mark.slow
@pytest.mark.parametrize("name", SPECS)
@pytest.mark.parametrize("size", [32, 45])
def test_every_kind_of_network_gives_the_same_probabilities(name: str, size: int) -> None:
    pytest.importorskip("onnx")
    model = scrambled(SPECS[name], size)
    runtime = session(onnx_file.onnx_file(model))
    reference = jax.export.deserialize(bytearray(stablehlo(model)))
    films = np.random.default_rng(1).integers(0, 256, (5, model.stored_size, model.stored_size), dtype=np.uint8)
    for batch in (films, films[:1]):
        (found,) = runtime.run(None, {"films": batch})
        np.testing.assert_allclose(found, np.asarray(reference.call(batch)), atol=1e-6)
    assert np.ptp(found) > 1e-3 or np.ptp(runtime.run(None, {"films": films})[0]) > 1e-3  # not all alike


@pytest.mark.slow
def test_a_run_is_exported_with_it(trained: Run, phantom_films: Path, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    folder = export(trained, tmp_path / "models", "mine", {}, onnx=True)
    runtime = session((folder / shelf.ONNX).read_bytes())
    assert runtime.get_modelmeta().custom_metadata_map["labels"] == '["negative", "positive"]'
    assert "classifier.onnx" in (folder / shelf.CARD).read_text()
    films = sorted(phantom_films.glob("*/*.png"))[::13]
    expected = [list(row.probabilities.values()) for row in classify.load(folder).classify(films)]
    (found,) = runtime.run(None, {"films": np.stack([read_film(path, 40) for path in films])})
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.slow
def test_without_the_package_nothing_is_written(trained: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(UsageError, match=r"pip install 'cxrtui\[onnx\]'"):
        export(trained, tmp_path / "models", "mine", {}, onnx=True)
    assert not (tmp_path / "models").exists()
