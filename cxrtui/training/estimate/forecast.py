"""All that is said of a run before it starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from cxrtui.training.estimate.bytes import Memory


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
