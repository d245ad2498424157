"""Estimates what a run will take before it starts: memory, the time to compile, and the time of an epoch.

The network is walked layer by layer (`costs`): its parameters are exact, and activations and multiplications are those
of the convolutions and of the head. The factors that turn them into bytes and seconds are fitted to programs that XLA
compiled (``benchmarks/estimate.py`` compares both). Importing this module imports no JAX.
"""

from __future__ import annotations

from cxrtui.training.estimate.bytes import USED, VALIDATED, Memory, batch_size, memory, stored_size, with_batch
from cxrtui.training.estimate.forecast import Forecast
from cxrtui.training.estimate.layers import Cost, costs, trained
from cxrtui.training.estimate.seconds import compile_seconds, epoch_seconds, features_seconds, flops, whole_epochs

__all__ = [
    "USED", "VALIDATED", "Cost", "Forecast", "Memory", "batch_size", "compile_seconds", "costs", "epoch_seconds",
    "features_seconds", "flops", "memory", "stored_size", "trained", "whole_epochs", "with_batch",
]  # fmt: skip
