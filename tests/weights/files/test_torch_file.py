"""A .pth file yields tensors or a WeightsError; whatever is in it, nothing of it runs."""

from __future__ import annotations

import io
import os
import pickle
import random
import struct
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cxrtui.errors import WeightsError
from cxrtui.weights.files.torch_file import read_torch
from cxrtui.weights.files.torch_pickle import MAX_STEPS
from tests.weights.pth import Global, Persistent, pickled, pth, state_dict_file, tensor_call

VALUES = {"conv1.weight": np.arange(24, dtype=np.float32).reshape(2, 3, 2, 2), "bn1.bias": np.ones(2, np.float32),
          "bn1.num_batches_tracked": np.array(7, np.int64)}  # fmt: skip


def test_tensors_come_out_as_they_went_in(tmp_path: Path) -> None:
    tensors = read_torch(state_dict_file(tmp_path / "a.pth", VALUES))
    assert tensors.keys() == VALUES.keys()
    for key, value in VALUES.items():
        assert tensors[key].dtype == value.dtype
        np.testing.assert_array_equal(tensors[key], value)


def test_a_checkpoint_is_opened(tmp_path: Path) -> None:
    tensors = read_torch(state_dict_file(tmp_path / "a.pth", VALUES, within="state_dict"))
    assert tensors.keys() == {f"state_dict.{key}" for key in VALUES}


def test_strides_are_kept(tmp_path: Path) -> None:
    call = tensor_call("FloatStorage", "0", 6, shape=(3, 2), strides=(1, 3))
    path = pth(tmp_path / "a.pth", pickled({"a": call}), {"0": np.arange(6, dtype=np.float32).tobytes()})
    np.testing.assert_array_equal(read_torch(path)["a"], [[0, 3], [1, 4], [2, 5]])


class Runs:
    """Pickles itself as a call."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self.call = function, arguments

    def __reduce__(self) -> Any:
        return self.call


def _witness(tmp_path: Path) -> str:
    return f"touch {tmp_path / 'ran'}"


PROGRAMS: dict[str, bytes] = {
    "eval": b"\x80\x02cbuiltins\neval\nX\x03\x00\x00\x001+1\x85R.",
    "inst": b"(X\x04\x00\x00\x00trueios\nsystem\n.",
    "obj": b"(cos\nsystem\nX\x04\x00\x00\x00trueo.",
    "newobj": b"\x80\x02cos\nsystem\nX\x04\x00\x00\x00true\x85\x81.",
    "newobj_ex": b"\x80\x04\x8c\x02os\x8c\x06system\x93)}\x92.",
    "stack global": b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R.",
    "stack global of numbers": b"\x80\x04K\x01K\x02\x93.",
    "dotted global": b"\x80\x04\x8c\x05torch\x8c\x10storage.os.systm\x93.",
    "global behind a torch name": b"ctorch._utils\n_rebuild_tensor_v2.__globals__\n.",
    "global with a space": b"ctorch\nFloatStorage os\n.",
    "nested import": b"ctorch.serialization\nload\nX\x01\x00\x00\x00a\x85R.",
    "extension registry": b"\x82\x01.",
    "extension registry 4": b"\x84\x01\x00\x00\x00.",
    "text persistent id": b"Pstorage\n.",
    "persistent id is a string": b"X\x07\x00\x00\x00storageQ.",
    "ordered dict with arguments": b"ccollections\nOrderedDict\n]\x85R.",
    "storage called": b"ctorch\nFloatStorage\n)R.",
    "state of a global": b"ccollections\nOrderedDict\n}b.",
    "key is a tuple": b"}))s.",
    "deep tuple as key": b"}" + b")" + b"\x85" * 100_000 + b")s.",
    "append to a dict": b"})a.",
    "items of a list": b"]))s.",
    "odd items": b"}(K\x01u.",
    "empty stack": b".",
    "pop a mark": b"(R.",
    "no mark": b"t.",
    "memo never set": b"h\x05.",
    "no end": b"}",
    "huge string": b"X\xff\xff\xff\x7fabc.",
    "huge 8-byte string": b"\x8d\xff\xff\xff\xff\xff\xff\xff\x7fabc.",
    "huge long": b"\x8b\xff\xff\xff\x7f\x01.",
    "huge bytearray": b"\x96\xff\xff\xff\xff\xff\xff\xff\x7f.",
    "next buffer": b"\x97.",
    "frozenset": b"(\x91.",
    "a number": b"K\x01.",
    "no tensors": b"}.",
    "dup": b"}2.",
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS.keys())
def test_hostile_programs_are_refused(program: bytes, tmp_path: Path) -> None:
    refused(pth(tmp_path / "a.pth", program, {}))


def test_a_memo_index_allocates_nothing(tmp_path: Path) -> None:
    refused(pth(tmp_path / "a.pth", b"}r\xff\xff\xff\xff.", {}))


def refused(path: Path) -> str:
    with pytest.raises(WeightsError) as caught:
        read_torch(path)
    assert caught.value.exit_code == 4
    assert str(path) in str(caught.value)
    assert not (path.parent / "ran").exists()
    return str(caught.value)


@pytest.mark.parametrize("protocol", [0, 1, 2, 4, 5])
@pytest.mark.parametrize("function", [os.system, eval, exec])
def test_calls_are_refused_and_not_run(tmp_path: Path, protocol: int, function: Any) -> None:
    shell = _witness(tmp_path)
    argument = shell if function is os.system else f"__import__('os').system({shell!r})"
    for value in (Runs(function, argument), {"a": Runs(function, argument)}, OrderedDict(a=Runs(function, argument))):
        refused(pth(tmp_path / "a.pth", pickle.dumps(value, protocol), {}))


@pytest.mark.parametrize(
    ("identity", "why"),
    [
        (("storage", Global("torch", "FloatStorage"), "../../secret", "cpu", 1), "no tensor data"),
        (("storage", Global("torch", "FloatStorage"), "/etc/passwd", "cpu", 1), "no tensor data"),
        (("storage", Global("torch", "FloatStorage"), "0", "cpu", -1), "no tensor data"),
        (("storage", Global("collections", "OrderedDict"), "0", "cpu", 1), "no tensor data"),
        (("storage", "FloatStorage", "0", "cpu", 1), "no tensor data"),
        (("module", Global("torch", "FloatStorage"), "0", "cpu", 1), "no tensor data"),
        (("storage", Global("torch", "FloatStorage"), "5", "cpu", 1), "missing"),
        (("storage", Global("torch", "FloatStorage"), "0", "cpu", 2**40), "not as declared"),
        ("0", "no tensor data"),
        (7, "no tensor data"),
    ],
)
def test_persistent_ids_are_storages_or_refused(tmp_path: Path, identity: Any, why: str) -> None:
    call = tensor_call("FloatStorage", "0", 1)
    call.arguments = (Persistent(identity), *call.arguments[1:])
    assert why in refused(pth(tmp_path / "a.pth", pickled({"a": call}), {"0": bytes(4)}))


@pytest.mark.parametrize(
    ("size", "offset", "shape", "strides"),
    [
        (4, 0, (5,), (1,)),
        (4, 4, (1,), (1,)),
        (4, 0, (2,), (4,)),
        (4, 0, (2, 2), (1,)),
        (4, -1, (1,), (1,)),
        (4, 0, (-1,), (1,)),
        (4, 0, (2,), (-1,)),
        (4, 0, (2**40, 2**40), (0, 0)),
        (4, 0, (1_000_000,), (0,)),
        (4, 0, (1,) * 60, (1,) * 60),
        (4, 0, (0, 2**47, 2**47), (1, 1, 1)),
        (4, 0, (1.5,), (1,)),
        (4, 0, ("4",), (1,)),
        (4, 2**70, (1,), (1,)),
    ],
)
def test_tensors_stay_within_their_data(tmp_path: Path, size: int, offset: Any, shape: Any, strides: Any) -> None:
    call = tensor_call("FloatStorage", "0", size, offset=offset, shape=shape, strides=strides)
    refused(pth(tmp_path / "a.pth", pickled({"a": call}), {"0": bytes(4 * size)}))


def test_data_shared_a_thousand_times_is_refused(tmp_path: Path) -> None:
    call = tensor_call("FloatStorage", "0", 4096, shape=(4096,), strides=(1,))
    many = {str(index): call for index in range(1000)}
    assert "too often" in refused(pth(tmp_path / "a.pth", pickled(many), {"0": bytes(4 * 4096)}))


def test_dictionaries_in_a_million_places_and_in_themselves(tmp_path: Path) -> None:
    wide = b"}q\x01(" + b"".join(b"K%ch\x00" % index for index in range(256)) + b"u"
    refused(pth(tmp_path / "a.pth", b"}q\x00" + b"(" + b"K\x01h\x00u" + b".", {}))
    many = b"}q\x00(" + b"".join(b"M%bN" % struct.pack("<H", index) for index in range(60_000)) + b"u"
    assert "other values" in refused(pth(tmp_path / "a.pth", many + wide + b".", {}))


@pytest.mark.parametrize("key", [2**61 - 1, -(2**61 - 1), 2**48])
def test_keys_that_could_share_one_hash_are_refused(tmp_path: Path, key: int) -> None:
    assert "small number" in refused(pth(tmp_path / "a.pth", pickled({key: None}), {}))
    assert "no tensors" in refused(pth(tmp_path / "b.pth", pickled({0: None, 2**48 - 1: None}), {}))


@pytest.mark.slow
@pytest.mark.parametrize("opcode", [b"N", b"(", b"}", b")\x85", b"\x85"])
def test_a_program_that_never_ends_is_ended(tmp_path: Path, opcode: bytes) -> None:
    program = b"\x80\x02)" + opcode * (MAX_STEPS // len(opcode) + 2) + b"."
    assert "steps" in refused(pth(tmp_path / "a.pth", program, {}))


def test_zip_tricks(tmp_path: Path) -> None:
    good = pickled({"a": tensor_call("FloatStorage", "0", 1)})
    path = tmp_path / "a.pth"
    refused(pth(path, good, {"0": bytes(4)}, compression=zipfile.ZIP_DEFLATED))
    bomb = bytes(50_000_000)
    refused(pth(path, good, {"0": bomb}, compression=zipfile.ZIP_DEFLATED))
    refused(pth(path, good, {"../../0": bytes(4)}))
    refused(pth(path, bytes((4 << 20) + 1), {}))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x/data.pkl", good)
        archive.writestr("y/data.pkl", good)
    refused(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x/data.pkl", good)
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("x/data.pkl", good)
    refused(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme", "")
    refused(path)
    refused(pth(path, good, {"0": bytes(4)}, byteorder=b"big"))


def test_what_is_no_zip(tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    for content in (b"", b"text", b"PK\x03\x04", b"PK\x05\x06" + bytes(18)):
        path.write_bytes(content)
        refused(path)
    path.write_bytes(bytes(257) + b"ustar" + bytes(300))
    assert "before 0.1.10" in refused(path)
    with pytest.raises(WeightsError, match="is a folder"):
        read_torch(tmp_path)


def test_mutated_files_are_read_or_refused(tmp_path: Path) -> None:
    whole = state_dict_file(tmp_path / "a.pth", VALUES).read_bytes()
    dice, path = random.Random(0), tmp_path / "mutated.pth"
    seen = {"read": 0, "refused": 0}
    for _ in range(1500):
        mutated = bytearray(whole)
        for _ in range(dice.randint(1, 4)):
            kind, place = dice.randrange(4), dice.randrange(len(mutated))
            if kind == 0:
                mutated[place] = dice.randrange(256)
            elif kind == 1:
                del mutated[place : place + dice.randint(1, 30)]
            elif kind == 2:
                mutated[place:place] = dice.randbytes(dice.randint(1, 8))
            else:
                mutated[place : place + 4] = struct.pack("<I", dice.choice((0, 2**31 - 1, 2**32 - 1)))
        path.write_bytes(mutated)
        seen[_outcome(path)] += 1
    assert min(seen.values()) > 10, seen


def test_mutated_pickles_are_read_or_refused(tmp_path: Path) -> None:
    """The same below the zip's checksums."""
    with zipfile.ZipFile(state_dict_file(tmp_path / "a.pth", VALUES)) as archive:
        program = next(archive.read(name) for name in archive.namelist() if name.endswith("data.pkl"))
    dice, path = random.Random(1), tmp_path / "mutated.pth"
    data = {str(index): value.tobytes() for index, value in enumerate(VALUES.values())}
    seen = {"read": 0, "refused": 0}
    for _ in range(1500):
        mutated = bytearray(program)
        for _ in range(dice.randint(1, 3)):
            mutated[dice.randrange(len(mutated))] = dice.randrange(256)
        seen[_outcome(pth(path, bytes(mutated), data))] += 1
    assert min(seen.values()) > 10, seen


def _outcome(path: Path) -> str:
    try:
        tensors = read_torch(path)
    except WeightsError:
        return "refused"
    assert all(isinstance(value, np.ndarray) and value.size <= 24 for value in tensors.values())
    return "read"


def test_the_pickles_made_here_are_pickles() -> None:
    assert pickle.loads(pickled({"a": [1, "b", (2.5, None)]})) == {"a": [1, "b", (2.5, None)]}
    assert io.BytesIO(pickled({})).read(2) == b"\x80\x02"
