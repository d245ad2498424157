"""Memory of this process: in large pages, and given back when it is free.

A step or a prediction takes its temporary memory anew, gigabytes for a ResNet-50 at 224 pixels, and the C library gives
it back to the system when it is freed. The system must clear each page of it again: 200,000 pages of 4 KiB for a step
of 32 films at 96 pixels, which take a sixth of the processors' time. With pages of 2 MiB it hardly shows, and nothing
needs to be kept for the next step.

Linux gives large pages to a program that asks, and glibc (2.35 and newer) asks where the environment says so when the
process starts (``glibc.malloc.hugetlb`` in the manual of glibc). So processes of ours get it from the one that starts
them, and a command that computes in its own process starts itself again. Where there is little memory
(`resources.SMALL`), pages stay small, because a large one is taken whole.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from cxrtui import resources

_TUNABLES, _LARGE_PAGES = "GLIBC_TUNABLES", "glibc.malloc.hugetlb"
_SINCE = (2, 35)  # glibc
_ON_REQUEST = Path("/sys/kernel/mm/transparent_hugepage/enabled")


def with_large_pages(environment: Mapping[str, str]) -> dict[str, str]:
    """Return `environment` such that a process that is started with it asks for large pages; a user's choice stands."""
    given = environment.get(_TUNABLES, "")
    if _LARGE_PAGES in given or resources.is_small():
        return dict(environment)
    return {**environment, _TUNABLES: ":".join(filter(None, (given, f"{_LARGE_PAGES}=1")))}


def start_again() -> None:
    """Start this program again in this process, with large pages, if that makes a difference; else return.

    Call it before anything else, because what was done is done again.
    """
    if not sys.executable or not _on_request() or (changed := with_large_pages(os.environ)) == dict(os.environ):
        return
    with suppress(OSError):  # without large pages it is slower, no more
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], changed)


def _on_request() -> bool:
    """Return whether this system gives large pages to programs that ask, to those alone, and glibc can ask."""
    try:
        name, _, number = (os.confstr("CS_GNU_LIBC_VERSION") or "").partition(" ")
        version = tuple(map(int, number.split(".")[:2]))
        return name == "glibc" and version >= _SINCE and "[madvise]" in _ON_REQUEST.read_text()
    except (AttributeError, OSError, ValueError):  # no Linux, another C library
        return False


def give_back() -> None:
    """Give the system what is free now and was needed once: a compiler takes much that no step takes again.

    Without glibc nothing happens.
    """
    libc = ctypes.CDLL(None) if sys.platform.startswith("linux") else None
    if libc is not None and hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)
