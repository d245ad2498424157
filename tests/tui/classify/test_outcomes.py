from __future__ import annotations

from pathlib import Path

import pytest

from cxrtui.data.sources.truth import Truth
from cxrtui.tui.classify.outcomes import FILTERS, SORTS, Outcomes, against
from tests.tui.conftest import Answer


def answer(name: str, value: float | None) -> Answer:
    if value is None:
        return Answer(name, False, error="it is torn")
    return Answer(name, True, "COVID-19" if value >= 0.5 else "No", {"No": 1 - value, "COVID-19": value})


def truth(index: int | None, label: str = "", by: str = "folder name") -> Truth:
    return Truth(label or {0: "No", 1: "COVID-19", None: "Pneumonia"}[index], index, by)


@pytest.fixture
def outcomes() -> Outcomes:
    made = Outcomes("model")
    made.add([answer("b", 0.9), answer("a", None), answer("d", 0.2), answer("c", 0.6), answer("e", 0.5)])
    made.learn([(Path("b"), truth(1)), (Path("d"), truth(1)), (Path("c"), truth(0)), (Path("e"), truth(None))])
    return made


def names(outcomes: Outcomes) -> str:
    return "".join(outcomes.all[place].item.file for place in outcomes.shown)


@pytest.mark.parametrize(
    ("sort", "forward", "back"),
    [
        ("as classified", "badce", "ecdab"), ("probability", "bceda", "decba"), ("name", "abcde", "edcba"),
        ("verdict", "bceda", "decba"),
    ],
)  # fmt: skip
def test_orders_keep_what_has_no_result_last(outcomes: Outcomes, sort: str, forward: str, back: str) -> None:
    assert sort in SORTS
    outcomes.sort = sort
    outcomes.arrange()
    assert names(outcomes) == forward
    outcomes.reverse = True
    outcomes.arrange()
    assert names(outcomes) == back


def test_filters(outcomes: Outcomes) -> None:
    found = {}
    for only in FILTERS:
        outcomes.only = only
        outcomes.arrange()
        found[only] = names(outcomes)
    assert found == {"all": "badce", "positive": "bce", "wrong": "dc", "not classified": "a"}


def test_the_summary_counts_and_says_by_what(outcomes: Outcomes) -> None:
    assert outcomes.counts() == "5 films: 3 positive, 1 negative, 1 not classified"
    assert outcomes.against_truth() == [
        "3 of known class: 1 right, 2 wrong", "sensitivity 1/2 (50.0 %)", "specificity 0/1 (0.0 %)",
        "by folder name",
    ]  # fmt: skip
    assert Outcomes().against_truth() == []
    only = Outcomes()
    only.add([answer("x", 0.7)])
    only.learn([(Path("x"), truth(1)), (Path("y"), truth(0))])
    assert only.counts().startswith("1 film: 1 positive")
    assert only.against_truth()[1:] == ["sensitivity 1/1 (100.0 %)", "by folder name"]


def test_right_and_wrong_are_a_sign_and_a_word(outcomes: Outcomes) -> None:
    said = {one.item.file: (against(one), against(one, short=True), one.right) for one in outcomes.all}
    assert said == {
        "b": ("✓ right", "✓", True), "a": ("", "", None), "d": ("✗ wrong, true COVID-19", "✗", False),
        "c": ("✗ wrong, true No", "✗", False), "e": ("true Pneumonia (neither class)", "", None),
    }  # fmt: skip


def test_a_film_that_comes_again_takes_the_place_of_its_earlier_outcome(outcomes: Outcomes) -> None:
    outcomes.add([answer("d", 0.8)])
    assert len(outcomes.all) == 5
    again = outcomes.of(Path("d"))
    assert again is not None
    assert (again.probability, again.right) == (0.8, True)
    assert outcomes.of(Path("z")) is None
