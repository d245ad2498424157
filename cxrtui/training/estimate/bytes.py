"""The memory that a run takes, and the batch size that fits into what there is."""

from __future__ import annotations

from dataclasses import dataclass, replace

from cxrtui.settings.config import Config
from cxrtui.training.estimate.layers import costs, trained

USED = 0.8
"""The share of the memory that a run may take by its estimate."""
_SURE = 0.95  # the same of what is measured


@dataclass(frozen=True)
class Memory:
    """Bytes that a run takes, by what they are for; on several devices, those of each.

    Attributes:
        program: Python, JAX and the compiler, in the machine's memory.
        state: parameters, gradients and the optimizer's state, whole on each device.
        activations: what a device keeps and needs for a moment, of its share of a step or of a validation.
        films: the prepared films, if they are kept on the devices: all of them on each.
        copied: the arrays of a checkpoint, which are copied into the machine's memory.
        compiling: what the whole process takes at least while XLA compiles, which is measured and not estimated.
    """

    program: int
    state: int
    activations: int
    films: int
    copied: int = 0
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
        """All bytes by the estimate: what the compiler takes is given back before the first step."""
        return max(self.program + self.state, _LOADED + self.device + self.copied)

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

VALIDATED = 32
"""Images in each call of the program that validates, if there is memory enough."""


def memory(
    config: Config, *, films: int = 0, half: bool = False, devices: int = 1, evaluated: int = VALIDATED
) -> Memory:  # fmt: skip
    """Return about how much memory a run takes.

    Args:
        config: of the run.
        films: number of films in the train and the validation split.
        half: whether the network computes in bfloat16.
        devices: that share each batch.
        evaluated: images in each call of the program that validates.
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
    return Memory(int(program), state, int(max(step, evaluated * passing)), stored, copied, int(compiling))


_SIZES = (256, 128, 64, 32, 16, 8, 4, 2)
_LEAST_STEPS = 10  # of an epoch, so that validation and early stopping follow steps enough


def batch_size(
    config: Config, train: int, room: int | None, *, half: bool = False, apart: bool = False, devices: int = 1
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
    """
    chosen = _SIZES[-1]
    for size in _SIZES:
        # A run for which there is too little memory also evaluates fewer films at a time (`fitting.evaluation_batch`).
        evaluated, larger = min(VALIDATED, max(4, size)), with_batch(config, size)
        needed = memory(larger, films=train, half=half, devices=devices, evaluated=evaluated)
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
