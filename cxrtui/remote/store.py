"""This module opens object stores by their URLs, lists what is in them, and says in a sentence what is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from cxrtui.errors import CxrtuiError
from cxrtui.printable import printable

_EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gs", "gcs": "gs"}
"""The extras of this package that bring what opens a protocol."""
_VERSION = ("ETag", "etag", "generation", "md5Hash", "LastModified", "last_modified", "updated", "mtime", "created")
"""Facts of an object that change with its content, as fsspec's file systems call them."""
_LIBRARIES = ("botocore", "aiobotocore", "aiohttp", "gcsfs", "google", "fsspec")
"""Packages whose errors are a store's or the network's."""
_LONGEST = 255  # bytes of a file's name
IMPOSSIBLE = "a name that no file can have"


@dataclass(frozen=True)
class Item:
    """One object: its size in bytes, and a text that changes with its content."""

    size: int
    version: str


@dataclass(frozen=True)
class Listing:
    """What is in a folder of a store.

    Attributes:
        files: the objects by their names relative to the folder; each can be a file's.
        left_out: how many others there are, by reason.
    """

    files: dict[str, Item]
    left_out: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Place:
    """A place in a store: fsspec's file system, and the key there."""

    url: str
    system: Any
    key: str

    @property
    def name(self) -> str:
        """The last part of the key; the bucket's name at its top."""
        return self.key.rsplit("/", 1)[-1] or "store"

    @property
    def parent(self) -> Place:
        """The folder that this place is in."""
        return Place(self.url.rstrip("/").rsplit("/", 1)[0], self.system, self.key.rpartition("/")[0])

    def below(self, name: str) -> Place:
        """Return the place of the relative `name` in this folder."""
        return Place(f"{self.url.rstrip('/')}/{name}", self.system, f"{self.key}/{name}")


@contextmanager
def explained(url: str, kind: type[CxrtuiError]) -> Iterator[None]:
    """Turn an error of a store in the block into one of `kind` that says what is wrong with `url`.

    Raises:
        CxrtuiError: of `kind`; errors of cxrtui are passed on as they are.
    """
    try:
        yield
    except CxrtuiError:
        raise
    except Exception as error:  # each store's library raises its own
        if (why := _reason(url, error)) is None:
            raise
        raise kind(f"{printable(url)} {why}.") from error


def open_place(url: str) -> Place:
    """Return the place that `url` names; nothing is asked of the store yet.

    Raises:
        ImportError, ValueError: what opens the protocol is not installed, or there is no such protocol.
    """
    import fsspec  # takes a moment, and most sessions open no store

    how = {"auto_mkdir": True} if url.startswith("file://") else {}  # stores have no folders to make
    system, key = fsspec.core.url_to_fs(url, **how)
    system.invalidate_cache()  # others change what is there
    return Place(url, system, str(key).rstrip("/"))


def listing(place: Place, largest: int | None = None) -> Listing:
    """Return all objects below `place`; those larger than `largest` bytes are left out.

    Raises:
        FileNotFoundError: there is no such bucket, or nothing in the folder.
    """
    found = place.system.find(place.key, detail=True)
    names = {str(key)[len(place.key) + 1 :]: about for key, about in found.items()}
    folders = {name[:end] for name in names for end in range(len(name)) if name[end] == "/"}
    result = Listing({})
    for name, about in sorted(names.items()):
        item = item_of(about)
        if item is None or name.endswith("/") or not name:  # stands for a folder
            continue
        if not possible(name) or name in folders:
            result.left_out[IMPOSSIBLE] += 1
        elif largest is not None and item.size > largest:
            result.left_out[f"larger than {largest >> 30} GiB"] += 1
        else:
            result.files[name] = item
    if not names:
        raise FileNotFoundError(place.url)
    return result


def item_of(about: Mapping[str, Any]) -> Item | None:
    """Return the object that fsspec describes by `about`; None if it is a folder."""
    if about.get("type") != "file":
        return None
    return Item(int(about.get("size") or 0), "|".join(str(about[key]) for key in _VERSION if about.get(key)))


def possible(name: str) -> bool:
    """Return whether a relative name can be that of a file below a folder, and leads nowhere else."""
    parts = name.split("/")
    return "\0" not in name and all(
        part not in ("", ".", "..") and len(part.encode("utf-8", "replace")) <= _LONGEST for part in parts
    )


def _reason(url: str, error: Exception) -> str | None:
    """Return what is wrong with `url`, and what to do, as the rest of a sentence; None if `error` is no store's."""
    protocol, kind = url.partition("://")[0].lower(), type(error).__name__
    if isinstance(error, ImportError):
        extra = _EXTRAS.get(protocol)
        return f"needs a package: pip install 'cxrtui[{extra}]'" if extra else f"needs a package ({error})"
    if isinstance(error, ValueError) and "rotocol" in str(error):
        return "has a protocol that is not known; s3://, gs:// and what else fsspec opens are"
    if isinstance(error, FileNotFoundError):
        return "is not there; check the bucket and the path"
    if isinstance(error, PermissionError):
        return f"may not be read or written with these credentials ({_first_line(error)})"
    if "Credentials" in kind or "Token" in kind or "Auth" in kind:
        return f"needs credentials ({_first_line(error)}); set them as the store's own tools take them"
    module = type(error).__module__.partition(".")[0]
    if isinstance(error, OSError) or module in _LIBRARIES:
        return f"cannot be reached ({_first_line(error)}); try again once the network is back"
    return None


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return printable(lines[0][:200]) if lines else type(error).__name__
