"""What the run of the form will take: by earlier runs of the workspace with the same network, else by an estimate."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cxrtui.durations import age
from cxrtui.runs.glance import summary
from cxrtui.runs.listing import all_runs
from cxrtui.runs.state import RunState
from cxrtui.settings.config import Config
from cxrtui.settings.listing import BY_KEY
from cxrtui.settings.sharing import most_devices
from cxrtui.training import estimate, fitting
from cxrtui.training.estimate import Forecast
from cxrtui.tui import threads
from cxrtui.tui.page import Services

if TYPE_CHECKING:
    from cxrtui.training.speed import Machine

MOST_RUNS = 30
"""Number of the latest runs among which one with the same network is looked for."""
_SAME = ("data.size", "model.width", "model.stages", "model.freeze", "model.unfreeze", "model.precision",
         "optim.batch_size", "train.views")  # fmt: skip


def kind_of(config: Config) -> tuple[object, ...]:
    """Return what the time of a step depends on."""
    sections = (key.split(".") for key in _SAME)
    return tuple(getattr(getattr(config, section), name) for section, name in sections)


def forecast(config: Config, films: int, checkpoints: Path, machine: Machine | None) -> Forecast:
    """Return what a run takes.

    Args:
        config: of the run.
        films: films that count, in all splits; 0 if not known.
        checkpoints: folder of earlier runs.
        machine: the device that the run would use; None if it is not known.
    """
    validation = round(films * config.data.validation)
    train = max(0, films - validation - round(films * config.data.test))
    precision = config.model.precision
    half = precision == "bfloat16" or (precision == "auto" and machine is not None and machine.half)
    count = 1 if machine is None else machine.devices
    devices = min(config.run.devices, count) or most_devices(config.optim.batch_size, count)
    apart = machine is not None and machine.half
    room = None if machine is None else machine.memory
    if room is not None and not apart:  # several devices of a CPU have one memory
        room //= devices
    asked, unknown = config, 1 << 50
    there = fitting.Room(room or unknown, room or unknown, half=half, apart=apart, devices=devices)
    if not config.optim.batch_size:
        batch = estimate.batch_size(config, train, room, half=half, apart=apart, devices=devices, small=there.small)
        config = estimate.with_batch(config, batch)
    memory = there.memory(config, train + validation, fitting.evaluation_batch(config, there))
    instead = fitting.proposal(asked, there) if (memory.device if apart else memory.total) > there.total else {}
    compiling, epochs = estimate.compile_seconds(config), estimate.whole_epochs(config)
    device = "" if machine is None else machine.kind
    once = 0.0
    if machine is not None:
        once = estimate.features_seconds(config, train, machine.flops, machine.platform, devices)
    if apart:  # the program itself is in the machine's memory
        memory = replace(memory, program=0, compiling=0)
    for name, state in _alike(config, checkpoints, device, devices):
        seconds = _epoch_of(state, train)
        if seconds is not None and train:
            compiled = state.compiled.seconds if state.compiled is not None else compiling
            return Forecast(memory, room, compiled, seconds, seconds * epochs + once, config.optim.epochs, name, device,
                            devices, instead)  # fmt: skip
    if machine is None or not train:
        return Forecast(memory, room, epochs=config.optim.epochs, device=device, devices=devices, instead=instead)
    seconds = estimate.epoch_seconds(config, train, validation, machine.flops, machine.platform, devices)
    return Forecast(memory, room, compiling, seconds, seconds * epochs + once, config.optim.epochs, "", device, devices,
                    instead)  # fmt: skip


def _alike(config: Config, checkpoints: Path, device: str, devices: int) -> Iterator[tuple[str, RunState]]:
    """Yield name and state of the runs that trained the same network in batches of the same size, the latest first."""
    from cxrtui.settings.config import load

    for run in all_runs(checkpoints)[:MOST_RUNS]:
        with contextlib.suppress(Exception):  # a run that cannot be read says nothing of this one
            if kind_of(load(run.config_file)) != kind_of(config):
                continue
            state = summary(run)
            if not device or (state.device.get("kind"), state.devices) == (device, devices):
                yield run.name, state


def _epoch_of(state: RunState, train: int) -> float | None:
    """Return the seconds of an epoch of `train` films, and its validation, at the speed of an earlier run."""
    if not len(state.steps):
        return None
    pace = state.images_per_second
    last = state.steps[-1]
    batch = int(state.config.get("optim", {}).get("batch_size", 0))  # type: ignore[call-overload]
    before = last.steps_per_epoch * batch
    if len(state.epochs) and before and state.epochs[-1].seconds > 0:
        validation = state.validations[-1].seconds if len(state.validations) else 0.0
        return float((state.epochs[-1].seconds + validation) * train / before)
    return train / pace if pace > 0 else None


class Forecaster:
    """Makes forecasts in a thread, one at a time; only the newest request counts."""

    def __init__(self, services: Services, post: Callable[[Forecast], object]) -> None:
        """Call `post` in the thread with each forecast; the first ones may lack what is still being measured."""
        self._services, self._post = services, post
        self._lock = threading.Lock()
        self._wanted: tuple[Config, int] | None = None
        self._answered: tuple[Config, int] | None = None
        self._busy = False
        self._machine: Machine | None = None
        self._measuring = False

    def ask(self, config: Config, films: int) -> None:
        """Make a forecast for `config` and this number of films that count, unless it is the one that was made last."""
        with self._lock:
            self._wanted = None if (config, films) == self._answered else (config, films)
            self._start()
            if not self._measuring:
                self._measuring = True
                threads.start("measure the device", self._measure)

    def _start(self) -> None:
        """Start the thread if something is wanted; the lock is held."""
        if self._wanted is not None and not self._busy:
            self._busy = True
            threads.start("forecast the run", self._work)

    def _measure(self) -> None:
        """Find the device, and make the last forecast again with it."""
        machine = self._services.backend.machine()
        with self._lock:
            self._machine = machine
            self._wanted, self._answered = self._wanted or self._answered, None
            self._start()

    def cancel(self) -> None:
        """Make no more forecasts of what was asked."""
        with self._lock:
            self._wanted = self._answered = None

    def _work(self) -> None:
        checkpoints = self._services.workspace.checkpoints
        while True:
            with self._lock:
                if self._wanted is None:
                    self._busy = False
                    return
                wanted, self._wanted, self._answered = self._wanted, None, self._wanted
            config, films = wanted
            found = forecast(config, films, checkpoints, self._machine)
            with self._lock:
                if self._wanted is None and self._answered == wanted:
                    self._post(found)


def lines(found: Forecast) -> list[str]:
    """Return a forecast as short texts: memory, time to compile, time of an epoch and of all."""
    parts = [f"about {size(found.memory.total)} of memory"]
    if found.devices > 1:
        parts[0] += f" on each of {found.devices} devices"
    if found.tight and found.room is not None:
        fits = " · ".join(f"{BY_KEY[key].label} {value}" for key, value in found.instead.items())
        what = f"it fits with {fits}" if fits else "make batch or image smaller"
        parts[0] = f"! {parts[0]}, and there are {size(found.room)}: {what}"
    if found.compile_seconds is not None:
        parts.append(f"compiles in about {_about(found.compile_seconds)}, or less if it did before")
    if found.epoch_seconds is not None and found.seconds is not None:
        parts.append(f"about {_about(found.epoch_seconds)} an epoch, {_about(found.seconds)} for all {found.epochs}")
        parts.append(f"as run {found.like} took" if found.like else f"by the speed of this machine ({found.device})")
    return parts


def short(found: Forecast) -> str:
    """Return a forecast as one line."""
    parts = [f"{'! ' if found.tight else ''}about {size(found.memory.total)}"]
    if found.tight and found.room is not None:
        parts[0] += f" of {size(found.room)}"
    if found.epoch_seconds is not None and found.seconds is not None:
        parts.append(f"{_about(found.epoch_seconds)} an epoch")
        parts.append(f"{_about(found.seconds + (found.compile_seconds or 0.0))} in all")
    return " · ".join(parts)


def _about(seconds: float) -> str:
    """Return a duration as a whole number of one unit."""
    return age(seconds + (0.5 if seconds < 60 else 30.0 if seconds < 3600 else 1800.0))


def size(count: int) -> str:
    """Return a number of bytes in GiB or MiB."""
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.0f} MiB"
