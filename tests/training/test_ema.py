"""The moving average of the weights: its numbers, who uses it, and that no interruption shows in it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cxrtui.data.loader import Batch
from cxrtui.evaluation import model as models
from cxrtui.net.layout import Layout
from cxrtui.runner import save_config
from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.settings.config import Config
from cxrtui.training.ema import advanced, started
from cxrtui.training.fit import fit
from cxrtui.training.hyper import hyper_of
from cxrtui.training.initial_state import initial, resumed
from cxrtui.training.step import Program, compile_step
from cxrtui.weights.checkpoints import Checkpoints
from tests.training.asks import Asks

Small = Callable[..., Config]
NewRun = Callable[..., Run]
LAYOUT = Layout.over()
DECAY = 0.6  # above the decay of the first steps, and below that of the later ones


def reference(values: list[np.ndarray], decay: float) -> np.ndarray:
    """The average of the first value and of all that follow, in float64."""
    average = values[0].astype(np.float64)
    for step, value in enumerate(values[1:]):
        kept = min(decay, (1 + step) / (10 + step))
        average = kept * average + (1 - kept) * value
    return average


def test_the_average_is_that_of_the_definition() -> None:
    values = [np.random.default_rng(seed).normal(size=5).astype(np.float32) for seed in range(40)]
    average = started({"kernel": jnp.asarray(values[0])}, {"mean": jnp.asarray(-values[0])})
    for step, value in enumerate(values[1:]):
        average = advanced(
            average, {"kernel": jnp.asarray(value)}, {"mean": jnp.asarray(-value)}, np.float32(DECAY), jnp.int32(step)
        )
    np.testing.assert_allclose(average["trainable"]["kernel"], reference(values, DECAY), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(average["statistics"]["mean"], -reference(values, DECAY), rtol=1e-5, atol=1e-6)


def leaves(tree: Any) -> list[np.ndarray]:
    return [np.array(leaf) for leaf in jax.tree.leaves(tree)]


@pytest.mark.slow
def test_a_step_averages_parameters_and_statistics_and_trains_as_without(small: Small) -> None:
    images = np.random.default_rng(0).integers(0, 256, (8, 40, 40), dtype=np.uint8)
    labels = np.arange(8, dtype=np.int32) % 2
    found = {}
    for decay in (0.0, DECAY):
        config = small(optim__ema_decay=decay, optim__name="sgd")  # Adam would magnify rounding
        hyper = LAYOUT.put_state(hyper_of(config, np.ones(2, np.float32)).at(np.float32(1e-2)))
        network = initial(config, hyper, LAYOUT)
        program = Program.of(config, network.graphdef, "none", LAYOUT)
        step = compile_step(program, network.state, hyper, batch_size=8, stored_size=40)
        state, history = network.state, [leaves((network.state.trainable, network.state.statistics))]
        for _ in range(12):
            state, _ = step(state, Batch(*LAYOUT.put_batch((images, labels))), hyper)
            history.append(leaves((state.trainable, state.statistics)))
        found[decay] = state, history
    (plain, expected), (state, history) = found[0.0], found[DECAY]
    assert plain.ema is None
    for with_average, without in zip(history[-1], expected[-1], strict=True):  # of two programs, so within rounding
        np.testing.assert_allclose(with_average, without, rtol=1e-5, atol=1e-6)
    averages = leaves((state.ema["trainable"], state.ema["statistics"]))
    for place, average in enumerate(averages):
        np.testing.assert_allclose(
            average, reference([values[place] for values in history], DECAY), rtol=1e-4, atol=1e-5
        )
    assert all(map(np.array_equal, leaves(state.evaluated["trainable"]), leaves(state.ema["trainable"])))


def training(config: Config, run: Run, *asked: Callable[[], bool], **options: Any) -> Iterator[ev.Event]:
    save_config(run, config)
    run.events_file.touch()
    return fit(config, run, Asks(*asked), **options)


def stopped_after(config: Config, run: Run, stop_at: int) -> None:
    steps = 0

    def enough() -> bool:
        return steps >= stop_at

    for event in training(config, run, enough):
        steps += isinstance(event, ev.StepDone)


def saved(config: Config, run: Run) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """What the latest checkpoint has trained and what it averaged."""
    checkpoints = Checkpoints(run.state, read_only=True)
    latest = checkpoints.latest()
    assert latest is not None
    state = resumed(config, hyper_of(config, np.ones(2, np.float32)), LAYOUT, checkpoints, latest).state
    return leaves((state.trainable, state.statistics, state.optimizer)), leaves(state.ema)


@pytest.mark.slow
def test_a_stopped_run_resumes_to_the_same_bits_also_where_a_group_begins_to_train(
    small: Small, new_run: NewRun
) -> None:
    config = small(
        optim__ema_decay=0.9, optim__epochs=2, stop__patience=0, model__freeze="stage4", model__unfreeze="2:stage4"
    )
    whole = new_run("whole")
    story = list(training(config, whole))
    trained, average = saved(config, whole)
    assert not all(map(np.array_equal, trained, average))
    for stop_at in (3, 5, 7):  # before, between and after
        broken = new_run(f"broken-{stop_at}")
        stopped_after(config, broken, stop_at)
        rest = list(fit(config, broken, resume=True))
        for expected, found in zip((trained, average), saved(config, broken), strict=True):
            assert all(map(np.array_equal, expected, found))
        last = [[event.metrics for event in events if isinstance(event, ev.Evaluated)] for events in (story, rest)]
        assert last[0] == last[1]


@pytest.mark.slow
def test_a_checkpoint_holds_the_average_as_its_weights_and_settings_may_change_between(
    small: Small, new_run: NewRun
) -> None:
    run, config = new_run(), small(optim__ema_decay=0.9, optim__epochs=1, stop__patience=0)
    list(training(config, run))
    trained, average = saved(config, run)
    used = models.load(run).variables
    assert all(map(np.array_equal, leaves({"statistics": used["statistics"], "trainable": used["trainable"]}), average))
    without, none = saved(small(optim__epochs=1), run)  # switched off: it goes on from what the last step left
    assert none == []
    assert all(map(np.array_equal, without, trained))


@pytest.mark.slow
def test_a_checkpoint_of_before_begins_an_average_or_none(small: Small, new_run: NewRun) -> None:
    """Older versions saved no average, and did not say so."""
    run, config = new_run(), small(optim__epochs=1)
    list(training(config, run))
    checkpoints = Checkpoints(run.state, read_only=True)
    step = checkpoints.latest()
    assert step is not None
    hyper = hyper_of(config, np.ones(2, np.float32))
    state = resumed(config, hyper, LAYOUT, checkpoints, step).state
    older = new_run("older")
    save_config(older, config)
    progress = {key: value for key, value in checkpoints.progress(step).items() if key not in ("ema", "run", "digests")}
    writer = Checkpoints(older.state)
    writer.save(step, state.variables, state.optimizer, progress)
    writer.close()
    expected = leaves((state.trainable, state.statistics, state.optimizer))
    trained, none = saved(config, older)
    assert none == []
    assert all(map(np.array_equal, trained, expected))
    averaging = dataclasses.replace(config, optim=dataclasses.replace(config.optim, ema_decay=0.9))
    trained, average = saved(averaging, older)
    assert all(map(np.array_equal, trained, expected))
    assert all(map(np.array_equal, average, leaves({"trainable": state.trainable, "statistics": state.statistics})))
