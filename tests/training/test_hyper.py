"""Hyperparameters are arguments of the compiled step: another value compiles nothing, and means what it says."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from cxrtui.data.loader import Batch
from cxrtui.evaluation import predict
from cxrtui.net.layout import Layout
from cxrtui.net.programs import Programs
from cxrtui.runner import save_config
from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.settings.config import Config
from cxrtui.training import step
from cxrtui.training.fit import fit
from cxrtui.training.hyper import hyper_of
from cxrtui.training.initial_state import initial
from cxrtui.training.step import Program, compile_step, named
from tests.compilations import compiled
from tests.console.test_headless import run_of, train_command

Small = Callable[..., Config]

# Everything that is a number: nothing of it is a constant of the program.
OTHER: dict[str, Any] = {
    "run__seed": 7, "model__dropout": 0.6, "optim__learning_rate": 3e-3, "optim__weight_decay": 0.2, "optim__clip": 0.5,
    "optim__schedule": "cosine", "optim__warmup": 0.3, "optim__class_weights": "none", "augment__rotation": 3.0,
    "augment__flip": 0.1, "augment__brightness": 0.3, "augment__contrast": 0.2, "augment__scale": 0.3,
    "augment__translation": 0.01,
}  # fmt: skip
LAYOUT = Layout.over()
RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (8, 36, 36), dtype=np.uint8)
LABELS = np.arange(8, dtype=np.int32) % 2


def one_step(config: Config, rate: float = 1e-3) -> tuple[dict[str, float], list[np.ndarray], Any]:
    """Scalars and parameters after the first step from the weights of seed 0, and the compiled program."""
    hyper = LAYOUT.put_state(hyper_of(config, np.ones(2, np.float32)).at(np.float32(rate)))
    network = initial(config, hyper, LAYOUT)
    program = Program.of(config, network.graphdef, "none", LAYOUT)
    compiled_step = compile_step(program, network.state, hyper, batch_size=8, stored_size=36)
    state, scalars = compiled_step(network.state, Batch(*LAYOUT.put_batch((IMAGES, LABELS))), hyper)
    return (
        named(scalars),
        [np.asarray(leaf) for leaf in jax.tree.leaves(state.trainable)],
        compiled_step,
    )


@pytest.mark.slow
def test_two_configurations_share_one_compilation_and_each_value_counts(small: Small) -> None:
    on = {"optim__label_smoothing": 0.1, "augment__mixup": 0.2}
    config = small(**on)
    with compiled() as names:
        _, first, _ = one_step(config)
        assert sum("train_step" in name for name in names) == 1
        names.clear()
        changes: dict[str, Any] = {
            "model__dropout": 0.9, "optim__weight_decay": 0.9, "optim__clip": 1e-3, "optim__label_smoothing": 0.4,
            "augment__rotation": 90.0, "augment__flip": 1.0, "augment__brightness": 0.9, "augment__contrast": 0.9,
            "augment__scale": 0.5, "augment__translation": 0.5, "augment__mixup": 2.0,
        }  # fmt: skip
        for key, value in changes.items():
            _, other, _ = one_step(small(**{**on, key: value}))
            assert not all(map(np.array_equal, first, other)), key
        _, other, _ = one_step(config, rate=2e-3)
        assert not all(map(np.array_equal, first, other))
        _, again, _ = one_step(config)
        assert all(map(np.array_equal, first, again))
        assert names == []


@pytest.mark.slow
def test_a_second_run_in_the_process_compiles_neither_program(
    small: Small, new_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (step, predict):  # as in a process that has not trained yet
        monkeypatch.setattr(module, "_PROGRAMS", Programs())

    def trained(name: str, **changes: Any) -> tuple[list[str], list[float]]:
        run, config = new_run(name), small(optim__epochs=1, **changes)
        save_config(run, config)
        with compiled() as names:
            losses = [event.loss for event in fit(config, run) if isinstance(event, ev.StepDone)]
        return [name for name in names if "train_step" in name or "forward" in name], losses

    first, losses = trained("first")
    assert len(first) == 2
    second, others = trained("second", **OTHER)
    assert second == []
    assert len(losses) == len(others) > 3
    assert losses != others


@pytest.mark.slow
def test_a_second_process_takes_the_program_of_the_first(phantom_films: Path, tmp_path: Path) -> None:
    cache, step_of_a_run = tmp_path / "xla", "jit_train_step-*-cache"
    cache.mkdir()
    for item in Path(os.environ["JAX_COMPILATION_CACHE_DIR"]).iterdir():  # all but what is compiled here
        if not item.match(step_of_a_run):
            (cache / item.name).symlink_to(item)
    changed = {**os.environ, "JAX_COMPILATION_CACHE_DIR": str(cache), "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
    found = []
    for name, changes in (("first", {}), ("second", OTHER)):
        subprocess.run(
            train_command(tmp_path, phantom_films, name, optim__epochs=1, **changes),
            check=True, env=changed, capture_output=True,
        )  # fmt: skip
        assert run_of(tmp_path, name).read().stopped is not None
        found.append({item.name for item in cache.glob(step_of_a_run)})
    assert len(found[0]) == 1
    assert found[0] == found[1]


# Bit by bit what a step computed for itself while the schedule was part of it.
RATES = """
import sys
import jax, numpy as np
from cxrtui.settings import config
from cxrtui.training.rates import Rates, schedule

for name in sys.argv[1:]:
    optim = config.resolve({"optim.schedule": name, "optim.warmup": 0.23, "optim.learning_rate": 3.7e-4}).optim
    curve = schedule(optim, 50)
    within = jax.jit(lambda count: -1 * curve(count))
    expected = [-float(within(np.int32(step))) for step in range(50)]
    rates = Rates(optim, 50)
    assert [rates.of(step) for step in range(50)] == expected, name
    print(name, len(set(expected)))
"""


def test_rates_are_those_of_the_schedule_compiled() -> None:
    compiled_as_for_users = {name: text for name, text in os.environ.items() if name != "XLA_FLAGS"}
    command = [sys.executable, "-c", RATES, "constant", "cosine", "onecycle"]
    done = subprocess.run(command, env=compiled_as_for_users, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["constant", "cosine", "onecycle"]
