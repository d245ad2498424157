"""Prepares and describes the accelerator: its compilation cache, its memory, its kind, and the dtype that suits it."""

from __future__ import annotations

import functools
import os
import warnings
from pathlib import Path
from typing import Any

import jax

from cxrtui import resources
from cxrtui.net.torn import remove_torn
from cxrtui.workspace import cache_root


def prepare() -> Path | None:
    """Keep compiled programs between processes, so that the second run starts in seconds.

    Call it before the first computation, because JAX starts its threads then. JAX's own
    ``JAX_COMPILATION_CACHE_DIR`` is respected; else programs are kept under `workspace.cache_root`. If the folder
    cannot be written, there is no cache, and everything else works.

    Returns:
        The folder, or None if there is no cache.
    """
    if resources.cores() < resources.cpus():  # a container's share of the CPUs, which XLA does not look for
        os.environ.setdefault("NPROC", str(resources.cores()))  # XLA's number of threads
    if chosen := jax.config.jax_compilation_cache_dir:  # type: ignore[attr-defined]
        return Path(chosen)
    try:
        directory = cache_root() / "xla"
        directory.mkdir(parents=True, exist_ok=True)
        writable = os.access(directory, os.W_OK | os.X_OK)
    except (OSError, RuntimeError):  # RuntimeError: no home directory
        return None
    if not writable:
        return None
    # A torn entry is no news to the user: the program is compiled, and the next process finds no entry and keeps it.
    warnings.filterwarnings("ignore", "Error reading persistent compilation cache entry")
    remove_torn(directory)
    jax.config.update("jax_compilation_cache_dir", str(directory))  # type: ignore[no-untyped-call]
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.5)  # type: ignore[no-untyped-call]
    return directory


def describe_device() -> dict[str, Any]:
    """Describe the default device: ``platform``, ``kind``, ``count`` and ``memory_bytes`` (None if unknown)."""
    devices = jax.local_devices()
    statistics = devices[0].memory_stats() or {}
    return {
        "platform": devices[0].platform,
        "kind": devices[0].device_kind,
        "count": len(devices),
        "memory_bytes": statistics.get("bytes_limit"),
    }


def processes() -> int:
    """Return the number of processes that compute together (`net.hosts`)."""
    return int(jax.process_count())


_OPTIONS: dict[str, dict[str, str | bool]] = {
    # By default XLA of 2026 also compiles each fusion of a GPU program with Triton and times it: for a ResNet-50
    # minutes instead of seconds, and no faster steps (docs/performance.md). Atomic additions would give other bits
    # each time.
    "gpu": {"xla_gpu_experimental_enable_fusion_autotuner": False, "xla_gpu_exclude_nondeterministic_ops": True},
    # What YNNPACK computes on a CPU: products and sums, as by default, but no convolutions, of which it computes some
    # on one core however many there are. Eigen computes them on all.
    "cpu": {
        "xla_cpu_experimental_ynn_fusion_type": ",".join(
            f"LIBRARY_FUSION_TYPE_{kind}" for kind in ("DOT", "INDIVIDUAL_DOT", "REDUCE")
        )
    },
}


@functools.cache
def compiler_options() -> dict[str, str | bool]:
    """Return XLA's options for programs of the default device: those of `_OPTIONS` that this version of XLA knows.

    Every program that runs the network is compiled with them, so that all compute the same bits.
    """
    options = _OPTIONS.get(jax.default_backend(), {})
    return {name: value for name, value in options.items() if _known(name, value)}


def _known(name: str, value: str | bool) -> bool:
    try:
        jax.jit(lambda: 0).lower().compile(compiler_options={name: value})
    except jax.errors.JaxRuntimeError:  # INVALID_ARGUMENT: No such compile option
        return False
    return True


def default_compute_dtype() -> str:
    """Return ``bfloat16`` if the hardware multiplies it fast (GPU, TPU), and ``float32`` on a CPU."""
    return "float32" if jax.default_backend() == "cpu" else "bfloat16"
