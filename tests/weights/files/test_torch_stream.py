from __future__ import annotations

import random
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cxrtui.errors import WeightsError
from cxrtui.weights.files.read import read_tensors
from cxrtui.weights.files.torch_file import read_torch
from tests.weights.pth import Built, Global, Persistent, pickled, stream, stream_tensor, tensor_call

KERNEL = np.arange(6, dtype=np.float32).reshape(2, 3)
BIAS = np.array([7, 8], np.float32)
KEYS = "94251812345664", "94251812345728"  # addresses, in the first years
DATA = {KEYS[1]: BIAS.tobytes(), KEYS[0]: KERNEL.tobytes()}


def content() -> dict[str, Any]:
    return {
        "conv1.weight": stream_tensor(KEYS[0], 6, (2, 3), (3, 1), parameter=True),
        "conv1.bias": stream_tensor(KEYS[1], 2, (2,), (1,)),
    }


def refused(path: Path) -> str:
    with pytest.raises(WeightsError) as error:
        read_torch(path)
    return str(error.value)


def check(tensors: dict[str, np.ndarray]) -> None:
    assert list(tensors) == ["conv1.weight", "conv1.bias"]
    np.testing.assert_array_equal(tensors["conv1.weight"], KERNEL)
    np.testing.assert_array_equal(tensors["conv1.bias"], BIAS)


def test_tensors_and_parameters_of_the_first_years(tmp_path: Path) -> None:
    check(read_torch(stream(tmp_path / "a.pth", content(), DATA)))
    check(read_tensors(stream(tmp_path / "without-an-ending", content(), DATA)))


def test_tensors_of_torch_1(tmp_path: Path) -> None:
    both = {"a": tensor_call("FloatStorage", "0", 6, offset=0, shape=(3, 2), strides=(1, 3)),
            "b": tensor_call("FloatStorage", "0", 6, offset=4, shape=(2,), strides=(1,))}  # fmt: skip
    tensors = read_torch(stream(tmp_path / "a.pth", {"state_dict": both, "epoch": 3}, {"0": KERNEL.tobytes()}))
    np.testing.assert_array_equal(tensors["state_dict.a"], KERNEL.T)
    np.testing.assert_array_equal(tensors["state_dict.b"], [4, 5])


def test_parts_that_contradict_each_other(tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    assert "little-endian" in refused(stream(path, content(), DATA, little=False))
    assert "list of tensor data" in refused(stream(path, content(), DATA, keys=[*KEYS, "3"]))
    assert "list of tensor data" in refused(stream(path, content(), DATA, keys=[KEYS[0], KEYS[0]]))
    assert "list of tensor data" in refused(stream(path, content(), DATA, keys=[KEYS[0], [KEYS[1]]]))
    assert "not as long" in refused(stream(path, content(), DATA, keys=list(KEYS)))
    assert "not as long" in refused(stream(path, content(), {**DATA, KEYS[1]: bytes(4)}))
    whole = stream(path, content(), DATA).read_bytes()
    for cut in (len(whole) - 1, len(whole) - 20, len(whole) - 60, 200, 40, 14):
        path.write_bytes(whole[:cut])
        refused(path)
    path.write_bytes(whole + b"more")
    assert "end at byte" in refused(path)
    huge = {"a": stream_tensor("0", 2**47, (2**47,), (1,))}
    assert "not as long" in refused(stream(path, huge, {"0": bytes(16)}))
    path.write_bytes(stream(path, huge, {}, keys=["0"]).read_bytes() + struct.pack("<q", 2**47))
    assert "end at byte" in refused(path)
    twice = {"a": stream_tensor("0", 2, (2,), (1,)), "b": stream_tensor("0", 4, (2,), (1,))}
    assert "two ways" in refused(stream(path, twice, {"0": bytes(16)}))


def test_what_builds_no_tensor_is_refused(tmp_path: Path) -> None:
    path, ran = tmp_path / "a.pth", tmp_path / "ran"
    system = Global("os", "system")
    assert "hostile" in refused(stream(path, {"a": system}, {}))
    assert "hostile" in refused(stream(path, {"a": Built("x", [1])}, {}))
    view = Persistent(("storage", Global("torch", "FloatStorage"), "0", "cpu", 2, ("1", 0, 2)))
    assert "hostile" in refused(stream(path, {"a": view}, {"0": bytes(8)}))
    assert "tensors where none" in refused(stream(path, {}, {}, keys=[tensor_call("FloatStorage", "0", 0, shape=())]))
    command = pickled({})[:-1] + b"cos\nsystem\n" + b"X" + struct.pack("<I", 9) + b"touch ran" + b"\x85R."
    path.write_bytes(stream(path, content(), DATA).read_bytes().replace(pickled(1001), command))
    assert "hostile" in refused(path)
    assert not ran.exists()


def test_mutated_files_are_read_or_refused(tmp_path: Path) -> None:
    whole = stream(tmp_path / "a.pth", content(), DATA).read_bytes()
    dice, path, read = random.Random(0), tmp_path / "mutated.pth", 0
    for _ in range(1500):
        mutated = bytearray(whole)
        for _ in range(dice.randint(1, 3)):
            place = dice.randrange(len(mutated))
            if dice.random() < 0.7:
                mutated[place] = dice.randrange(256)
            else:
                del mutated[place : place + dice.randint(1, 30)]
        path.write_bytes(mutated)
        try:
            read += all(value.nbytes <= 2 * len(whole) for value in read_torch(path).values())
        except WeightsError:
            continue
    assert 0 < read < 1500
