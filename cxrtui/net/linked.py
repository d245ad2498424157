"""Keeps compiled programs on disk whole, so that a second process links a program and neither traces nor lowers it.

JAX's own cache keeps what XLA makes under a name that follows from the lowered program. To lower an exported one takes
a second in a fresh process, most of it to import SciPy for programs that use LAPACK, as ours do not. A program here is
kept under a name that follows from what was traced, and from the machine that it is made for.

As JAX's cache does, a file here holds machine code that will run, so the folder must be the user's own. On other
devices than a CPU, and with several devices or processes, JAX's cache alone is used.
"""

from __future__ import annotations

import functools
import hashlib
import json
import logging
import os
import platform
import threading
from collections.abc import Callable
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
from jax.experimental import serialize_executable

from cxrtui import resources
from cxrtui.files import read_bytes, read_text, write_atomic
from cxrtui.net.backend import compiler_options

_DIGEST = 32  # bytes of SHA-256 before the program
_log = logging.getLogger(__name__)


def link(folder: Path, name: str, digest: bytes, given: Any, results: int) -> Callable[..., list[Any]] | None:
    """Return the program that `compiled` kept; None if there is none, or it is torn, or of another machine.

    Args:
        folder: of the cache.
        name: of the program.
        digest: of what was traced.
        given: the arguments of the program, pytrees of anything with their structure.
        results: how many arrays it returns, in a list.
    """
    if not _kept_here():
        return None
    file = _file(folder, name, digest)
    try:
        content = read_bytes(file)
    except OSError:
        return None
    whole, body = content[:_DIGEST], content[_DIGEST:]
    if hashlib.sha256(body).digest() != whole:
        return None
    taken, returned = jax.tree.structure((given, {})), jax.tree.structure([0] * results)
    try:
        program: Any = serialize_executable.deserialize_and_load(body, taken, returned, "cpu")
    except Exception as error:  # JAX raises many kinds; the program is then made from what was traced
        _log.debug("%s cannot be linked: %s", file.name, error)
        return None
    return program  # type: ignore[no-any-return]


def compiled(folder: Path, name: str, digest: bytes, lowered: Any) -> Any:
    """Compile a program and keep it, unless JAX has it in its own cache: what was read back is not whole any more."""
    _hits.count = 0
    program = lowered.compile(compiler_options=compiler_options())
    if _kept_here() and not _hits.count:
        try:
            body, _, _ = serialize_executable.serialize(program)
            write_atomic(_file(folder, name, digest), hashlib.sha256(body).digest() + body, durable=False)
        except OSError:  # a full disk, or a folder that may not be written
            pass
        except Exception as error:  # as in `link`
            _log.debug("%s is not kept: %s", name, error)
    return program


class _Hits(threading.local):
    """How many programs JAX took from its own cache in this thread."""

    count = 0


_hits = _Hits()


def _listen(event: str, **about: object) -> None:
    if event == "/jax/compilation_cache/cache_hits":
        _hits.count += 1


jax.monitoring.register_event_listener(_listen)


def _kept_here() -> bool:
    return jax.default_backend() == "cpu" and jax.device_count() == 1  # JAX would link it for all devices


def _file(folder: Path, name: str, digest: bytes) -> Path:
    return folder / f"{name}-{digest.hex()}-{_machine()}-linked"


@functools.cache
def _machine() -> str:
    """Return a digest of what machine code may depend on, besides the program and the versions of JAX."""
    processor = platform.processor() or platform.machine()
    with suppress(OSError):
        told = ("vendor_id", "cpu family", "model", "model name", "stepping", "flags", "Features")
        lines = read_text(Path("/proc/cpuinfo")).splitlines()
        processor = json.dumps(sorted({line for line in lines if line.partition("\t")[0].strip() in told}))
    device = jax.local_devices()[0]
    choices = {name: value for name, value in os.environ.items() if name.startswith(("XLA_", "JAX_"))}
    about = (processor, platform.machine(), resources.cores(), jax.local_device_count(), device.device_kind,
             version("jaxlib"), device.client.platform_version, sorted(choices.items()),
             sorted(compiler_options().items()))  # fmt: skip
    return hashlib.sha256(repr(about).encode()).hexdigest()[:16]
