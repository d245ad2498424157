"""Claims of workers of one study to the GPUs of a machine, so that two that start at the same time take different ones.

A worker reserves memory when JAX starts, which may be minutes after it chose its GPUs: until then NVML shows them free.
So each says in a file in `claims/` of the study what it will take; the kernel's lock on the file, which ends with the
worker however that ends, says whether it holds. Workers choose one after another, by another lock.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from cxrtui.files import read_text
from cxrtui.process import gpus
from cxrtui.process.gpus import Share
from cxrtui.runs import lock

_MOST = 1 << 16  # bytes of a claim at most


@contextlib.contextmanager
def claimed(folder: Path, share: Share) -> Iterator[dict[str, str]]:
    """Yield the variables with which this process has its `share` of the GPUs, and hold the claim to them.

    A process that would take all of them, because nobody was at work, has a part if others came meanwhile. Where no
    claim can be written, what others have reserved already still counts.

    Args:
        folder: of the study.
        share: see `gpus.environment`.
    """
    with contextlib.ExitStack() as stack:
        yield _claim(folder / "claims", share, stack)


def _claim(claims: Path, share: Share, stack: contextlib.ExitStack) -> dict[str, str]:
    if not gpus.reserved({}):
        return {}
    node = os.uname().nodename
    with contextlib.ExitStack() as turn:
        taken: Mapping[str, float] = {}
        with contextlib.suppress(OSError):
            claims.mkdir(exist_ok=True)
            _locked(claims / f"gpus-{node}", turn)
            taken = _taken(claims, f"gpus-{node}-")
        if share == gpus.ALONE and taken:
            share = gpus.ADDED
        variables = gpus.environment(share, taken)
        if own := gpus.reserved(variables):
            with contextlib.suppress(OSError):
                file = claims / f"gpus-{node}-{os.getpid()}-{secrets.token_hex(2)}"
                held = _locked(file, stack)
                stack.callback(file.unlink, missing_ok=True)
                held.write(json.dumps(own))
                held.flush()
        return variables


def _locked(file: Path, stack: contextlib.ExitStack) -> IO[str]:
    """Wait for the lock on `file`, and hold it until `stack` closes."""
    held = stack.enter_context(file.open("a", encoding="utf-8"))
    fcntl.flock(held, fcntl.LOCK_EX)
    return held


def _taken(claims: Path, beginning: str) -> dict[str, float]:
    """Return which share of each GPU's memory the workers of this machine claim; remove what dead ones left."""
    taken: Counter[str] = Counter()
    for file in claims.glob(f"{beginning}*"):
        if not lock.held(file):
            file.unlink(missing_ok=True)
            continue
        with contextlib.suppress(OSError, ValueError, AttributeError, TypeError):
            taken.update({str(name): float(part) for name, part in json.loads(read_text(file, _MOST)).items()})
    return dict(taken)
