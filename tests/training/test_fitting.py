"""A run that does not fit into the memory is told of settings with which it does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cxrtui import resources
from cxrtui.errors import ConfigError, TooLargeError
from cxrtui.runner import drive
from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.settings.config import Config, parse_assignments, resolve
from cxrtui.training import estimate, fitting
from cxrtui.training.fitting import Room

GIB = 1 << 30


def room(gib: float, **more: Any) -> Room:
    return Room(free=int(gib * 0.95 * GIB), total=int(gib * GIB), **more)


@pytest.mark.parametrize("gib", [2, 3, 4, 8])
@pytest.mark.parametrize("values", [{}, {"model.init": "random"}, {"optim.batch_size": "auto"},
                                    {"data.size": 512, "optim.batch_size": 64}])  # fmt: skip
def test_what_is_proposed_fits(gib: float, values: dict[str, Any]) -> None:
    config = resolve(values)
    changes = fitting.proposal(config, room(gib))
    changed = resolve(values, parse_assignments(fitting.assignments(changes).replace("--set ", "").split()))
    assert changed != config
    assert room(gib).fits(changed, evaluated=fitting.evaluation_batch(changed, room(gib)))
    assert changed.model.freeze == "none" or config.model.init != "random"


def test_a_small_memory_is_an_error_and_a_busy_one_a_warning() -> None:
    config = resolve({})
    needed = estimate.memory(config).total
    assert fitting.check(config, Room(free=2 * needed, total=2 * needed)) == ""
    busy = fitting.check(config, Room(free=GIB * 3, total=2 * needed))
    assert "3.0 GiB are free; a run with --set optim.batch_size=" in busy
    with pytest.raises(ConfigError, match=r"there are 2\.0 GiB in all; a run with --set .* fits\.") as found:
        fitting.check(config, room(2))
    assert isinstance(found.value, TooLargeError)
    assert found.value.instead == fitting.proposal(config, room(2))
    assert "are free" in fitting.check(config, room(2, apart=True)), "a GPU says by itself what does not fit"
    with pytest.raises(ConfigError, match="a larger machine"):
        fitting.check(config, room(0.2))


@pytest.mark.parametrize(
    ("gib", "values", "measured"),  # MiB, the peaks of such runs with all their processes, on an EPYC of family 25
    [
        (2, {"model.width": 64, "data.size": 160, "optim.batch_size": 8}, 1679),
        (2, {"data.size": 224, "optim.batch_size": 32}, 1628),
        (2, {"data.size": 96}, 1198),
        (2, {"data.size": 96, "model.stages": "1,1,1,1"}, 942),
        (2, {"data.size": 96, "model.freeze": "stage4"}, 799),
        (16, {"data.size": 96}, 1823),
    ],
)
def test_what_is_said_of_memory_is_near_what_was_measured(gib: float, values: dict[str, Any], measured: int) -> None:
    config = resolve({"model.init": "random", "model.width": 16, "optim.batch_size": 16}, values)
    there = room(gib)
    expected = there.needed(config, evaluated=fitting.evaluation_batch(config, there)) / (1 << 20)
    assert 0.99 * measured < expected < 1.1 * measured


@pytest.mark.parametrize("free", [1.7, 1.8, 1.9])
def test_a_machine_of_two_gib_whose_system_needs_some_is_proposed_a_size(free: float) -> None:
    config, there = resolve({"model.init": "random"}), Room(free=int(free * GIB), total=int(1.94 * GIB))
    changed = resolve({"model.init": "random"}, fitting.proposal(config, there))
    assert changed != config
    assert there.needed(changed, evaluated=fitting.evaluation_batch(changed, there)) < 0.8 * free * GIB


def test_fewer_films_are_evaluated_at_a_time_where_that_lets_a_run_fit() -> None:
    config = resolve({"data.size": 224, "optim.batch_size": 2, "model.freeze": "stage4"})
    assert fitting.evaluation_batch(config, room(16)) == 32
    sizes = [fitting.evaluation_batch(config, room(gib)) for gib in (0.9, 1.1, 1.3, 1.6, 2)]
    assert sizes == sorted(sizes)
    assert sizes[0] < 32 == sizes[-1]


def test_a_run_that_cannot_fit_ends_before_it_trains(
    small: Callable[..., Config], new_run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("total_memory", "free_memory"):
        monkeypatch.setattr(resources, name, lambda: GIB // 4)
    run = new_run()
    assert drive(run, small()) == ConfigError.exit_code
    last = run.tail().poll()[-1]
    assert isinstance(last, ev.Failed)
    assert "of memory, and there are 0.2 GiB in all" in last.message
