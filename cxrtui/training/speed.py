"""Measures how fast the device of this process multiplies matrices, and how much memory it has.

``python -m cxrtui.training.speed`` prints one JSON object. The dashboard runs it as a process of its own, because
importing JAX would delay keys for seconds, and keeps the result (`machine`) for later sessions.
"""

from __future__ import annotations

import contextlib
import json
import os
import platform
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from cxrtui import resources
from cxrtui.files import read_text, write_atomic
from cxrtui.workspace import cache_root

_TIMEOUT = 120.0  # seconds
_MOST = 1 << 16  # bytes of the file
_NICE = 10


@dataclass(frozen=True)
class Machine:
    """The device that a run would use.

    Attributes:
        platform: ``cpu``, ``gpu`` or ``tpu``.
        kind: the name of the device.
        flops: floating-point operations a second in a large product of matrices, in the dtype that suits the device.
        memory: bytes of the device's memory that may be used; of the machine's if the device has none of its own.
        devices: how many of these there are.
    """

    platform: str
    kind: str
    flops: float
    memory: int
    devices: int = 1

    @property
    def half(self) -> bool:
        """Whether the network computes in bfloat16 there, if nothing else is set."""
        return self.platform != "cpu"


def measure() -> Machine:
    """Return the default device of this process, measured; this imports JAX and takes seconds."""
    import jax
    import jax.numpy as jnp

    from cxrtui.net.backend import default_compute_dtype, describe_device

    device = describe_device()
    size = 1536 if device["platform"] == "cpu" else 8192
    product = jax.jit(lambda a: a @ a)
    matrix = jnp.ones((size, size), default_compute_dtype())
    product(matrix).block_until_ready()
    # On a CPU the processor's time is taken, times the number of cores: the machine may be busy now and not later.
    cores, clock = (resources.cores(), time.process_time) if device["platform"] == "cpu" else (1, time.perf_counter)
    best = float("inf")
    for _ in range(5):
        start = clock()
        product(matrix).block_until_ready()
        best = min(best, max(clock() - start, 1e-6))
    memory = device["memory_bytes"] or resources.total_memory()
    return Machine(device["platform"], str(device["kind"]), cores * 2.0 * size**3 / best, int(memory),
                   int(device["count"]))  # fmt: skip


def machine() -> Machine | None:
    """Return the device that a run of this user would use, from the file or else measured; None if that fails."""
    file, key = cache_root() / "speed.json", _key()
    known = _read(file)
    with contextlib.suppress(KeyError, TypeError, ValueError):
        return _machine(known[key])
    environment = os.environ | {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    with contextlib.suppress(OSError, subprocess.SubprocessError, ValueError, TypeError, KeyError):
        answer = subprocess.run(
            [sys.executable, "-P", "-m", "cxrtui.training.speed"], env=environment, stdin=subprocess.DEVNULL,
            capture_output=True, timeout=_TIMEOUT, check=True,
        )  # fmt: skip
        found = json.loads(answer.stdout.splitlines()[-1])
        result = _machine(found)
        with contextlib.suppress(OSError):
            file.parent.mkdir(parents=True, exist_ok=True)
            write_atomic(file, json.dumps(known | {key: found}), durable=False)
        return result
    return None


def _key() -> str:
    """Return what the measurement depends on."""
    parts = [platform.node(), version("jax"), str(resources.cores()), str(resources.total_memory()), "devices"]
    names = "JAX_PLATFORMS", "CUDA_VISIBLE_DEVICES", "XLA_FLAGS"
    return "|".join([*parts, *(os.environ.get(name, "") for name in names)])


def _machine(body: dict[str, object]) -> Machine:
    """Return what `body` describes.

    Raises:
        KeyError, TypeError, ValueError: it describes none.
    """
    result = Machine(
        str(body["platform"]), str(body["kind"]), float(body["flops"]), int(body["memory"]),  # type: ignore[arg-type, call-overload]
        int(body.get("devices", 1)),  # type: ignore[call-overload]
    )  # fmt: skip
    if not (0 < result.flops < 1e18 and 0 < result.memory < 1 << 50 and 0 < result.devices < 1 << 20):
        raise ValueError(result)
    return result


def _read(file: Path) -> dict[str, dict[str, object]]:
    with contextlib.suppress(OSError, ValueError, RecursionError):
        body = json.loads(read_text(file, _MOST))
        if isinstance(body, dict):
            return body
    return {}


def main() -> None:
    """Measure, and print the result as one JSON object."""
    with contextlib.suppress(OSError, AttributeError):
        os.nice(_NICE)
    print(json.dumps(asdict(measure())))


if __name__ == "__main__":
    main()
