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
    ("values", "measured"),  # MiB, the peaks of such runs in 2 GiB, on an Intel Xeon
    [
        ({"data.size": 64}, 1572),
        ({"data.size": 96}, 1542),
        ({"data.size": 224}, 1422),
        ({"data.size": 96, "model.stages": "1,1,1,1"}, 1071),
        ({"data.size": 96, "model.freeze": "stage4"}, 981),
    ],
)
def test_what_compiling_takes_is_not_put_too_low_for_a_narrow_network(values: dict[str, Any], measured: int) -> None:
    config = resolve({"model.init": "random", "model.width": 16, "optim.batch_size": 16}, values)
    expected = room(2).needed(config) / (1 << 20)
    assert 0.97 * measured < expected < 1.15 * measured
    assert room(2).fits(config)
    assert not room(1.5).fits(config) or measured < 1200


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
