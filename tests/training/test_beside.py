"""Where memory is small, one program is compiled at a time, and nothing is held that no step needs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest

from cxrtui import memory, resources
from cxrtui.errors import Cancelled
from cxrtui.evaluation import predict
from cxrtui.net import classifier
from cxrtui.net.classifier import ClassifierSpec, create
from cxrtui.net.programs import Programs
from cxrtui.net.traced import CompiledFunction
from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.settings.config import Config
from cxrtui.training import fit, step
from cxrtui.training.beside import beside
from cxrtui.weights.checkpoints import Checkpoints

Small, NewRun = Callable[..., Config], Callable[..., Run]


@pytest.fixture
def little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "total_memory", lambda: 2 << 30)


def test_programs_compile_beside_the_network_where_memory_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "total_memory", lambda: 8 << 30)
    all_at_once = threading.Barrier(3, timeout=60)

    def work(name: str) -> Callable[[], str]:
        def call() -> str:
            all_at_once.wait()
            return name

        return call

    assert beside([work("step"), work("forward"), work("network")]) == ["step", "forward", "network"]


@pytest.mark.usefixtures("little")
def test_they_compile_one_after_the_other_where_it_is_small(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    monkeypatch.setattr(memory, "give_back", lambda: order.append("given back"))

    def work(name: str) -> Callable[[], str]:
        def call() -> str:
            order.append(name)
            return name

        return call

    assert beside([work("step"), work("forward"), work("network")]) == ["step", "forward", "network"]
    assert order == ["step", "given back", "forward", "given back", "network", "given back"]


def test_nobody_waits_for_a_compiler_after_a_stop_or_an_error() -> None:
    ended = threading.Event()

    def fails() -> None:
        raise ValueError("torn")

    def stop() -> None:
        raise Cancelled

    try:
        with pytest.raises(Cancelled):
            beside([ended.wait], stop)
        with pytest.raises(ValueError, match="torn"):
            beside([ended.wait, fails])
    finally:
        ended.set()


@pytest.mark.slow
@pytest.mark.usefixtures("little")
def test_a_run_in_small_memory_compiles_in_one_thread_and_trains_the_same(
    small: Small, new_run: NewRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[tuple[str, int]] = []

    def noted(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(name: str, *arguments: Any, **options: Any) -> Any:
            compiled.append((name, threading.get_ident()))
            return function(name, *arguments, **options)

        return call

    for module in (step, predict, classifier):
        monkeypatch.setattr(module, "_PROGRAMS", Programs())
        monkeypatch.setattr(module, "compile_once", noted(module.compile_once))
    config = small(optim__epochs=1)
    losses = [event.loss for event in fit.fit(config, new_run("one")) if isinstance(event, ev.StepDone)]
    assert [name for name, _ in compiled] == ["train_step", "forward", "create"]
    assert len({thread for _, thread in compiled}) == 1
    monkeypatch.setattr(resources, "total_memory", lambda: 8 << 30)
    assert losses == [event.loss for event in fit.fit(config, new_run("two")) if isinstance(event, ev.StepDone)]


@pytest.mark.slow
@pytest.mark.usefixtures("little")
def test_what_a_group_that_begins_to_train_took_to_compile_is_given_back(
    small: Small, new_run: NewRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[ev.Event] = []
    given_back: list[int] = []  # after so many events
    monkeypatch.setattr(memory, "give_back", lambda: given_back.append(len(told)))
    config = small(model__freeze="stage4", model__unfreeze=("2:stage4",), optim__epochs=2, stop__patience=0)
    for event in fit.fit(config, new_run()):
        told.append(event)
    unfrozen = next(index for index, event in enumerate(told) if isinstance(event, ev.Unfrozen))
    assert told[unfrozen + 1].__class__ is ev.Preparing
    assert unfrozen + 2 in given_back


@pytest.mark.usefixtures("little")
def test_the_program_that_draws_weights_is_not_kept_there(
    tiny: ClassifierSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: Programs[CompiledFunction] = Programs()
    monkeypatch.setattr(classifier, "_PROGRAMS", kept)
    first = create(tiny, 3)
    assert (tiny, True) not in kept
    monkeypatch.setattr(resources, "total_memory", lambda: 8 << 30)
    second = create(tiny, 3)
    assert (tiny, True) in kept
    drawn = [jax.tree.leaves(classifier.nnx.state(network)) for network in (first, second)]
    assert all(map(np.array_equal, *drawn))


@pytest.mark.slow
@pytest.mark.usefixtures("little")
def test_no_step_computes_there_while_a_checkpoint_is_written(
    small: Small, new_run: NewRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    saving: set[int] = set()
    begun, ended, onward = Checkpoints.save, Checkpoints.wait, CompiledFunction.onward
    steps_after_a_save = 0

    def save(self: Checkpoints, step: int, *arguments: Any) -> None:
        begun(self, step, *arguments)
        saving.add(step)

    def wait(self: Checkpoints) -> None:
        ended(self)
        saving.clear()

    def step_done(self: CompiledFunction, *arguments: Any) -> Any:
        nonlocal steps_after_a_save
        assert not saving
        steps_after_a_save += 1
        return onward(self, *arguments)

    monkeypatch.setattr(Checkpoints, "save", save)
    monkeypatch.setattr(Checkpoints, "wait", wait)
    monkeypatch.setattr(CompiledFunction, "onward", step_done)
    found = list(fit.fit(small(optim__epochs=2, run__checkpoint_minutes=1e-9), new_run()))
    assert sum(isinstance(event, ev.CheckpointSaved) for event in found) > 2
    assert steps_after_a_save == sum(isinstance(event, ev.StepDone) for event in found)
