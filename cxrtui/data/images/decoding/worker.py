"""This module is the worker process: it decodes the films that it is sent, one after the other, until its parent ends.

A worker imports neither JAX nor the application. It reads no keys and writes to no terminal. It ends when its parent
has ended for any reason, even inside a decoder that never returns.
"""

from __future__ import annotations

import contextlib
import fcntl
import importlib
import os
import resource
import signal
import socket
import warnings
from typing import Any

from cxrtui.data.images import opening
from cxrtui.data.images.decoding.wire import WireError, receive, receive_with_file, send
from cxrtui.errors import FilmError

_MOST_SAID = 1 << 20  # bytes that decoders may write to the two outputs for one film


def main(link_to: int, lifeline: int, jobs: str, memory: int) -> None:
    """Serve the parent at the descriptor `link_to` with the functions in `JOBS` of the module `jobs`.

    Each takes the descriptor of a film, open for reading, and keyword arguments, and returns a JSON object and bytes.
    `lifeline` is a pipe whose other end only the parent holds; `memory` is in bytes.
    """
    _set_apart(lifeline)
    link = socket.socket(fileno=link_to)
    known = importlib.import_module(jobs).JOBS
    opening.large_at_once.ask = lambda: _ask(link)
    _limit(memory)
    with contextlib.suppress(WireError, OSError):
        send(link, {"ready": True})
        while True:
            words, film = receive_with_file(link)
            with contextlib.suppress(OSError):
                os.ftruncate(1, 0)
                os.lseek(1, 0, os.SEEK_SET)
            answer, body = _answer(known, words, film)
            send(link, answer, body)


def _answer(known: dict[str, Any], words: dict[str, Any], film: int | None) -> tuple[dict[str, Any], Any]:
    if film is None:
        return {"error": "its file was not sent"}, b""
    try:
        answer, body = known[words["job"]](film, **words["arguments"])
        return {"answer": answer}, body
    except FilmError as error:
        return {"error": str(error)[:2000]}, b""
    except MemoryError:
        return {"memory": True}, b""
    finally:
        os.close(film)


def _ask(link: socket.socket) -> None:
    """Wait until the parent lets this process decode a large film."""
    send(link, {"large": True})
    receive(link, 0)


def _set_apart(lifeline: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGIO, signal.SIG_DFL)  # ends the process when the lifeline's other end is closed
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, os.getpid())
    fcntl.fcntl(lifeline, fcntl.F_SETFL, fcntl.fcntl(lifeline, fcntl.F_GETFL) | os.O_ASYNC)
    warnings.simplefilter("ignore")
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
        file.write("1000")  # when memory runs out, the system is to kill a worker and not the training


def _limit(memory: int) -> None:
    """Forbid core files, limit the printed output, and limit the address space; the parent watches `memory` itself.

    Memory that is allocated and not used costs nothing, so a file that declares 4 GiB and ends early is only cut short.
    """
    mapped = _mapped()
    space = mapped + 4 * memory if mapped else resource.RLIM_INFINITY
    for kind, most in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, _MOST_SAID), (resource.RLIMIT_AS, space)):
        with contextlib.suppress(OSError, ValueError):
            _, hard = resource.getrlimit(kind)
            held = (
                most if hard == resource.RLIM_INFINITY else hard if most == resource.RLIM_INFINITY else min(most, hard)
            )
            resource.setrlimit(kind, (held, hard))


def _mapped() -> int:
    """Return the bytes of address space that the process has before it decodes, 0 where the system does not say."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0
