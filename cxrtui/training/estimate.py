"""Estimates what a run will take before it starts: memory, the time to compile, and the time of an epoch.

The network is walked layer by layer (`costs`): its parameters are exact, and activations and multiplications are those
of the convolutions and of the head. The factors that turn them into bytes and seconds are fitted to programs that XLA
compiled (``benchmarks/estimate.py`` compares both). Importing this module imports no JAX.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

from cxrtui.settings import transfer
from cxrtui.settings.config import Config

_CLASSES = 2


@dataclass(frozen=True)
class Cost:
    """The cost of one layer for one image.

    Attributes:
        group: of the network.
        parameters: numbers that train, with scale and bias of the normalisation that follows.
        outputs: numbers that the layer puts out.
        macs: multiplications with an addition, in a forward pass.
    """

    group: str
    parameters: int
    outputs: int
    macs: int


def costs(config: Config) -> Iterator[Cost]:
    """Yield the cost of each layer of the network that `config` describes, in order; see `net.resnet`."""
    width, side = config.model.width, -(-config.data.size // 2)
    yield _convolution("stem", 1, width, 7, side)
    side = -(-side // 2)
    inputs = width
    for index, blocks in enumerate(config.model.stages):
        group, inner = transfer.STAGES[index + 1], width * 2**index
        outputs = 4 * inner
        for block in range(blocks):
            before, side = side, -(-side // 2) if index and not block else side
            yield _convolution(group, inputs, inner, 1, before)
            yield _convolution(group, inner, inner, 3, side)
            yield _convolution(group, inner, outputs, 1, side)
            if not block and (index or inputs != outputs):
                yield _convolution(group, inputs, outputs, 1, side)
            inputs = outputs
    for outputs in (*config.model.hidden, _CLASSES):
        yield Cost("head", inputs * outputs + outputs, outputs, inputs * outputs)
        inputs = outputs


def _convolution(group: str, inputs: int, outputs: int, kernel: int, side: int) -> Cost:
    weights = inputs * outputs * kernel * kernel
    return Cost(group, weights + 2 * outputs, side * side * outputs, weights * side * side)


def trained(config: Config, epoch: int | None = None) -> tuple[str, ...]:
    """Return the groups that train in `epoch`, counted from 1, or in the last one, in which a run takes most."""
    level = transfer.freeze_level_in(epoch or config.optim.epochs, config.model.freeze, config.model.unfreeze)
    return (*transfer.training(level), "head")


@dataclass(frozen=True)
class Memory:
    """Bytes that a run takes, by what they are for; on several devices, those of each.

    Attributes:
        program: Python, JAX and the compiler, in the machine's memory.
        state: parameters, gradients and the optimizer's state, whole on each device.
        activations: what a device keeps and needs for a moment, of its share of a step or of a validation.
        films: the prepared films, if they are kept on the devices: all of them on each.
        copied: the arrays of a checkpoint, which are copied into the machine's memory.
        lean: whether memory is given back when it is free (`resources.SMALL`), and not kept.
        compiling: what the whole process takes at least while XLA compiles, which is measured and not estimated.
    """

    program: int
    state: int
    activations: int
    films: int
    copied: int = 0
    lean: bool = False
    compiling: int = 0

    @property
    def device(self) -> int:
        """Bytes on the device, if it has a memory of its own."""
        return self.state + self.activations + self.films

    @property
    def total(self) -> int:
        """All bytes."""
        return max(self.estimated, self.compiling)

    @property
    def estimated(self) -> int:
        """All bytes by the estimate; a checkpoint is copied to where the compiler was, unless that was given back."""
        if self.lean:
            return max(self.program + self.state, _LOADED + self.device + self.copied)
        return self.program + self.device

    def fits(self, free: int, *, apart: bool = False) -> bool:
        """Return whether a run leaves enough of `free` bytes for what the estimate does not know of it.

        With `apart`, these are of a device that has a memory of its own.
        """
        if apart:
            return self.device <= USED * free
        return self.estimated <= USED * free and self.compiling <= _SURE * free


# Fitted to programs that XLA compiled for a CPU and to the peak of the processes that ran them.
_PROGRAM = (0.75e9, 7.0e6)  # bytes, and bytes for each layer that trains
# Fitted to the peaks of runs of width 16, of 19 and of 55 layers: a layer of a narrow network takes as much to compile
# as one of a wide network, and no less for smaller images.
_COMPILING = (0.85e9, 14.6e6, 2.8e6)  # bytes, and bytes for each layer that trains, and for each frozen one
_LOADED = 5 * 10**8  # bytes of the program once everything is compiled
_KEPT = {False: 2.72, True: 1.85}  # copies of the outputs of layers that train, for the backward pass; by bfloat16
_PASSING = 4.0  # copies of the largest output, in a layer that keeps nothing
_PIXELS = 40.0  # bytes for each pixel of the input: resampling and augmentation
_VALIDATED = 32  # images in each call of the program that validates, if there is memory enough


def memory(
    config: Config, *, films: int = 0, half: bool = False, devices: int = 1, evaluated: int = _VALIDATED,
    lean: bool = False,
) -> Memory:  # fmt: skip
    """Return about how much memory a run takes.

    Args:
        config: of the run.
        films: number of films in the train and the validation split.
        half: whether the network computes in bfloat16.
        devices: that share each batch.
        evaluated: images in each call of the program that validates.
        lean: whether memory is given back when it is free.
    """
    layers, groups = list(costs(config)), trained(config)
    training = sum(layer.parameters for layer in layers if layer.group in groups)
    copies = (1 if config.optim.name == "sgd" else 2) + bool(config.optim.ema_decay)  # moments, moving average
    state = 4 * (sum(layer.parameters for layer in layers) + training * (1 + copies))
    number = 2 if half else 4
    kept = sum(layer.outputs for layer in layers if layer.group in groups)
    passing = _PASSING * number * max(layer.outputs for layer in layers) + _PIXELS * config.data.size**2
    share = -(-config.optim.batch_size // devices)
    step = share * max(_KEPT[half] * number * kept + _PIXELS * config.data.size**2, passing)
    stored = 0 if config.data.feed == "stream" else films * stored_size(config.data.size) ** 2
    program = _PROGRAM[0] + _PROGRAM[1] * sum(layer.group in groups for layer in layers)
    compiling = _COMPILING[0] + sum(_COMPILING[1 if layer.group in groups else 2] for layer in layers)
    copied = 4 * (sum(layer.parameters for layer in layers) + training * copies)
    return Memory(int(program), state, int(max(step, evaluated * passing)), stored, copied, lean, int(compiling))


_SIZES = (256, 128, 64, 32, 16, 8, 4, 2)
_LEAST_STEPS = 10  # of an epoch, so that validation and early stopping follow steps enough
USED = 0.8
"""The share of the memory that a run may take by its estimate."""
_SURE = 0.95  # the same of what is measured


def batch_size(
    config: Config, train: int, room: int | None, *, half: bool = False, apart: bool = False, devices: int = 1,
    lean: bool = False,
) -> int:  # fmt: skip
    """Return how many films a step has with ``optim.batch_size=auto``.

    That is the largest power of two up to 256 that gives an epoch ten steps or more and lets the run fit into four
    fifths of the memory; on several devices, the multiple of their number that is nearest below, or their number. It is
    no larger for them, because the learning rates suit batches of this size.

    Args:
        config: of the run.
        train: films of the train split.
        room: bytes that are free for the run on each device; None if not known.
        half: whether the network computes in bfloat16.
        apart: whether the device has a memory of its own, which the program itself does not use.
        devices: that share each batch.
        lean: as in `memory`.
    """
    chosen = _SIZES[-1]
    for size in _SIZES:
        # A run for which there is too little memory also evaluates fewer films at a time (`fitting.evaluation_batch`).
        evaluated, larger = min(_VALIDATED, max(4, size)), with_batch(config, size)
        needed = memory(larger, films=train, half=half, devices=devices, evaluated=evaluated, lean=lean)
        fits = room is None or needed.fits(room, apart=apart)
        if fits and train // size >= _LEAST_STEPS:
            chosen = size
            break
    return max(devices, chosen - chosen % devices)


def with_batch(config: Config, size: int) -> Config:
    """Return the same configuration with `size` films in each step."""
    return replace(config, optim=replace(config.optim, batch_size=size))


def stored_size(size: int) -> int:
    """Return the size of stored films for an input of `size`, as `data.images.decode` does, which imports decoders."""
    return max(8, round(size * 8 / 7 / 8) * 8)


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


_NARROW = 39.0  # the width of a network that reaches half the speed of a wide one on a CPU
_EFFICIENCY = {"cpu": 0.9, "gpu": 0.2}  # of the speed of a large product of matrices, that a wide network reaches
_STEP = 0.01  # seconds of a step beside its arithmetic
_COMPILE = (2.0, 0.31, 0.05)  # seconds, and seconds for a layer that trains and for a frozen one


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


@dataclass(frozen=True)
class Forecast:
    """What a run will take; None is not known.

    Attributes:
        memory: of the run, on each device.
        room: bytes that a device has.
        compile_seconds: until the first step.
        epoch_seconds: of the last epoch and its validation.
        seconds: of all epochs.
        epochs: number of epochs.
        like: name of the earlier run that times are taken from, if there is one.
        device: name of the device.
        devices: that share each batch.
        instead: settings by key with which the run fits into the memory, if it does not fit as it is.
    """

    memory: Memory
    room: int | None = None
    compile_seconds: float | None = None
    epoch_seconds: float | None = None
    seconds: float | None = None
    epochs: int = 0
    like: str = ""
    device: str = ""
    devices: int = 1
    instead: Mapping[str, str] = field(default_factory=dict)

    @property
    def tight(self) -> bool:
        """Whether the run may not fit into the memory."""
        return self.room is not None and self.memory.total > self.room
