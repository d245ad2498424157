"""Recognises the kind of a weights file by its content, and says what another file is. Standard library only."""

from __future__ import annotations

import contextlib
import re
import zipfile
from pathlib import Path

from cxrtui.errors import WeightsError

TORCH_SUFFIXES = (".pth", ".pt", ".bin", ".ckpt", ".tar", ".pth.tar", ".pkl")
_SUFFIXES = (".safetensors", ".h5", ".hdf5", ".msgpack")
# Hugging Face's names for the shards of one network; a file that is the only shard is whole.
_SHARD = re.compile(r"-\d{5}-of-(?!00001\b)\d{5}\.(safetensors|bin)$|\.(safetensors|bin)\.index\.json$")
LARGEST = 16 << 30  # bytes
_HEAD = 600
_LARGEST_HEADER = 100_000_000  # bytes, safetensors' own limit
# A file of torch before 1.6 begins with a pickled magic number. Protocols 2 to 5 are possible; 4 and 5 add a frame.
_STREAM = re.compile(
    rb"\x80[\x02-\x05](\x95.{8})?\x8a\x0a" + re.escape((0x1950A86A20F9469CFC6C).to_bytes(10, "little")), re.S
)
_OTHERS = (
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"II*\0", "a TIFF image"),
    (b"MM\0*", "a TIFF image"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a gzip archive; unpack it"),
    (b"\x7fELF", "a program"),
    (b"BZh", "a bzip2 archive; unpack it"),
    (b"\xfd7zXZ", "an xz archive; unpack it"),
    (b"7z\xbc\xaf", "a 7-Zip archive; unpack it"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive; unpack it"),
    (b"SQLite format", "a database"),
    (b"\x93NUMPY", "a numpy array"),
    (b"version https://git-lfs", "a pointer of Git LFS, not the file itself; get that with: git lfs pull"),
    (b"TFL3", "a TFLite model"),
    (b"GGUF", "a GGUF model"),
)
WANTED = "take a .safetensors, .pth, .h5 or .msgpack file"


def is_stream(start: bytes) -> bool:
    """Return whether torch before 1.6 wrote a file with this beginning."""
    return _STREAM.match(start) is not None


def require_file(path: Path) -> None:
    """Make sure that `path` is a file. Nothing else is opened, because reading a pipe or a device may never end.

    Raises:
        WeightsError: `path` is no file; the message says what it is.
    """
    if path.is_dir():
        inside = sorted(item.name for item in _inside(path))
        for name in inside:
            _refuse_shard(name, path)
        raise WeightsError(f"{path} is a folder; name the file of weights in it{f', {inside[0]}' if inside else ''}.")
    if path.exists() and not path.is_file():
        raise WeightsError(f"{path} is no file of weights but a device, a pipe or a socket: {WANTED}.")
    if not path.is_file():
        raise WeightsError(f"There is no weights file {path}; check the path, or fetch the weights again.")


def _refuse_shard(name: str, path: Path) -> None:
    if _SHARD.search(name):
        raise WeightsError(
            f"{path} has a network in several shards, of which each alone is a part; put the tensors of all into one "
            "file with safetensors' load_file and save_file, and take that."
        )


def _inside(folder: Path) -> list[Path]:
    with contextlib.suppress(OSError):
        return [
            item for item in folder.iterdir() if item.name.endswith((*TORCH_SUFFIXES, *_SUFFIXES)) and item.is_file()
        ]
    return []


def recognise(path: Path) -> str:
    """Return the kind of a file: ``torch``, ``safetensors``, ``keras`` or ``msgpack``.

    Raises:
        WeightsError: the file is missing, cannot be read, or is no file of weights; the message says what it is.
    """
    require_file(path)
    _refuse_shard(path.name, path)
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            start = file.read(_HEAD)
    except OSError as error:
        raise WeightsError(f"{path} cannot be read ({error.strerror}); check its permissions.") from error
    if size > LARGEST:  # a sparse file may have any size, and hashing it would take hours
        raise WeightsError(f"{path} has {size >> 30:,} GiB, more than any ResNet checkpoint ({LARGEST >> 30} at most).")
    if start.startswith(b"\x89HDF\r\n\x1a\n"):
        return "keras"
    if is_stream(start):
        return "torch"
    if start.startswith(b"PK\x03\x04"):
        return _of_zip(path)
    if size > 8 and start[8:9] == b"{" and int.from_bytes(start[:8], "little") <= _LARGEST_HEADER:
        return "safetensors"
    if (what := _other(start)) and not (start[257:262] == b"ustar"):
        raise WeightsError(f"{path} is no file of weights but {what}: {WANTED}.")
    return _by_name(path, start)


def _of_zip(path: Path) -> str:
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, RuntimeError, LookupError):
        return "torch"  # the zip is torn, and the reader of torch files reports it
    if any(name.rpartition("/")[2] == "data.pkl" for name in names):
        return "torch"
    if any(name.endswith(".npy") for name in names):
        what = "an archive of numpy arrays"
    elif "model.weights.h5" in names:
        what = "a whole Keras model; in Keras save its weights alone, as .weights.h5"
    elif "[Content_Types].xml" in names:
        what = "an Office document"
    elif any(name.endswith((".pth", ".pt", ".safetensors", ".h5")) for name in names):
        what = "a zip that holds such files; unpack it"
    elif not names or path.suffix in TORCH_SUFFIXES:
        return "torch"
    else:
        what = "a zip of other files"
    raise WeightsError(f"{path} is no file of weights but {what}: {WANTED}.")


def _other(start: bytes) -> str:
    """Return what a file with this beginning is, if it is known and no file of weights; else an empty string."""
    if not start:
        return "empty"
    if start[128:132] == b"DICM":
        return "a DICOM film"
    for magic, what in _OTHERS:
        if start.startswith(magic):
            return what
    head = start.lstrip().lower()
    if head.startswith((b"<!doctype html", b"<html")):
        return "a web page, such as a sign-in or an error; fetch it again"
    try:
        text = start.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(start) - 4 or len(start) < _HEAD:  # else the read only ended within a character
            return ""
        text = start[: error.start].decode("utf-8")
    return "text" if all(letter.isprintable() or letter in "\t\r\n\f" for letter in text) else ""


def _by_name(path: Path, start: bytes) -> str:
    """Return the kind by the suffix, if the content does not tell (a torn file, or a format without a magic number)."""
    if path.suffix in (".h5", ".hdf5"):
        return "keras"
    if path.suffix in TORCH_SUFFIXES or start.startswith(b"\x80"):
        return "msgpack" if path.suffix == ".msgpack" else "torch"
    if path.suffix == ".msgpack":
        return "msgpack"
    if path.suffix == ".safetensors":
        return "safetensors"
    raise WeightsError(f"{path} is no file of weights known here: {WANTED}.")
