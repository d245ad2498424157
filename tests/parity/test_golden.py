"""Every format against what the original answered, without the original: see `compare` for how they were made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flax import serialization, traverse_util
from safetensors.numpy import save_file

from cxrtui.errors import WeightsError
from cxrtui.net.resnet import normalise
from cxrtui.weights import port, saved
from cxrtui.weights.files.read import read_tensors
from cxrtui.weights.formats import FORMATS
from tests.parity.compare import GOLDEN, SMALL, difference, like, normalised
from tests.parity.formula import pixels, weight
from tests.weights.pth import state_dict_file

ORDER = ("kernel", "bias", "gamma", "beta", "moving_mean", "moving_variance")


def written(golden: dict[str, Any], path: Path) -> Path:
    """The file as the original would have saved it."""
    layout = "OIHW" if path.suffix in (".pth", ".pt", ".safetensors") else "HWIO"
    tensors = {
        key: np.array(7) if key.endswith("num_batches_tracked") else weight(key, tuple(shape), layout)
        for key, shape in golden["keys"].items()
    }
    if path.suffix in (".pth", ".pt"):
        return state_dict_file(path, tensors)
    if path.suffix == ".safetensors":
        save_file(tensors, path)
    elif path.suffix == ".msgpack":
        tree = {
            ("batch_stats" if key.endswith(("mean", "var")) else "params", *key.split(".")): value
            for key, value in tensors.items()
        }
        path.write_bytes(serialization.to_bytes(traverse_util.unflatten_dict(tree)))
    elif path.name.endswith(".weights.h5"):
        _keras3(tensors, path)
    else:
        h5py = pytest.importorskip("h5py")
        with h5py.File(path, "w") as file:
            for key, value in tensors.items():
                layer, variable = key.split("/")
                file[f"{layer}/{layer}/{variable}:0"] = value
    return path


KERAS1 = {"kernel": "W", "bias": "b", "moving_mean": "running_mean", "moving_variance": "running_std"}


@pytest.mark.parametrize("end", [":0", "_1:0"])
def test_the_names_of_keras_1_are_read(end: str, tmp_path: Path) -> None:
    """As in the published file of 2016: ``res2a_branch2a/res2a_branch2a_W:0``."""
    h5py = pytest.importorskip("h5py")
    golden = json.loads((GOLDEN / "keras2016.json").read_text(encoding="utf-8"))
    expected = read_tensors(written(golden, tmp_path / "today.h5"))
    with h5py.File(tmp_path / "then.h5", "w") as file:
        for key, value in expected.items():
            layer, variable = key.split("/")
            file[f"{layer}/{layer}_{KERAS1.get(variable, variable)}{end}"] = value
    found = read_tensors(tmp_path / "then.h5")
    assert found.keys() == expected.keys()
    assert all(np.array_equal(found[key], expected[key]) for key in expected)


def _keras3(tensors: dict[str, np.ndarray], path: Path, named: bool = True) -> None:
    h5py = pytest.importorskip("h5py")
    kinds = {"conv": "conv2d", "bn": "batch_normalization", "predictions": "dense"}
    count: dict[str, int] = {}
    with h5py.File(path, "w") as file:
        for layer in dict.fromkeys(key.split("/")[0] for key in tensors):
            kind = kinds[layer.rsplit("_", 1)[-1]]
            number = count[kind] = count.get(kind, -1) + 1
            variables = file.create_group(f"layers/{kind}_{number}/vars" if number else f"layers/{kind}/vars")
            if named:
                variables.attrs["name"] = layer
            present = [variable for variable in ORDER if f"{layer}/{variable}" in tensors]
            for index, variable in enumerate(present):
                variables[str(index)] = tensors[f"{layer}/{variable}"]


@pytest.mark.parametrize("kind", ["h5", "whole model", "weights.h5"])
def test_a_network_that_is_a_layer_of_another_is_found(kind: str, tmp_path: Path) -> None:
    """``Sequential([ResNet50(include_top=False), …, Dense(2)])``, as one fine-tunes in Keras."""
    h5py = pytest.importorskip("h5py")
    golden = json.loads((GOLDEN / "keras.json").read_text(encoding="utf-8"))
    plain = written(golden, tmp_path / "plain.weights.h5")
    expected = port.read(plain, like(SMALL))
    tensors = read_tensors(plain)
    path = tmp_path / ("a.weights.h5" if kind == "weights.h5" else "a.h5")
    with h5py.File(path, "w") as file:
        if kind == "weights.h5":
            with h5py.File(plain) as source:
                source.copy("layers", file.create_group("layers/functional"))
            file["layers/dense/vars/0"] = np.zeros((128, 2), np.float32)
            file["layers/dense/vars"].attrs["name"] = "dense"
            file["layers/layer_normalization/vars/0"] = np.zeros(128, np.float32)
        else:
            root = file.create_group("model_weights") if kind == "whole model" else file
            for key, value in tensors.items():
                root[f"resnet50/{key}:0"] = value
            root["dense/dense/kernel:0"] = np.zeros((128, 2), np.float32)
    found = port.read(path, like(SMALL))
    assert found.format == expected.format
    assert "under 'resnet50/'" in found.taken or "under 'functional/'" in found.taken
    for name, value in expected.arrays.items():
        if name[0] == "backbone":
            np.testing.assert_array_equal(found.arrays[name], value)
    assert any(line.startswith("dense") for line in found.left)


def test_groups_that_are_in_themselves_end(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    for name, inner in (("a.h5", "x"), ("b.h5", "layers")):
        with h5py.File(tmp_path / name, "w") as file:
            group = file.create_group("layers/x" if inner == "layers" else "a")
            group[inner] = file["layers"] if inner == "layers" else group
        with pytest.raises(WeightsError, match="nested too deep"):
            read_tensors(tmp_path / name)


@pytest.mark.slow
@pytest.mark.parametrize("file", sorted(GOLDEN.glob("*.json")), ids=lambda file: file.stem)
def test_a_port_answers_as_the_original_did(file: Path, tmp_path: Path) -> None:
    golden = json.loads(file.read_text(encoding="utf-8"))
    path = written(golden, tmp_path / golden["file"])
    classifier, manifest = saved.read_network(path, like(SMALL))
    format = FORMATS[manifest.format]
    assert manifest.format == {"timm": "torchvision", "keras_h5": "keras"}.get(file.stem, file.stem)
    assert manifest.classes == golden["classes"]
    assert manifest.architecture == ("v1" if "h5" in golden["file"] else "v1.5")
    films = pixels(format.channels)
    images = normalised(films, format.normalisation) if format.channels == 3 else normalise(films)
    network = saved.Network(classifier, manifest)
    assert difference(np.asarray(network(images))[:, :16], golden["logits"]) < 1e-4
    for stage, pooled in network.stages(images).items():
        assert difference(np.asarray(pooled)[:, :16], golden["stages"][stage]) < 1e-4, stage
