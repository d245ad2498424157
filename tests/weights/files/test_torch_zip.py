"""A .pth file whose zip lies about itself yields what its entries hold or a WeightsError, and never more than that."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cxrtui.errors import WeightsError
from cxrtui.weights.files.torch_file import read_torch
from tests.weights.pth import pickled, pth, tensor_call

VALUES = np.arange(4, dtype=np.float32)
GOOD = pickled({"a": tensor_call("FloatStorage", "0", 4, shape=(4,), strides=(1,))})


@pytest.fixture
def whole(tmp_path: Path) -> bytes:
    return pth(tmp_path / "whole.pth", GOOD, {"0": VALUES.tobytes()}).read_bytes()


def entry(whole: bytes, name: str) -> int:
    """Where the central directory tells of an entry."""
    return whole.rindex(f"archive/{name}".encode()) - 46


def end(whole: bytes) -> int:
    return whole.rindex(b"PK\x05\x06")


def put(whole: bytes, place: int, form: str, *values: int) -> bytes:
    return whole[:place] + struct.pack(form, *values) + whole[place + struct.calcsize(form) :]


def answer(content: bytes, tmp_path: Path) -> str:
    """``read`` where the tensor is what it was, else the reason of the refusal."""
    path = tmp_path / "lying.pth"
    path.write_bytes(content)
    try:
        tensors = read_torch(path)
    except WeightsError as error:
        return str(error)
    np.testing.assert_array_equal(tensors["a"], VALUES)
    return "read"


@pytest.mark.parametrize("size", [0, 15, 17, 1_000_000, 2**32 - 2, 2**32 - 1])
@pytest.mark.parametrize("fields", ["both", "stored", "whole"])
def test_sizes_that_are_not_so(whole: bytes, size: int, fields: str, tmp_path: Path) -> None:
    place = entry(whole, "data/0")
    lying = {
        "both": put(whole, place + 20, "<II", size, size),
        "stored": put(whole, place + 20, "<I", size),
        "whole": put(whole, place + 24, "<I", size),
    }[fields]
    told = answer(lying, tmp_path)
    assert "refused" in told or "not a complete" in told or (fields == "stored" and told == "read")


@pytest.mark.parametrize("claim", [0, 15, 17, 2**40, 2**63 - 1, 2**64 - 1])
def test_zip64_lies(whole: bytes, claim: int, tmp_path: Path) -> None:
    place, extra = entry(whole, "data/0"), struct.pack("<HHQQ", 1, 16, claim, claim)
    name = place + 46 + len("archive/data/0")
    lying = put(put(whole, place + 20, "<II", 2**32 - 1, 2**32 - 1), place + 30, "<H", len(extra))
    lying = lying[:name] + extra + lying[name:]
    lying = put(lying, end(lying) + 12, "<I", struct.unpack_from("<I", whole, end(whole) + 12)[0] + len(extra))
    assert "refused" in answer(lying, tmp_path)


LIES: dict[str, Callable[[bytes], bytes]] = {
    "offset of another entry": lambda whole: put(whole, entry(whole, "data/0") + 42, "<I", 0),
    "offset beyond the end": lambda whole: put(whole, entry(whole, "data/0") + 42, "<I", 10**9),
    "deflated": lambda whole: put(whole, entry(whole, "data/0") + 10, "<H", 8),
    "compressed by nobody's method": lambda whole: put(whole, entry(whole, "data/0") + 10, "<H", 99),
    "encrypted": lambda whole: put(whole, entry(whole, "data/0") + 8, "<H", 1),
    "another name before the data": lambda whole: whole.replace(b"archive/data/0", b"archive/data/1", 1),
    "changed data": lambda whole: whole.replace(VALUES.tobytes(), VALUES[::-1].tobytes()),
    "directory larger": lambda whole: put(whole, end(whole) + 12, "<I", 2**31),
    "directory elsewhere": lambda whole: put(whole, end(whole) + 16, "<I", 5),
    "zip64 directory of a terabyte": lambda whole: (
        whole[: end(whole)]
        + struct.pack("<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, *[2**40] * 4)
        + struct.pack("<4sLQL", b"PK\x06\x07", 0, end(whole), 1)
        + whole[end(whole) :]
    ),
    "zip64 directory beyond the end": lambda whole: (
        whole[: end(whole)] + struct.pack("<4sLQL", b"PK\x06\x07", 0, 2**62, 1) + whole[end(whole) :]
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_lies_of_the_directory(whole: bytes, lie: str, tmp_path: Path) -> None:
    lying = LIES[lie](whole)
    assert lying != whole
    assert answer(lying, tmp_path) != "read"


def test_what_stands_before_and_behind_changes_nothing(whole: bytes, tmp_path: Path) -> None:
    assert answer(b"#!/bin/sh\n" + whole, tmp_path) == "read"
    assert answer(whole[:-2] + struct.pack("<H", 9) + b"a comment", tmp_path) == "read"


def test_a_name_cut_by_a_zero_is_there_twice(tmp_path: Path) -> None:
    for name in ("data.pkl", "data/0"):
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            archive.writestr("x/data.pkl", GOOD)
            archive.writestr("x/data/0", VALUES.tobytes())
            archive.writestr(f"x/{name}Q", VALUES.tobytes())
        cut = (tmp_path / "a.zip").read_bytes().replace(f"{name}Q".encode(), f"{name}\0".encode())
        assert "twice" in answer(cut, tmp_path)


def test_a_thousand_entries_of_the_same_bytes(tmp_path: Path) -> None:
    """A megabyte that is to become a gigabyte."""
    body = bytes(1 << 20)
    calls = {str(n): tensor_call("FloatStorage", str(n), 1 << 18, shape=(1 << 18,), strides=(1,)) for n in range(1000)}
    parts = [(b"x/data.pkl", pickled(calls)), (b"x/data/0", body)]
    content, directory = b"", b""
    for index, (name, data) in enumerate(parts):
        head = struct.pack("<HHHHIIIHH", 0, 0, 0, 0, zlib.crc32(data), len(data), len(data), len(name), 0)
        for n in range(1000 if index else 1):
            alias = b"x/data/%d" % n if index else name
            told = struct.pack("<HHHHIIIHH", 0, 0, 0, 0, zlib.crc32(data), len(data), len(data), len(alias), 0)
            directory += (
                b"PK\x01\x02" + struct.pack("<HH", 20, 20) + told + struct.pack("<HHHII", 0, 0, 0, 0, len(content))
            )
            directory += alias
        content += b"PK\x03\x04" + struct.pack("<H", 20) + head + name + data
    ending = struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 1001, 1001, len(directory), len(content), 0)
    assert "larger than the file" in answer(content + directory + ending, tmp_path)
