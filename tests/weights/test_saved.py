"""From a file to the shelf, from the shelf to a network; and every way in which one of them is not sound."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from cxrtui import weights
from cxrtui.errors import WeightsError
from cxrtui.net.classifier import ClassifierSpec, create
from cxrtui.net.resnet import normalise
from cxrtui.weights import backbone, saved
from cxrtui.weights.arrays import disassemble
from cxrtui.weights.formats import IMAGENET
from cxrtui.weights.grey import GREY
from cxrtui.weights.manifest import Manifest, read_manifest, write_manifest
from cxrtui.weights.port import PortOptions
from tests.weights.pth import state_dict_file
from tests.weights.torchvision_file import Tensors, torchvision_tensors
from tests.weights.torchvision_file import saved as as_safetensors

NARROW = PortOptions(width=8, stages=(1, 1, 1, 1))
LIKE = ClassifierSpec(width=8, stage_sizes=(1, 1, 1, 1))


@pytest.fixture
def tensors() -> Tensors:
    found = torchvision_tensors(8, (1, 1, 1, 1))
    random = np.random.default_rng(3)
    found["fc.weight"] = random.normal(0, 0.1, (5, 256)).astype(np.float32)
    found["fc.bias"] = random.normal(0, 0.1, 5).astype(np.float32)
    return found


@pytest.fixture
def shelf(tensors: Tensors, tmp_path: Path) -> Path:
    network, manifest = saved.read_network(state_dict_file(tmp_path / "r.pth", tensors), NARROW)
    return saved.save_shelf(
        tmp_path / "models" / "tiny", network, dataclasses.replace(manifest, name="tiny", licence="BSD-3-Clause")
    )


def test_load_by_name_and_by_folder(shelf: Path, tmp_path: Path) -> None:
    network = weights.load("tiny", workspace=tmp_path)
    films = np.random.default_rng(0).uniform(0, 1, (2, 40, 36, 1)).astype(np.float32)
    rgb = (np.repeat(films, 3, -1) - np.array(IMAGENET.mean)) / np.array(IMAGENET.std)
    logits, grey = network(rgb), network(normalise(jnp.asarray(films)))
    assert logits.shape == (2, 5)
    assert logits.dtype == jnp.float32
    np.testing.assert_allclose(grey, logits, atol=1e-5)  # one channel or three
    assert {name: pooled.shape for name, pooled in network.stages(rgb).items()} == {
        "stem": (2, 8), "stage1": (2, 32), "stage2": (2, 64), "stage3": (2, 128), "stage4": (2, 256),
    }  # fmt: skip
    np.testing.assert_array_equal(weights.load(str(shelf))(rgb), logits)
    np.testing.assert_array_equal(network(rgb), logits)  # nothing moves
    with pytest.raises(ValueError, match="3 channels, not 2"):
        network(np.zeros((1, 32, 32, 2)))
    with pytest.raises(ValueError, match="N, H, W"):
        network(np.zeros((32, 32, 3)))


def test_the_manifest_says_what_it_is(shelf: Path) -> None:
    manifest = read_manifest(shelf)
    assert (manifest.name, manifest.format, manifest.architecture) == ("tiny", "torchvision", "v1.5")
    assert (manifest.classes, manifest.channels, manifest.licence) == (5, 3, "BSD-3-Clause")
    assert manifest.normalisation == IMAGENET.as_dict()
    assert len(manifest.sha256) == 64


def test_a_trained_classifier_comes_back_to_the_bit(tmp_path: Path) -> None:
    spec = dataclasses.replace(LIKE, hidden=(16,), stem_offset=True, architecture="v1", epsilon=1.001e-5)
    network = create(spec, seed=4)
    manifest = Manifest("a", "cxrtui", "", 0, 0, GREY.as_dict(), {}, labels=("negative", "positive"))
    folder = tmp_path / "a"
    folder.mkdir()
    (folder / "card").write_text("stays")
    again, told = saved.read_shelf(saved.save_shelf(folder, network, manifest))
    assert again.spec == spec
    assert told.labels == ("negative", "positive")
    assert (folder / "card").is_file()
    theirs = disassemble(again)
    for path, value in disassemble(network).items():
        np.testing.assert_array_equal(theirs[path], value)


@pytest.mark.slow
def test_a_backbone_for_training_from_a_file_and_from_the_shelf(shelf: Path, tensors: Tensors, tmp_path: Path) -> None:
    spec = dataclasses.replace(LIKE, hidden=(4,))
    kernels = []
    for place in (shelf, as_safetensors(tensors, tmp_path)):
        found = backbone.read_backbone(place, spec)
        assert found.spec == dataclasses.replace(spec, stem_offset=True)
        network, drawn = create(found.spec, backbone=False), create(found.spec)
        np.testing.assert_array_equal(network.head.layers[0].kernel[...], drawn.head.layers[0].kernel[...])
        head = np.asarray(network.head.layers[0].kernel[...])
        found.fill(network)
        np.testing.assert_array_equal(network.head.layers[0].kernel[...], head)
        kernels.append(np.asarray(network.backbone.stem.conv.kernel[...]))
    np.testing.assert_array_equal(*kernels)
    with pytest.raises(ValueError, match="another architecture"):
        found.fill(create(dataclasses.replace(spec, architecture="v1")))
    with pytest.raises(WeightsError, match=r"8 features wide.*model\.width"):
        backbone.read_backbone(shelf, dataclasses.replace(spec, width=16))


@pytest.mark.slow
@pytest.mark.parametrize("harm", ["weights changed", "weights gone", "manifest gone", "manifest torn", "other spec",
                                  "odd spec", "unknown field", "wrong type", "bad normalisation"])  # fmt: skip
def test_unsound_folders_are_refused(shelf: Path, harm: str) -> None:
    manifest, tensors = shelf / "model.toml", shelf / "weights.safetensors"
    text = manifest.read_text()
    if harm == "weights changed":
        changed = bytearray(tensors.read_bytes())
        changed[-1] ^= 1
        tensors.write_bytes(changed)
    elif harm == "weights gone":
        tensors.unlink()
    elif harm == "manifest gone":
        manifest.unlink()
    else:
        old, new = {
            "manifest torn": ("[spec]", "[spec"),
            "other spec": ("width = 8", "width = 16"),
            "odd spec": ("width = 8", 'width = "x"'),
            "unknown field": ("classes = 5\nchannels", "klasses = 5\nchannels"),
            "wrong type": ('licence = "BSD-3-Clause"', "licence = 3"),
            "bad normalisation": ("std = [", "std = [0.0, "),
        }[harm]
        assert old in text
        manifest.write_text(text.replace(old, new, 1))
    with pytest.raises(WeightsError) as caught:
        weights.load(shelf)
    assert caught.value.exit_code == 4


def test_a_name_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="neither on the shelf"):
        weights.load("nothing", workspace=tmp_path)


@pytest.mark.slow
def test_wrappers_and_checkpoints_are_seen_through(tensors: Tensors, tmp_path: Path) -> None:
    expected, _ = saved.read_network(as_safetensors(tensors, tmp_path), NARROW)
    wrapped = {f"module.{key}": value for key, value in tensors.items()}
    for path in (state_dict_file(tmp_path / "a.pth", wrapped),
                 state_dict_file(tmp_path / "b.pth", wrapped, within="state_dict")):  # fmt: skip
        network, _ = saved.read_network(path, NARROW)
        for name, value in disassemble(expected).items():
            np.testing.assert_array_equal(disassemble(network)[name], value)


@pytest.mark.slow
def test_all_misfits_of_any_format_are_told(tensors: Tensors, tmp_path: Path) -> None:
    del tensors["bn1.running_var"], tensors["fc.weight"]
    tensors["layer1.0.conv1.weight"] = np.zeros((8, 9, 1, 1), np.float32)
    tensors["layer9"] = np.zeros(1, np.float32)
    with pytest.raises(WeightsError) as caught:
        saved.read_network(as_safetensors(tensors, tmp_path), NARROW)
    for part in ("1 missing (bn1.running_var)", "[8, 9, 1, 1], not [8, 8, 1, 1]"):  # a head that is none is company
        assert part in str(caught.value)
    assert "layer9" not in str(caught.value)
    with pytest.raises(WeightsError, match="missing"):  # a smaller network is no ResNet-50
        saved.read_network(as_safetensors(torchvision_tensors(8, (1, 1, 1, 1)), tmp_path))
    with pytest.raises(WeightsError, match="no ResNet-50 known here"):
        saved.read_network(as_safetensors({"a": np.zeros(1, np.float32)}, tmp_path))
    with pytest.raises(WeightsError, match="no format 'x'"):
        saved.read_network(as_safetensors(tensors, tmp_path), PortOptions(format="x"))


@pytest.mark.parametrize("name", ["a.h5", "a.msgpack", "a.pt", "a.safetensors", "a.bin"])
@pytest.mark.parametrize("content", [b"", b"nothing of the kind", b"\x89HDF\r\n\x1a\n" + bytes(90), b"\xc1\x80"])
def test_what_is_no_file_of_weights(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(WeightsError) as caught:
        saved.read_network(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value)


def test_the_room_is_entered_without_jax() -> None:
    code = "import sys; from cxrtui import weights; import cxrtui.weights.manifest; weights.load"
    code += "; print('jax' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_folder_that_says_flavour_is_read(tmp_path: Path) -> None:
    manifest = Manifest("a", "keras", "v1", 0, 3, IMAGENET.as_dict(), {})
    write_manifest(tmp_path, manifest)
    file = tmp_path / "model.toml"
    assert 'format = "keras"' in file.read_text()
    file.write_text(file.read_text().replace("format =", "flavour ="))  # as versions before wrote it
    assert read_manifest(tmp_path) == manifest
