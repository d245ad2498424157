"""A network is found wherever a training loop has put it, and whatever stands beside it; nothing else is taken."""

from __future__ import annotations

import dataclasses
import json
import os
import pickle
import re
from pathlib import Path

import numpy as np
import pytest

from cxrtui.errors import UsageError, WeightsError
from cxrtui.weights import port, shelving
from cxrtui.weights.formats import IMAGENET
from cxrtui.weights.port import Ported, PortOptions
from tests.weights.pth import state_dict_file
from tests.weights.torchvision_file import Tensors, saved, torchvision_tensors

pytestmark = pytest.mark.slow

SIZES = (2, 1, 1, 1)
NARROW = PortOptions(width=4, stages=SIZES)


@pytest.fixture(scope="module")
def network() -> Tensors:
    return torchvision_tensors(4, SIZES)


@pytest.fixture(scope="module")
def backbone(network: Tensors) -> Tensors:
    return {key: value for key, value in network.items() if not key.startswith("fc.")}


def under(prefix: str, tensors: Tensors, shift: float = 0.0) -> Tensors:
    return {f"{prefix}{key}": value + np.asarray(shift, value.dtype) for key, value in tensors.items()}


def read(tensors: Tensors, folder: Path, name: str = "a.pth", **options: object) -> Ported:
    return port.read(state_dict_file(folder / name, tensors), dataclasses.replace(NARROW, **options))  # type: ignore[arg-type]


def same(found: Ported, tensors: Tensors) -> bool:
    kernel = found.arrays["backbone", "stage3", "blocks", 0, "conv2", "kernel"]
    mean = found.arrays["backbone", "stem", "norm", "mean"]
    return np.array_equal(kernel, tensors["layer3.0.conv2.weight"].transpose(2, 3, 1, 0)) and np.array_equal(
        mean, tensors["bn1.running_mean"]
    )


PREFIXES = [
    "module.", "_orig_mod.", "module._orig_mod.", "state_dict.net.", "encoder.", "backbone.", "features.",
    "resnet.", "model.", "net.", "module.encoder_q.", "module.base_encoder.", "state_dict.module.backbone.",
    "model.backbone.body.", "student.", "online_encoder.net.", "state_dict.model.net.encoder.module.",
    "teacher.backbone.", "0.", "a.b.c.d.e.f.g.",
]  # fmt: skip


@pytest.mark.parametrize("prefix", PREFIXES)
def test_under_any_prefix(prefix: str, backbone: Tensors, tmp_path: Path) -> None:
    found = read(under(prefix, backbone), tmp_path)
    assert same(found, backbone)
    assert repr(prefix) in found.taken
    assert [line.partition(" (")[0] for line in found.left] == ["num_batches_tracked"]


@pytest.mark.parametrize("prefix", ["features.", "", "module.model.0.", "encoder."])
def test_the_children_in_a_sequence(prefix: str, backbone: Tensors, tmp_path: Path) -> None:
    """``nn.Sequential(*list(resnet50().children())[:-1])``: 0 is conv1, 1 bn1, 4 to 7 the stages."""
    names = {"conv1": "0", "bn1": "1", **{f"layer{stage}": str(stage + 3) for stage in range(1, 5)}}
    numbered = {
        prefix + re.sub(r"^[a-z]+\d", lambda match: names[match[0]], key): value for key, value in backbone.items()
    }
    found = read({**numbered, "classifier.weight": np.zeros((14, 128), np.float32)}, tmp_path)
    assert same(found, backbone)
    assert found.normalisation == IMAGENET
    assert found.spec.classes == 0
    assert "classifier (1 tensor): no part of the backbone" in found.left


def test_beside_any_company(network: Tensors, backbone: Tensors, tmp_path: Path) -> None:
    company = {
        "state_dict.criterion.pos_weight": np.zeros(3, np.float32),
        "best_acc1": np.zeros((), np.float32),
        "criterion.weight": np.zeros(3, np.float32),
        "optimizer.state.0.exp_avg": np.zeros(3, np.float32),
        "optimizer_state.exp_avg.layer1.0.conv1.weight": np.zeros(3, np.float32),
        "state_dict.queue": np.zeros((3, 9), np.float32),
        "state_dict.projector.0.weight": np.zeros((8, 128), np.float32),
        "state_dict.m.fc.bias": np.full(5, np.nan, np.float32),  # of a head of two layers, and of no concern
        "state_dict.m.fc.0.weight": np.zeros((5, 128), np.float32),
    }
    found = read({**under("state_dict.m.", backbone), **company}, tmp_path)
    assert same(found, backbone)
    assert found.spec.classes == 0
    told = " | ".join(found.left)
    for group, why in (("best_acc1", "no part"), ("criterion", "no part"), ("optimizer", "of the optimizer"),
                       ("optimizer_state", "of the optimizer"), ("state_dict.m.fc", "no part"),
                       ("state_dict.queue", "no part"), ("state_dict.criterion", "no part")):  # fmt: skip
        assert re.search(rf"{re.escape(group)} \(\d+ tensors?\): {why}", told), told
    assert read(network, tmp_path).spec.classes == 1000


def test_a_head_without_a_bias_has_none(network: Tensors, tmp_path: Path) -> None:
    kernel = np.random.default_rng(1).normal(size=(7, 128)).astype(np.float32)
    del (bare := {**network, "fc.weight": kernel})["fc.bias"]
    found = read(bare, tmp_path)
    assert found.spec.classes == 7
    np.testing.assert_array_equal(found.arrays["head", "layers", 0, "kernel"], kernel.T)
    np.testing.assert_array_equal(found.arrays["head", "layers", 0, "bias"], np.zeros(7))


def test_a_bias_of_a_convolution_is_a_shift_of_the_mean(backbone: Tensors, tmp_path: Path) -> None:
    bias = np.linspace(0, 1, 4, dtype=np.float32)
    found = read({**backbone, "conv1.bias": bias}, tmp_path)
    np.testing.assert_allclose(
        found.arrays["backbone", "stem", "norm", "mean"], backbone["bn1.running_mean"] - bias, atol=1e-6
    )


@pytest.mark.parametrize(("plain", "averaged"), [
    ("state_dict.", "state_dict_ema."), ("model.", "model_ema.module."), ("model.", "ema."), ("", "ema_model."),
    ("student.backbone.", "teacher.backbone."), ("module.encoder_q.", "module.encoder_k."),
    ("online_encoder.", "target_encoder."), ("module.base_encoder.", "module.momentum_encoder."),
    ("state_dict.net.", "swa_state_dict.net."), ("model.", "modelEma."), ("net.", "netEMA.module."),
])  # fmt: skip
def test_plain_or_averaged_is_a_choice(plain: str, averaged: str, backbone: Tensors, tmp_path: Path) -> None:
    both = {**under(plain, backbone), **under(averaged, backbone, 1.0)}
    found = read(both, tmp_path)
    assert same(found, backbone)
    assert found.taken.startswith("plain weights, ")
    assert any(
        line.startswith(f"{averaged} (") and "an averaged copy, which --ema takes" in line for line in found.left
    )
    found = read(both, tmp_path, average=True)
    assert same(found, under("", backbone, 1.0))
    assert found.taken.startswith("averaged weights, ")
    assert any("the plain weights, which are taken without --ema" in line for line in found.left)
    assert same(read(under(averaged, backbone), tmp_path), backbone)  # where there is nothing else


@pytest.mark.parametrize(
    "prefix",
    ["exp_avg.", "exp_avg_sq.", "momentum_buffer.", "fp32_master_weights.", "checkpoint.optimizer.state.", "opt."],
)
def test_what_an_optimizer_keeps_is_no_network(prefix: str, backbone: Tensors, tmp_path: Path) -> None:
    both = {**under("model.", backbone), **under(prefix, backbone, 1.0)}
    found = read(both, tmp_path)
    assert same(found, backbone)
    assert any("of the optimizer" in line for line in found.left)
    with pytest.raises(WeightsError, match="no averaged copy"):
        read(both, tmp_path, average=True)


def test_two_networks_that_are_not_told_apart(backbone: Tensors, tmp_path: Path) -> None:
    two = {**under("frontal.", backbone), **under("lateral.", backbone, 1.0)}
    with pytest.raises(WeightsError, match=r"2 networks, under 'frontal\.' and 'lateral\.'.*--prefix frontal --out"):
        read(two, tmp_path)
    for prefix in ("lateral", "lateral."):
        assert same(read(two, tmp_path, prefix=prefix), under("", backbone, 1.0))
    with pytest.raises(WeightsError, match=r"no ResNet-50 under 'x', but under 'frontal\.' and 'lateral\.'"):
        read(two, tmp_path, prefix="x")
    with pytest.raises(WeightsError, match="no averaged copy"):
        read(two, tmp_path, average=True)
    assert same(read({**under("a.", backbone), **under("b.", backbone)}, tmp_path), backbone)  # one by two names


def test_what_is_missing_of_the_network_is_a_short_error(backbone: Tensors, tmp_path: Path) -> None:
    lacking = {key: value for key, value in backbone.items() if not key.startswith("layer1.")}
    with pytest.raises(WeightsError) as caught:
        read({**under("module.", lacking), "zebra": np.zeros(1, np.float32)}, tmp_path)
    told = str(caught.value)
    missing = sum(key.startswith("layer1.") and "tracked" not in key for key in backbone)
    assert f"{missing} missing (module.layer1.0.bn1.bias, " in told
    assert f", and {missing - 10} more)" in told
    assert told.count("module.layer1.") == 10
    assert "zebra" not in told
    shallow = {key: value for key, value in backbone.items() if not re.search(r"\.(conv3|bn3)\.", key)}
    with pytest.raises(WeightsError, match="A ResNet-18 or -34"):
        read(shallow, tmp_path)
    assert "ResNet-18" not in told
    torn = {**backbone, "layer2.0.bn1.running_var": np.full(8, np.nan, np.float32)}
    with pytest.raises(WeightsError, match=r"layer2\.0\.bn1\.running_var holds NaN or infinity") as caught:
        read(torn, tmp_path)
    assert caught.value.exit_code == 4
    assert str(caught.value).endswith("take an earlier checkpoint, or fetch it again.")
    negative = {**backbone, "layer2.0.bn1.running_var": np.full(8, -1e-3, np.float32)}  # its root would be NaN
    with pytest.raises(WeightsError, match=r"1 variances below zero \(layer2\.0\.bn1\.running_var\)"):
        read(negative, tmp_path)


def test_keys_made_to_take_long_do_not(backbone: Tensors, tmp_path: Path) -> None:
    """A million parts, and words that a backtracking search would try in every way."""
    long = "optim_" * 100_000 + ".", "ema_" * 100_000 + "x.", "a." * 500_000
    odd = {f"{prefix}conv1.weight": np.zeros(1, np.float32) for prefix in long}
    assert same(read({**odd, **under("module.", backbone)}, tmp_path), backbone)


@pytest.mark.parametrize(
    "key", ["layer1.2.conv1.weight", "layer2.0.se.fc1.weight", "layer4.0.conv4.weight", "bn1.extra"]
)
def test_more_in_the_backbone_is_another_network(key: str, backbone: Tensors, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=rf"1 extra \(m\.{key}\)"):
        read(under("m.", {**backbone, key: np.zeros(1, np.float32)}), tmp_path)


def one_channel(backbone: Tensors) -> Tensors:
    return {**backbone, "conv1.weight": backbone["conv1.weight"][:, :1].copy()}


def test_one_channel_must_say_what_it_was_shown(backbone: Tensors, tmp_path: Path) -> None:
    tensors = one_channel(backbone)
    with pytest.raises(WeightsError, match=r"one channel.*weights port .*a\.pth --out NAME --range RANGE") as caught:
        read(under("module.", tensors), tmp_path)
    assert caught.value.exit_code == 4
    ranges = {}
    for said, mean, std in (("-1024:1024", -1024, 2048), ("0:1", 0, 1), ("imagenet", 0.449, None),
                            ("0.5/0.25", 0.5, None), ("-1:1", -1, 2), ("0:255", 0, 255),
                            ("-3.5:1e1", -3.5, 13.5)):  # fmt: skip
        found = read(tensors, tmp_path, range=said).normalisation
        ranges[said] = found
        black, white = (-found.mean[0] / found.std[0], (found.scale - found.mean[0]) / found.std[0])
        if std is not None:
            assert (black, white - black) == pytest.approx((mean, std))
        else:
            assert found.mean[0] == mean
    assert len(set(ranges.values())) == len(ranges)
    for wrong in ("grey", "1:1", "0/0", "1", "nan:1", "0:1e999", "1/-1"):
        with pytest.raises(UsageError, match="range of one-channel input"):
            read(tensors, tmp_path, range=wrong)
    with pytest.raises(UsageError, match="three channels"):
        read(backbone, tmp_path, range="0:1")


@pytest.mark.parametrize("word", ["op_threshs", "name", "metadata"])
def test_torchxrayvision_by_the_files_own_words(word: str, backbone: Tensors, tmp_path: Path) -> None:
    tensors = one_channel(backbone)
    if word == "op_threshs":
        found = read({**under("model.", tensors), "op_threshs": np.zeros(18, np.float32)}, tmp_path)
    elif word == "name":
        found = read(tensors, tmp_path, "pc-nih-rsna-siim-vin-resnet50-test512-e400-state.pt")
    else:
        from safetensors.numpy import save_file

        save_file(tensors, tmp_path / "a.safetensors", metadata={"source": "torchxrayvision 1.3"})
        found = port.read(tmp_path / "a.safetensors", NARROW)
    assert found.format.name == "torchxrayvision"
    assert (found.normalisation.mean, found.normalisation.scale) == ((1024.0,), 2048.0)
    assert "from -1024 to 1024, as its" in found.taken


def test_what_is_no_file_of_weights_says_what_it_is(backbone: Tensors, tmp_path: Path) -> None:
    whole = saved(backbone, tmp_path)
    assert same(port.read(whole.rename(tmp_path / "no-ending"), NARROW), backbone)
    for name, content, what in (
        ("passwd", b"root:x:0:0:root:/root:/bin/bash\n", "but text"),
        ("a.pth", b"", "but empty"),
        ("b.pth", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "pointer of Git LFS"),
        ("c.safetensors", b"<!DOCTYPE html><html>", "a web page"),
        ("d.h5", b"\x89PNG\r\n\x1a\n" + bytes(90), "a PNG image"),
        ("e.pt", b"\x1f\x8b\x08" + bytes(90), "a gzip archive; unpack it"),
        ("film.dcm", bytes(128) + b"DICM" + bytes(90), "a DICOM film"),
        ("model_final.pkl", pickle.dumps({"model": {}}, 2), "a pickle that torch.save did not write"),
        ("random", bytes(range(129, 256)) * 4, "known here"),
    ):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(WeightsError, match=rf"{name} is (no file of weights|refused).*{what}") as caught:
            port.read(tmp_path / name)
        assert caught.value.exit_code == 4


def test_what_is_no_file_is_not_opened(backbone: Tensors, tmp_path: Path) -> None:
    """A reader would wait for ever at a pipe, and read for ever of a device."""
    folder, pipe = tmp_path / "folder", tmp_path / "pipe"
    os.mkfifo(pipe)
    folder.mkdir()
    for path, what in ((pipe, "a pipe"), (Path("/dev/zero"), "a device"), (folder, r"is a folder.*in it\.")):
        with pytest.raises(WeightsError, match=what):
            port.read(path)
    file = saved(backbone, folder)
    with pytest.raises(WeightsError, match=f"name the file of weights in it, {file.name}"):
        port.read(folder)


@pytest.mark.parametrize(
    "name", ["model-00001-of-00002.safetensors", "pytorch_model-00002-of-00002.bin", "model.safetensors.index.json"]
)
def test_a_part_of_a_network_says_that_it_is_one(name: str, backbone: Tensors, tmp_path: Path) -> None:
    part = saved(backbone, tmp_path).rename(tmp_path / name)
    with pytest.raises(WeightsError, match=r"in several shards.*save_file"):
        port.read(part, NARROW)
    whole = part.rename(tmp_path / "model-00001-of-00001.safetensors")
    assert same(port.read(whole, NARROW), backbone)


@pytest.mark.parametrize("ending", ["pth", "h5", "msgpack", "safetensors"])
def test_a_sparse_file_of_any_size_is_not_read(ending: str, tmp_path: Path) -> None:
    """Reading it would take hours, or all memory."""
    with (file := tmp_path / f"a.{ending}").open("wb") as opened:
        opened.truncate(1 << 40)
    with pytest.raises(WeightsError, match="1,024 GiB"):
        shelving.port(file, tmp_path / "models", "a")
    with pytest.raises(WeightsError, match="1,024 GiB"):
        port.read(file)


@pytest.mark.parametrize("kind", ["F8_E4M3", "F8_E5M2"])
def test_numbers_that_are_not_read_say_so(kind: str, tmp_path: Path) -> None:
    header = json.dumps({"conv1.weight": {"dtype": kind, "shape": [4], "data_offsets": [0, 4]}}).encode()
    (tmp_path / "a.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    with pytest.raises(WeightsError, match=r"of a kind that is not read here.*float32"):
        port.read(tmp_path / "a.safetensors")
