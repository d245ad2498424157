"""Records a few training steps as a trace of `jax.profiler`, for a look at where their time goes.

The trace names what the host does (``batch``: it waits for the loader; ``step``: it dispatches a step) and each
operation of the compiled step. XLA keeps the part of the network that an operation belongs to (``augment``, ``stem``,
``stage1`` to ``stage4``, ``head``, ``optimizer``) beside it. How to read a trace stands in docs/performance.md.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, TypeVar

import jax

from cxrtui.runs import events as ev

T = TypeVar("T")

WARM = 2
"""Steps before the trace: the first ones of a process wait for what later ones find ready."""


class Trace:
    """Traces steps of one process, once; it does nothing if no steps are asked for.

    Example::

        with contextlib.closing(Trace(folder, 10)) as trace:
            for number, batch in enumerate(trace.batches(loader)):
                with trace.step(number):
                    state, scalars = step(state, batch, hyper)
                if event := trace.done(scalars):
                    yield event
    """

    def __init__(self, folder: Path, steps: int) -> None:
        """Trace `steps` steps into `folder`, which must not exist; a run that goes on is not traced again."""
        self._folder, self._left = folder, 0 if folder.exists() else steps
        self._warm = WARM
        self._first = self._traced = 0
        self._began = 0.0
        self._failure = ""

    @property
    def _on(self) -> bool:
        return self._began > 0.0

    def batches(self, batches: Iterator[T]) -> Iterator[T]:
        """Yield `batches`, with the time that the step waits for each in the trace."""
        while True:
            with self._phase("batch"):
                batch = next(batches, None)
            if batch is None:
                return
            yield batch

    def step(self, number: int) -> AbstractContextManager[object]:
        """Return what the dispatch of step `number` (from 0) goes in; start the trace if its time has come."""
        if self._left and not self._on:
            self._warm -= 1
            if self._warm < 0:
                self._start(number)
        return jax.profiler.StepTraceAnnotation("step", step_num=number) if self._on else contextlib.nullcontext()

    def done(self, scalars: Any) -> ev.Event | None:
        """Count a dispatched step, and end the trace once all are done.

        Args:
            scalars: of that step; the trace ends when they are computed.

        Returns:
            ``Profiled`` at the end of the trace, or ``Warned`` if it could not be made.
        """
        if self._on:
            self._left, self._traced = self._left - 1, self._traced + 1
            if not self._left:
                jax.block_until_ready(scalars)
                return self._stop()
        elif self._failure:
            failure, self._failure = self._failure, ""
            return ev.Warned(code="not-profiled", message=f"The steps are not traced: {failure}.")
        return None

    def end(self) -> ev.Event | None:
        """End a trace that holds fewer steps than were asked for, at the end of an epoch; return as `done`."""
        return self._stop() if self._on else None

    def close(self) -> None:
        """End a trace of which nothing is said any more."""
        self.end()

    def _phase(self, name: str) -> AbstractContextManager[object]:
        return jax.profiler.TraceAnnotation(name) if self._on else contextlib.nullcontext()

    def _start(self, number: int) -> None:
        try:
            options = jax.profiler.ProfileOptions()
            options.python_tracer_level = 0  # every call of Python hides what takes the time
            jax.profiler.start_trace(str(self._folder), create_perfetto_trace=True, profiler_options=options)
        except (RuntimeError, OSError) as error:
            self._left, self._failure = 0, str(error)
            return
        self._first, self._began = number + 1, time.monotonic()

    def _stop(self) -> ev.Event:
        seconds, self._began, self._left = time.monotonic() - self._began, 0.0, 0
        try:
            jax.profiler.stop_trace()
        except (RuntimeError, OSError) as error:
            return ev.Warned(code="not-profiled", message=f"The trace could not be written: {error}.")
        return ev.Profiled(step=self._first, steps=self._traced, seconds=seconds, path=self._folder.name)
