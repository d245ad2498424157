"""Where trials are drawn, from studies that never were trained."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from cxrtui.search.optuna_study import TrialRecord
from cxrtui.search.outcome import Outcome
from cxrtui.search.snapshot import Snapshot
from cxrtui.search.study import Plan, Study
from cxrtui.settings.config import Config
from cxrtui.settings.space import searched
from cxrtui.settings.tuning import TuneConfig
from cxrtui.tui.tune import course
from cxrtui.tui.tune.looks import BEST, groups, limits_of
from cxrtui.tui.tune.scale import Scale, names
from cxrtui.tui.tune.slices import panel
from cxrtui.tui.tune.status import word_of
from cxrtui.tui.widgets.charts.canvas import MODES, Canvas

SPACE = (searched("optim.learning_rate", "1e-4..1e-2:log"), searched("optim.name", "adam,adamw,sgd"))


def trial(number: int, value: float, rate: float = 1e-3, name: str = "adam", state: str = "finished") -> TrialRecord:
    settings = {"optim.learning_rate": repr(rate), "optim.name": name}
    return TrialRecord(number, state, settings, value, (value,), (), {}, "", 1.0, 2.0)


def found(*trials: TrialRecord, objective: str = "auroc", **more: object) -> Snapshot:
    plan = Plan(TuneConfig(objective=objective, trials=4), Config(), SPACE)
    return Snapshot(Study(Path("s")), plan, trials, **more)  # type: ignore[arg-type]


def at(canvas: Canvas, row: int, column: int) -> str:
    return chr(canvas.chars[row, column])


def test_values_are_on_their_axis() -> None:
    rate, name = map(Scale, SPACE)
    assert [rate.place(text) for text in ("0.0001", "0.001", "0.01")] == pytest.approx([0.0, 0.5, 1.0])
    assert math.isnan(rate.place("0.1"))
    assert math.isnan(rate.place("adam"))
    assert [name.place(text) for text in ("adam", "adamw", "sgd")] == pytest.approx([1 / 6, 1 / 2, 5 / 6])
    assert math.isnan(name.place("lion"))
    whole = Scale(searched("optim.batch_size", "8..64"))
    for scale in (rate, name, whole):
        places = [place for place, _ in scale.labels(4)]
        assert places == sorted(places)
        assert all(-1e-9 <= place <= 1 + 1e-9 for place in places)
    assert [text for _, text in whole.labels(4)] == ["20", "40", "60"]
    assert (rate.ends, name.ends) == (("0.0001", "0.01"), ("", ""))


def test_names_are_short_where_they_are_clear() -> None:
    both = (*SPACE, searched("data.resize_mode", "crop,pad"), searched("augment.scale", "0.0..0.2"))
    assert list(names(both).values()) == ["learning_rate", "name", "resize_mode", "scale"]


@pytest.mark.parametrize(
    ("objective", "best"), [("auroc", [0.6, 0.6, 0.8, 0.8, 0.8]), ("loss", [0.6, 0.6, 0.6, 0.6, 0.5])]
)
def test_the_curve_is_of_the_best_so_far(objective: str, best: list[float]) -> None:
    trials = [trial(1, 0.6), trial(2, 0.9 if objective == "auroc" else 0.1, state="pruned"), trial(3, 0.8),
              trial(4, math.nan, state="failed"), trial(5, 0.5)]  # fmt: skip
    lines = {line.key: line for line in course.lines(found(*trials, objective=objective))}
    curve = lines["best"]
    read = [curve.y[np.flatnonzero(curve.x <= number)[-1]] for number in (1, 2, 3, 4, 5)]
    assert read == best
    assert (list(lines["trials"].x), list(lines["trials"].y)) == ([1, 3, 5], [0.6, 0.8, 0.5])
    assert list(lines["pruned"].x) == [2]
    assert [line.key for line in course.lines(found())] == ["trials"]


def test_a_slice_has_each_trial_at_its_value() -> None:
    trials = (trial(1, 0.5, 1e-4, "adam"), trial(2, 0.9, 1e-2, "sgd"), trial(3, 0.7, 1e-3, "adamw"),
              trial(4, 0.1, 1e-3, "adamw", "pruned"))  # fmt: skip
    study, braille = found(*trials), MODES["braille"]
    limits = limits_of(trials)
    drawn = panel(study, SPACE[0], groups(study, 0), limits, braille, 30, 9)
    inner = next(column for column in range(30) if at(drawn, 7, column) == "●")
    assert at(drawn, 7, inner) == "●"  # the worst, at the low end
    assert at(drawn, 1, inner + 19) == "◆"  # the best, at the high end
    assert drawn.styles[drawn.looks[1, inner + 19]] == BEST[0]
    middle = next((row, column) for row in range(1, 8) for column in range(30) if at(drawn, row, column) == "●")
    assert middle in ((4, inner + 9), (4, inner + 10))
    assert "↓" in {at(drawn, 7, column) for column in (inner + 9, inner + 10)}  # the pruned one is below the axis
    assert limits == limits_of(trials[:3])
    columns = panel(study, SPACE[1], groups(study, 3), limits, braille, 30, 9)
    (place,) = [column for column in range(30) if at(columns, 4, column) == "●"]
    assert "reverse" in columns.styles[columns.looks[4, place]]  # the trial under the cursor
    plain = panel(study, SPACE[0], groups(study, 0), limits, MODES["ascii"], 30, 9)
    assert (plain.chars < 128).all()


def test_a_study_is_told_in_a_word() -> None:
    done = tuple(trial(number, 0.5) for number in range(1, 5))
    assert word_of(found()) == "not begun"
    assert word_of(found(trial(1, 0.5), workers=1)) == "searching"
    assert word_of(found(*done, workers=1)) == "training the best anew"
    assert word_of(found(*done, outcome=Outcome("finished"))) == "finished"
    assert word_of(found(trial(1, 0.5), outcome=Outcome("hours"))) == "out of time"
    assert word_of(found(trial(1, 0.5), outcome=Outcome("requested"))) == "stopped"
    assert word_of(found(*done, outcome=Outcome("failed", "no films"))) == "failed"
    assert word_of(found(trial(1, 0.5, state="running"))) == "no worker here"
