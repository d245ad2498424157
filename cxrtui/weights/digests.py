"""Digests of a checkpoint's files let a reader notice every file that has changed since it was written.

``digests.json`` in a checkpoint's folder names every other file of it with its SHA-256::

    {"v": 1, "step": 63, "files": {"progress/metadata": ["2c26b4…"], "weights/manifest.ocdbt": ["fcde2b…"], …},
     "sha256": "9af15b…"}

The digests cover files and not arrays, so that a flipped bit is noticed wherever it is: in the arrays, in the files
that say where the arrays are, or in the run's position. A file that is about to be replaced has two digests, the old
and the new, so that the process may be killed between the two writes. The last digest covers the list itself. Files
that are not named, such as a file manager's, are not read.

The shelf uses SHA-256 too; 100 MB take 0.07 s with the processor's own instructions and 0.3 s without.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from cxrtui.files import read_bytes, sha256, sync, write_atomic

DIGESTS = "digests.json"


class DamagedError(Exception):
    """A file has changed since it was written; the message names it, relative to the checkpoint's folder."""


def seal(folder: Path, step: int, known: Mapping[str, list[str]] | None = None) -> None:
    """Write the names and digests of all files of `folder`; return once files, names and digests are on the disk.

    Args:
        folder: of the checkpoint.
        step: of the checkpoint.
        known: digests of files that were sealed before and are in this folder too. They are not computed anew, so
            that damage since then is noticed.

    Raises:
        OSError: the disk refuses.
    """
    files = {}
    for file in sorted(item for item in folder.rglob("*") if item.is_file() and item != folder / DIGESTS):
        name = file.relative_to(folder).as_posix()
        files[name] = (known or {}).get(name) or [sha256(file)]
        sync(file)
    _write(folder, step, files)
    for place in (*(item for item in folder.rglob("*") if item.is_dir()), folder):
        sync(place)


def replace(folder: Path, step: int, name: str, text: str) -> None:
    """Replace the content of a named file of a sealed folder by `text`; the folder stays sealed at every moment.

    Raises:
        DamagedError: the digests cannot be read.
        OSError: the disk refuses.
    """
    files = _read(folder, step) or {}
    fresh = hashlib.sha256(text.encode()).hexdigest()
    if (folder / DIGESTS).exists():
        _write(folder, step, {**files, name: [*files.get(name, [])[-1:], fresh]})
    write_atomic(folder / name, text)
    sync((folder / name).parent)


def of_item(folder: Path, step: int, item: str) -> dict[str, list[str]]:
    """Return the digests of the files of `item`, by name.

    Raises:
        DamagedError: the digests cannot be read.
    """
    files = _read(folder, step) or {}
    return {name: digests for name, digests in files.items() if name.startswith(f"{item}/")}


def check(folder: Path, step: int, items: Iterable[str]) -> bool:
    """Compare the files of `items`, folders within `folder`, and the files beside them with their digests.

    The item ``weights`` includes ``frozen``, if there is such a folder.

    Returns:
        False if there are no digests, because an older version wrote the checkpoint; else True.

    Raises:
        DamagedError: a file is missing or has changed.
    """
    files = _read(folder, step)
    if files is None:
        return False
    wanted = tuple(items)
    missing = [item for item in wanted if not any(name.startswith(f"{item}/") for name in files)]
    if missing:
        raise DamagedError(f"{DIGESTS} does not name {missing[0]}")
    for name, digests in files.items():
        first, _, rest = name.partition("/")
        if rest and first not in wanted and not (first == "frozen" and "weights" in wanted):
            continue
        try:
            if not (folder / name).is_file():  # reading a pipe might never end
                raise DamagedError(f"{name} is missing")
            digest = sha256(folder / name)
        except (OSError, ValueError) as error:
            raise DamagedError(f"{name} cannot be read ({getattr(error, 'strerror', None) or error})") from None
        if digest not in digests:
            raise DamagedError(f"{name} is not what was saved")
    return True


def _read(folder: Path, step: int) -> dict[str, list[str]] | None:
    """Return the digests by file name, or None if there are none."""
    try:
        body = json.loads(read_bytes(folder / DIGESTS))
        if body["v"] != 1 or body["step"] != step:
            raise DamagedError(f"{DIGESTS} is of another checkpoint")
        if body["sha256"] != _own(step, body["files"]):
            raise DamagedError(f"{DIGESTS} is not what was saved")
        return {str(name): [str(digest) for digest in digests] for name, digests in body["files"].items()}
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedError(f"{DIGESTS} cannot be read ({type(error).__name__})") from None


def _write(folder: Path, step: int, files: dict[str, list[str]]) -> None:
    body = {"v": 1, "step": step, "files": files, "sha256": _own(step, files)}
    write_atomic(folder / DIGESTS, json.dumps(body, separators=(",", ":")))
    sync(folder)


def _own(step: int, files: object) -> str:
    """Return the digest of the list itself. Without it, a file whose name has a flipped bit would not be checked."""
    return hashlib.sha256(json.dumps([step, files], sort_keys=True).encode()).hexdigest()
