"""Finds out whether a run fits into the memory there is, and proposes settings with which it does.

A run that takes more than the memory is ended by the system without a word, in the middle of its first step or of its
first checkpoint. Importing this module imports no JAX.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import product

from cxrtui import resources
from cxrtui.errors import ConfigError, TooLargeError
from cxrtui.settings.config import Config, with_values
from cxrtui.settings.listing import BY_KEY
from cxrtui.settings.transfer import FREEZE_LEVELS
from cxrtui.training import estimate
from cxrtui.training.estimate import Memory

MARGIN = 1.25
"""A run is refused if its estimate is more than this times all of the memory: it is right to about a fifth."""
_SIZES = (192, 160, 128, 96, 64)
_BATCHES = (128, 64, 32, 16, 8, 4)
_GOOD_BATCH = 8  # BatchNorm's statistics of fewer films are poor, so a smaller image is proposed before a smaller batch
_EVALUATED = (32, 16, 8, 4)


@dataclass(frozen=True)
class Room:
    """The memory of a run, on each of its devices.

    Attributes:
        free: bytes that are free for the run, where its arrays are.
        total: all bytes there.
        half: whether the network computes in bfloat16.
        apart: whether the device has a memory of its own, which the program itself does not use.
        devices: that share each batch.
    """

    free: int
    total: int
    half: bool = False
    apart: bool = False
    devices: int = 1

    @property
    def small(self) -> bool:
        """Whether the machine has so little memory that a run does one thing at a time (`resources.SMALL`)."""
        return not self.apart and self.total * self.devices < resources.SMALL

    def memory(self, config: Config, films: int = 0, evaluated: int = _EVALUATED[0]) -> Memory:
        """Return what a run takes; see `estimate.memory`."""
        return estimate.memory(config, films=films, half=self.half, devices=self.devices, evaluated=evaluated,
                               small=self.small)  # fmt: skip

    def needed(self, config: Config, films: int = 0, evaluated: int = _EVALUATED[0]) -> int:
        """Return the bytes of this memory that a run takes; see `memory`."""
        memory = self.memory(config, films, evaluated)
        return memory.device if self.apart else memory.total

    def training(self, config: Config, evaluated: int) -> int:
        """Return the same without what the compiler takes, which is the same for all sizes of a batch."""
        memory = self.memory(config, evaluated=evaluated)
        return memory.device if self.apart else memory.training

    def fits(self, config: Config, films: int = 0, evaluated: int = _EVALUATED[0]) -> bool:
        """Return whether a run leaves a fifth of the memory free by its estimate; see `Memory.fits`."""
        return self.memory(config, films, evaluated).fits(self.free, apart=self.apart)


def evaluation_batch(config: Config, room: Room) -> int:
    """Return how many films are evaluated in one call: 32, or fewer if that lets the run fit or take less."""
    takes = {size: room.training(config, size) for size in _EVALUATED}
    fitting = (size for size in _EVALUATED if takes[size] <= estimate.USED * room.free)
    return next(fitting, next(size for size in _EVALUATED if takes[size] == takes[_EVALUATED[-1]]))


def check(config: Config, room: Room) -> str:
    """Return a warning if the run may not fit, which names settings with which it does; else an empty text.

    Raises:
        TooLargeError: it takes clearly more than all of the memory, which is that of the machine.
    """
    needed = room.needed(config, evaluated=evaluation_batch(config, room))
    if needed <= room.free:
        return ""
    clearly = needed > MARGIN * room.total and not room.apart
    there = f"there are {_gib(room.total)} in all" if clearly else f"{_gib(room.free)} are free"
    found = proposal(config, room)
    advice = f"a run with {assignments(found)} fits" if found else "it needs a larger machine, or a smaller network"
    text = f"This run takes about {_gib(needed)} of memory, and {there}; {advice}."
    if clearly:
        raise TooLargeError(text, found)
    return text


def proposal(config: Config, room: Room) -> dict[str, str]:
    """Return the settings to change so that a run fits, as texts by key; empty if none of those tried is enough."""
    for changes in _changes(config):
        with suppress(ConfigError):  # a group has a rate of its own and cannot be frozen, for example
            candidate = with_values(config, changes)
            if room.fits(candidate, evaluated=evaluation_batch(candidate, room)):
                return changes
    return {}


def assignments(changes: Mapping[str, str]) -> str:
    """Return settings as options of the command line."""
    return " ".join(f"--set {key}={value}" for key, value in changes.items())


def _changes(config: Config) -> Iterator[dict[str, str]]:
    """Yield changes to try, the least costly to the result first."""
    own = config.optim.batch_size
    batches = [size for size in _BATCHES if not own or size < own] or [own]
    sizes = [config.data.size, *(size for size in _SIZES if size < config.data.size)]
    good = [size for size in batches if size >= _GOOD_BATCH]
    for size, batch in (*product(sizes[:3], good), *product(sizes, batches)):
        yield _changed(config, {"optim.batch_size": batch, "data.size": size})
    if config.model.init == "random" or config.model.unfreeze:  # what is frozen would stay random, or thaws again
        return
    for level in FREEZE_LEVELS[FREEZE_LEVELS.index(config.model.freeze) + 1 :]:
        for batch in batches:
            yield _changed(config, {"optim.batch_size": batch, "model.freeze": level})


def _changed(config: Config, values: Mapping[str, object]) -> dict[str, str]:
    """Return those of `values` that differ from the configuration's."""
    return {key: str(value) for key, value in values.items() if str(BY_KEY[key].value(config)) != str(value)}


def _gib(count: int) -> str:
    return f"{count / 2**30:.1f} GiB"
