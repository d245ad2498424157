"""Measures how much of the machine a run uses: cores, memory, and what its accelerators report.

A GPU's use and its whole memory come from NVIDIA's management library (NVML); what the run's arrays take on it comes
from JAX, because JAX reserves most of the memory at the start and NVML reports only that.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import Any

import psutil

from cxrtui import resources
from cxrtui.runs import events as ev

EVERY_SECONDS = 5.0


class UsageMeter:
    """Measures this process and this machine, from one reading to the next; one is due every `seconds`."""

    def __init__(self, seconds: float = EVERY_SECONDS) -> None:
        self._seconds = seconds
        self._process = psutil.Process()
        self._clock, self._busy = time.monotonic(), self._own_seconds()
        psutil.cpu_percent()  # the first call only sets the start of the interval
        self._handles: list[Any] | None = None

    def _own_seconds(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)

    @property
    def due(self) -> bool:
        """Whether the last reading is old enough for another."""
        return time.monotonic() - self._clock >= self._seconds

    def read(self) -> ev.Usage:
        """Return the use since the last reading."""
        now, busy = time.monotonic(), self._own_seconds()
        cpu = (busy - self._busy) / max(1e-3, now - self._clock)
        self._clock, self._busy = now, busy
        total = resources.total_memory()
        return ev.Usage(
            cpu=round(cpu, 2), host_cpu=round(psutil.cpu_percent() / 100, 3), memory=self._process.memory_info().rss,
            host_memory=total - min(total, resources.free_memory()), host_memory_total=total, devices=self._devices(),
        )  # fmt: skip

    def _devices(self) -> list[dict[str, Any]]:
        """Return what is known of each accelerator of this process; a CPU is not one."""
        import jax

        accelerators = [device for device in jax.local_devices() if device.platform != "cpu"]
        if self._handles is None:
            self._handles = [resources.nvml_handle(_name(device.local_hardware_id or 0)) for device in accelerators]
        return [_reading(device, handle) for device, handle in zip(accelerators, self._handles, strict=True)]


def _reading(device: Any, handle: Any) -> dict[str, Any]:
    own = device.memory_stats() or {}
    found: dict[str, Any] = {
        "name": device.device_kind, "use": None, "memory": own.get("bytes_in_use"),
        "memory_peak": own.get("peak_bytes_in_use"), "memory_total": own.get("bytes_limit"),
    }  # fmt: skip
    if handle is not None:
        import pynvml

        with suppress(pynvml.NVMLError):
            found["use"] = pynvml.nvmlDeviceGetUtilizationRates(handle).gpu / 100
            found["memory_total"] = int(pynvml.nvmlDeviceGetMemoryInfo(handle).total)
    return found


def _name(index: int) -> str:
    """Return the name of the GPU that is number `index` in this process."""
    visible = [name.strip() for name in os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",") if name.strip()]
    return visible[index] if index < len(visible) else str(index)
