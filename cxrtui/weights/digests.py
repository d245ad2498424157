"""Digests of a checkpoint's files: a reader notices any file that is not as it was written.

``digests.json`` in a checkpoint's folder names every other file of it with its SHA-256::

    {"v": 1, "step": 63, "files": {"progress/metadata": ["2c26b4…"], "weights/manifest.ocdbt": ["fcde2b…"], …},
     "sha256": "9af15b…"}

The digests are of files and not of arrays, so that a flipped bit is noticed wherever it is: in the arrays, in what says
where they lie, or in the run's position. A file that is about to be replaced has two digests, the old and the new, so
that a process may be killed between the two writes; the last digest is of the list itself. Files that are not named (a
file manager's, say) are not read.

SHA-256 is what the shelf uses too; 100 MB cost 0.07 s with the processor's own instructions and 0.3 s without.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from cxrtui.files import read_bytes, sha256, sync, write_atomic

DIGESTS = "digests.json"


class DamagedError(Exception):
    """A file is not what was written; the message says which, relative to the checkpoint's folder."""


def seal(folder: Path, step: int) -> None:
    """Name all files of `folder` with their digests, and return once files, names and digests are on the disk.

    Raises:
        OSError: the disk refuses.
    """
    files = {}
    for file in sorted(item for item in folder.rglob("*") if item.is_file() and item != folder / DIGESTS):
        files[file.relative_to(folder).as_posix()] = [sha256(file)]
        sync(file)
    _write(folder, step, files)
    for place in (*(item for item in folder.rglob("*") if item.is_dir()), folder):
        sync(place)


def replace(folder: Path, step: int, name: str, text: str) -> None:
    """Put `text` in the place of a named file of a sealed folder; it is sealed at every moment between.

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


def check(folder: Path, step: int, items: Iterable[str]) -> bool:
    """Compare the files of `items`, folders within `folder`, and those beside them with their digests.

    Returns:
        False where there are no digests: an older version wrote the checkpoint.

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
        if rest and first not in wanted:
            continue
        try:
            if not (folder / name).is_file():  # a pipe would hold the reader for ever
                raise DamagedError(f"{name} is missing")
            digest = sha256(folder / name)
        except (OSError, ValueError) as error:
            raise DamagedError(f"{name} cannot be read ({getattr(error, 'strerror', None) or error})") from None
        if digest not in digests:
            raise DamagedError(f"{name} is not what was saved")
    return True


def _read(folder: Path, step: int) -> dict[str, list[str]] | None:
    """The digests by name, or None where there are none."""
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
    """The digest of the list itself: a name with a flipped bit would be of no item that is read."""
    return hashlib.sha256(json.dumps([step, files], sort_keys=True).encode()).hexdigest()
