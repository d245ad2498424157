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
        program: Python, JAX and the compiled programs, in the machine's memory.
        state: parameters, gradients and the optimizer's state, whole on each device.
        activations: what a device keeps and needs for a moment, of its share of a step or of a validation.
        films: the prepared films, if they are kept on the devices: all of them on each.
        copied: what the copied arrays of a checkpoint take beside a step; on a small machine, more than a step.
        compiling: what the whole process takes while XLA compiles.
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
        return max(self.training, self.compiling)

    @property
    def training(self) -> int:
        """All bytes once everything is compiled: what the compiler took is given back before the first step."""
        return self.program + self.device + self.copied

    def fits(self, free: int, *, apart: bool = False) -> bool:
        """Return whether a run leaves enough of `free` bytes for what the estimate does not know of it.

        With `apart`, these are of a device that has a memory of its own.
        """
        if apart:
            return self.device <= USED * free
        return self.training <= USED * free and self.compiling <= _SURE * free


# Fitted to the peaks of whole runs, with the process that decodes, of widths 16 and 64, of 19 and of 55 layers
# (docs/training.md): a layer of a narrow network takes as much to compile as one of a wide network, and no less for
# smaller images.
_LOADED = (0.63e9, 2.75e6, 0.8e6)  # bytes, with Orbax, and bytes for each layer that trains, and for each frozen one
_MORE = 0.23e9  # bytes of large pages and of what was compiled at once, unless the machine is small
_COMPILING = (0.85e9, 7.5e6)  # bytes, and bytes for each layer that trains, with one program at a time
_DRAWING = 11.5e6  # bytes for each layer, while the program that draws random weights is compiled beside the step
_KEPT = {False: 2.72, True: 1.85}  # copies of the outputs of layers that train, for the backward pass; by bfloat16
_PASSING = 4.0  # copies of the largest output, in a layer that keeps nothing
_PIXELS = 40.0  # bytes for each pixel of the input: resampling and augmentation

VALIDATED = 32
"""Images in each call of the program that validates, if there is memory enough."""


def memory(
    config: Config, *, films: int = 0, half: bool = False, devices: int = 1, evaluated: int = VALIDATED,
    small: bool = False,
) -> Memory:  # fmt: skip
    """Return about how much memory a run takes.

    Args:
        config: of the run.
        films: number of films in the train and the validation split.
        half: whether the network computes in bfloat16.
        devices: that share each batch.
        evaluated: images in each call of the program that validates.
        small: whether the machine has less than `resources.SMALL`, where one thing is done at a time.
    """
    layers, groups = list(costs(config)), trained(config)
    training = sum(layer.parameters for layer in layers if layer.group in groups)
    copies = (1 if config.optim.name == "sgd" else 2) + bool(config.optim.ema_decay)  # moments, moving average
    parameters = sum(layer.parameters for layer in layers)
    state = 4 * (parameters + training * (1 + copies))
    number = 2 if half else 4
    kept = sum(layer.outputs for layer in layers if layer.group in groups)
    passing = _PASSING * number * max(layer.outputs for layer in layers) + _PIXELS * config.data.size**2
    share = -(-config.optim.batch_size // devices)
    step = max(share * max(_KEPT[half] * number * kept + _PIXELS * config.data.size**2, passing), evaluated * passing)
    stored = 0 if config.data.feed == "stream" else films * stored_size(config.data.size) ** 2
    copied = 4 * (parameters + training * copies)
    beside = max(0, copied - int(step) - 4 * training) if small else copied  # instead of temporary memory and gradients
    program = _LOADED[0] + sum(_LOADED[1 if layer.group in groups else 2] for layer in layers) + 4 * parameters
    compiling = _COMPILING[0] + _COMPILING[1] * sum(layer.group in groups for layer in layers)
    if not small:
        program += _MORE
        compiling += copied + (_DRAWING * len(layers) if config.model.init == "random" else 0.0)
    return Memory(int(program), state, int(step), stored, int(beside), int(compiling))


_SIZES = (256, 128, 64, 32, 16, 8, 4, 2)
_LEAST_STEPS = 10  # of an epoch, so that validation and early stopping follow steps enough


def batch_size(
    config: Config, train: int, room: int | None, *, half: bool = False, apart: bool = False, devices: int = 1,
    small: bool = False,
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
        small: as in `memory`.
    """
    chosen = _SIZES[-1]
    for size in _SIZES:
        # A run for which there is too little memory also evaluates fewer films at a time (`fitting.evaluation_batch`).
        evaluated, larger = min(VALIDATED, max(4, size)), with_batch(config, size)
        needed = memory(larger, films=train, half=half, devices=devices, evaluated=evaluated, small=small)
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
