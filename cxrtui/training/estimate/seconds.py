"""The time that a run takes: to compile, for an epoch, and for the features of frozen groups."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from cxrtui.settings import transfer
from cxrtui.settings.config import Config
from cxrtui.training.estimate.layers import costs, trained

_NARROW = 39.0  # the width of a network that reaches half the speed of a wide one on a CPU
_EFFICIENCY = {"cpu": 0.9, "gpu": 0.2}  # of the speed of a large product of matrices, that a wide network reaches
_STEP = 0.01  # seconds of a step beside its arithmetic
_COMPILE = (2.0, 0.31, 0.05)  # seconds, and seconds for a layer that trains and for a frozen one


def flops(config: Config, epoch: int | None = None) -> float:
    """Return the floating-point operations of a training step for one image, in `epoch` or in the last epoch.

    A layer that trains computes forward, and backward for its input and for its weights, each as costly; a frozen one
    computes forward alone, and nothing if its features are kept (``train.views``).
    """
    groups, frozen = trained(config, epoch), 0 if config.train.views else 1
    return sum(2.0 * layer.macs * (3 if layer.group in groups else frozen) for layer in costs(config))


def whole_epochs(config: Config) -> float:
    """Return how many epochs like the last one all epochs cost: fewer than there are if groups train later."""
    last = flops(config)
    return sum((end - start) * flops(config, start) / last for start, end in _phases(config))


def _phases(config: Config) -> Iterator[tuple[int, int]]:
    """Yield the first epoch of each freeze level, and the one after its last."""
    yield from pairwise([1, *(entry.epoch for entry in config.model.unfreeze), config.optim.epochs + 1])


def epoch_seconds(
    config: Config, train: int, validation: int, speed: float, platform: str = "cpu", devices: int = 1
) -> float:
    """Return about how long the last epoch and its validation take.

    Args:
        config: of the run.
        train: films of the train split.
        validation: films of the validation split.
        speed: floating-point operations a second in a large product of matrices on one device.
        platform: ``cpu`` or ``gpu``.
        devices: that share each batch; several of a CPU compute no faster than one.
    """
    steps = max(1, train // config.optim.batch_size)
    groups = trained(config) if config.train.views else (*transfer.STAGES, "head")
    forward = sum(2.0 * layer.macs for layer in costs(config) if layer.group in groups)
    work = steps * config.optim.batch_size * flops(config) + validation * forward
    return steps * _STEP + work / _reached(config, speed, platform, devices)


def features_seconds(config: Config, train: int, speed: float, platform: str = "cpu", devices: int = 1) -> float:
    """Return about how long the features of ``train.views`` take, which are computed once; see `epoch_seconds`."""
    work = 0.0
    for start, end in _phases(config):
        groups = trained(config, start)
        frozen = sum(2.0 * layer.macs for layer in costs(config) if layer.group not in groups)
        work += min(config.train.views, end - start) * train * frozen
    return work / _reached(config, speed, platform, devices)


def _reached(config: Config, speed: float, platform: str, devices: int) -> float:
    """Return the floating-point operations a second that the network reaches on all devices together."""
    reached = _EFFICIENCY.get(platform, _EFFICIENCY["gpu"])
    if platform == "cpu":
        reached *= config.model.width / (config.model.width + _NARROW)
    return speed * reached * (1 if platform == "cpu" else devices)


def compile_seconds(config: Config) -> float:
    """Return about how long the step of the last epoch compiles if there is no compiled program in the cache."""
    groups = trained(config)
    return _COMPILE[0] + sum(_COMPILE[1 if layer.group in groups else 2] for layer in costs(config))
