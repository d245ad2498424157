"""What differs between runs by their logs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cxrtui.errors import UsageError
from cxrtui.runs import compare
from cxrtui.runs.folder import Run
from cxrtui.runs.follow import Snapshot
from cxrtui.runs.state import RunState, fold_all
from cxrtui.settings.config import Config
from tests.tui.compared import events_of


def state(skill: float = 1.6, division: str = "d1", **changed: Any) -> RunState:
    settings = {key.replace("__", "."): value for key, value in changed.items()}
    return fold_all(events_of("run", skill, settings, division=division))


def snapshots(*states: RunState) -> list[Snapshot]:
    return [Snapshot(Run(Path(f"r{place}")), item, read=True) for place, item in enumerate(states)]


def differing(*states: RunState) -> dict[str, tuple[str, ...]]:
    return {item.name: item.texts for item in compare.settings_that_differ(states)}


def test_only_settings_that_differ_are_listed_in_the_order_of_the_file() -> None:
    first = state()
    second = state(optim__learning_rate=3e-4, model__unfreeze={"3": "stage4", "5": "stage3"}, model__hidden=[])
    third = state(optim__learning_rate=3e-4, data__positive=["a,b", "c"])
    assert differing(first, second, third) == {
        "data.positive": ("(empty)", "(empty)", "a\\,b,c"),
        "model.unfreeze": ("(empty)", "3:stage4,5:stage3", "(empty)"),
        "model.hidden": ("256", "(empty)", "256"),
        "optim.learning_rate": ("0.001", "0.0003", "0.0003"),
    }
    assert list(differing(third, second)) == ["data.positive", "model.unfreeze", "model.hidden"]
    rate = compare.settings_that_differ([first, second, third])[-1]
    assert rate.values == (1e-3, 3e-4, 3e-4)
    assert [rate.changed(place, 1) for place in range(3)] == [True, False, False]


def test_an_older_log_counts_as_the_defaults_and_under_the_present_names() -> None:
    older = state()
    del older.config["optim"]["clip"]
    older.config["data"]["fit"] = older.config["data"].pop("resize_mode")
    older.config["model"]["unfreeze"] = ["3:stage4"]
    assert differing(older, state(model__unfreeze={"3": "stage4"})) == {}
    assert differing(older, state(optim__clip=5.0))["optim.clip"] == ("–", "5.0")
    (clip,) = compare.settings_that_differ([older, state(optim__clip=5.0, model__unfreeze={"3": "stage4"})])
    assert not clip.changed(1, 0)
    newer = state()
    newer.config["optim"]["lookahead"] = {"k": 5}
    newer.config["optim"]["name"] = 7
    assert differing(older, newer)["optim.lookahead"] == ("–", "k:5")
    assert differing(RunState(), state()) == {}  # a log without a configuration says nothing


def test_each_setting_has_a_text_as_in_the_list_of_settings() -> None:
    from cxrtui.settings.listing import SETTINGS

    texts = compare._settings_of(replace(RunState(), config=Config().as_dict()))
    assert {key: text for key, (text, _) in texts.items()} == {
        item.key: item.default_text or compare.EMPTY for item in SETTINGS
    }


def test_films_device_and_versions_are_compared() -> None:
    first, other = state(), state(division="0123456789")
    other = replace(other, device={"kind": "H100", "count": 2}, versions={"jax": "0.11.0", "cxrtui": "0.9.0"})
    found = {item.name: item.texts for item in compare.facts_that_differ([first, other])}
    assert found == {
        "splits": ("d1", "01234567"), "device": ("cpu, 2 cores", "2 × H100"), "version of jax": ("0.10.2", "0.11.0"),
    }  # fmt: skip
    assert compare.facts_that_differ([first, RunState()]) == []


def test_remarks_say_what_speaks_against_a_comparison() -> None:
    assert compare.remarks(snapshots(state(), state(optim__name="sgd"))) == []
    other = state(optim__label_smoothing=0.1)
    other = replace(other, labels=("a", "b"), problem="1 line of the log is not an event")
    early = other.early
    assert early is not None
    other = replace(other, stoppings=other.stoppings.appended(replace(early, metric="auroc")))
    broken, classes, watched, losses = compare.remarks(snapshots(state(), other))
    assert compare.remarks(snapshots(state(), replace(state(), config={}))) == [
        "r1: the log does not say with which settings."
    ]
    assert broken == "r1: 1 line of the log is not an event."
    assert "r0: No_findings / COVID-19; r1: a / b" in classes
    assert "r0 by loss; r1 by auroc" in watched
    assert losses.startswith("The losses cannot be compared")


@pytest.mark.parametrize("count", [0, 1, 9])
def test_two_to_eight(count: int) -> None:
    with pytest.raises(UsageError, match=f"2 to 8 different runs can be compared, not {count}"):
        compare.check_number(count)
