from __future__ import annotations

from pathlib import Path

import pytest

from cxrtui.data.films import Collection, Film
from cxrtui.data.sources.labels import decide, select
from cxrtui.errors import DataError

THREE = {"COVID-19": 124, "No_findings": 500, "Pneumonia": 500}


@pytest.mark.parametrize(("negative", "positive"), [
    ("Normal", "COVID"), ("No_findings", "COVID-19"), ("non-covid", "covid"), ("negative", "positive"),
    ("NORMAL", "Covid19"), ("healthy", "COVID-19 pneumonia"), ("No COVID", "COVID"),
])  # fmt: skip
def test_plain_names_need_no_setting(negative: str, positive: str) -> None:
    labels = decide({positive: 1, negative: 2}, (), ())
    assert labels.names == [negative, positive]
    assert (labels.class_index(negative), labels.class_index(positive), labels.class_index("other")) == (0, 1, None)


@pytest.mark.parametrize("found", [THREE, {"a": 1, "b": 2}, {"Normal": 1, "Pneumonia": 2}, {"COVID": 3}])
def test_other_names_list_the_classes_and_the_line_to_use(found: dict[str, int]) -> None:
    with pytest.raises(DataError, match=r"--set data\.positive=\S+ --set data\.negative=\S+") as caught:
        decide(found, (), ())
    assert all(f"{label}: {count}" in str(caught.value) for label, count in found.items())


def test_named_classes() -> None:
    labels = decide(THREE, ("covid 19",), ("No_findings", "Pneumonia"))
    assert labels.names == ["No_findings+Pneumonia", "COVID-19"]
    assert decide({"a": 1, "b": 2}, ("b",), ()).names == ["a", "b"]
    assert decide({"a": 1, "b": 2}, (), ("b",)).names == ["b", "a"]
    with pytest.raises(DataError, match="not clear"):
        decide(THREE, ("COVID-19",), ())


def test_wrong_names() -> None:
    with pytest.raises(DataError, match=r"did you mean No_findings\?"):
        decide(THREE, ("COVID-19",), ("No_fnding",))
    with pytest.raises(DataError, match="as positive and as negative"):
        decide(THREE, ("COVID-19",), ("covid-19",))


def test_another_hospital_may_lack_a_class() -> None:
    assert decide({"COVID-19": 9}, ("COVID-19",), ("No_findings",), partial=True).names == ["No_findings", "COVID-19"]
    assert decide({"COVID": 9}, (), (), partial=True).names == ["negative", "COVID"]
    assert decide({"Covid": 9, "normal": 3}, ("positive",), ("negative",), partial=True).names == ["normal", "Covid"]
    with pytest.raises(DataError, match="has A: 9, B: 3, and nothing called COVID-19, No_findings; say it"):
        decide({"A": 9, "B": 3}, ("COVID-19",), ("No_findings",), partial=True)


def test_what_was_asked_for_is_there_unless_all_films_are_of_the_other_class(tmp_path: Path) -> None:
    films = tuple(Film(root=tmp_path, name=f"{name}.png", label=name) for name in ("COVID", "Normal"))
    both = Collection(films=films, root=tmp_path, layout="class-folders", found={"COVID": 1, "Normal": 1})
    asked = ("data.positive", "data.seed")
    for positive, negative in ((("nosuch",), ()), (("nosuch",), ("Normal",))):
        with pytest.raises(DataError, match=r"data\.positive names nosuch, .* has COVID: 1, Normal: 1"):
            select(both, positive, negative, partial=True, asked=asked)
    assert len(select(both, ("nosuch",), (), partial=True)[0]) == 2  # the run's name, not one for these films
    alone = Collection(films=films[:1], root=tmp_path, layout="class-folders", found={"COVID": 1})
    assert select(alone, ("COVID",), ("Healthy",), partial=True, asked=("data.negative",))[1].names[1] == "COVID"


def test_one_class_alone_is_asked_for_the_other() -> None:
    """Also where several findings are all on one side of the layout's rule."""
    rule = (("COVID-19",), ("*",))
    for found in ({"COVID-19": 243}, {"COVID-19, ARDS": 1, "Pneumonia/Viral/COVID-19": 1}, {"SARS": 2, "Normal": 1}):
        with pytest.raises(DataError, match=r"films of one class alone .*; add films of the other") as caught:
            decide(found, (), (), "films", defaults=rule)
        assert "data.positive=COVID-19" in str(caught.value)


@pytest.mark.parametrize(("found", "positive", "negative"), [
    ({"NORMAL": 2, "PNEUMONIA": 1}, "PNEUMONIA", "NORMAL"),
    ({"Normal": 1, "Pneumonia": 2, "TB": 2}, "CLASS", "Normal"),
    ({"COVID": 1, "Pneumonia": 2, "TB": 2}, "COVID", "CLASS"),
    ({"COVID-19, ARDS": 2, "Normal": 4, "Effusion, Mass": 1}, "COVID-19", "Normal"),
    ({"0": 1, "COVID-19": 1}, "COVID-19", "0"),
    ({"Normal": 5}, "CLASS", "Normal"), ({"COVID": 3}, "COVID", "'*'"), ({"1": 5}, "CLASS", "CLASS"),
    ({"a": 1, "b": 1}, "CLASS", "CLASS"), ({"0": 1, "1": 1, "-1": 1}, "CLASS", "CLASS"),
    ({"-1": 1, "1": 1}, "CLASS", "CLASS"), ({"Normal_0": 1, "Normal_1": 1}, "CLASS", "CLASS"),
    ({"Yes": 1, "0": 1}, "CLASS", "CLASS"), ({"benign": 1, "malignant": 1}, "CLASS", "CLASS"),
    ({"images": 6}, "CLASS", "CLASS"), ({"train": 2, "test": 1}, "CLASS", "CLASS"),
    ({"10": 1, "11": 2}, "CLASS", "CLASS"), ({"ok": 1, "not ok": 2}, "CLASS", "CLASS"),
    ({"well": 1, "unwell": 2}, "CLASS", "CLASS"), ({"clear_0": 1, "clear_1": 2}, "CLASS", "CLASS"),
    ({"TB-free 0": 1, "TB-free 1": 2}, "CLASS", "CLASS"), ({"Normal: no": 1, "Normal: yes": 2}, "CLASS", "CLASS"),
    ({"normal=0": 1, "normal=1": 2}, "CLASS", "CLASS"), ({"is_normal_no": 1, "is_normal_yes": 2}, "CLASS", "CLASS"),
    ({"absence of TB: 0": 1, "absence of TB: 1": 2}, "CLASS", "CLASS"),
    ({"COVID-19": 1, "suspected COVID-19": 2}, "COVID-19", "CLASS"),
    ({"0_Normal": 1, "1_COVID": 2, "2_Pneumonia": 3}, "1_COVID", "0_Normal"),
])  # fmt: skip
def test_the_example_is_never_the_wrong_way_round(found: dict[str, int], positive: str, negative: str) -> None:
    """And CLASS stands where the names do not tell, or where they are folders' and no findings'."""
    with pytest.raises(DataError) as caught:
        decide(found, (), ())
    assert f"--set data.positive={positive} --set data.negative={negative}" in str(caught.value)


@pytest.mark.parametrize(("negative", "positive"), [
    ("0", "1"), ("0.0", "1.0"), ("False", "True"), ("FALSE", "TRUE"), ("No", "Yes"), ("n", "y"), ("F", "T"), ("-", "+"),
    ("absent", "present"), ("Negative", "Positive"), ("neg", "pos"), ("Controls", "Cases"), ("uninfected", "infected"),
    ("no TB", "TB"), ("TB-", "TB+"), ("without TB", "with TB"), ("covid_0", "covid_1"), ("class 0", "class 1"),
    ("TB_negative", "TB_positive"), ("Normal", "Abnormal"), ("Normal", "Not Normal"), ("COVID-", "COVID"),
    ("healthy", "unhealthy"), ("No disease", "Diseased"), ("0_normal", "1_covid"), ("1_normal", "0_covid"),
    ("02. Healthy", "01. COVID-19"), ("normal (120)", "covid (80)"), ("0 - no", "1 - yes"), ("0_no", "1_yes"),
    ("COVID: no", "COVID: yes"), ("covid=0", "covid=1"), ("is_covid: False", "is_covid: True"),
])  # fmt: skip
def test_opposites_are_plain_and_never_inverted(negative: str, positive: str) -> None:
    for found in ({negative: 3, positive: 1}, {positive: 3, negative: 1}):
        assert decide(found, (), ()).names == [negative, positive]


def test_findings_listed_beside_the_positive_one_are_plain_too() -> None:
    found = {"COVID-19": 1, "COVID-19, ARDS": 1, "COVID-19, Pneumonia": 1, "Normal": 3}
    labels = decide(found, (), ())
    assert labels.names == ["Normal", "COVID-19"]
    assert [labels.class_index(label) for label in found] == [1, 1, 1, 0]
    with pytest.raises(DataError, match="not clear"):
        decide({**found, "Normal, Pneumonia": 1}, (), ())


@pytest.mark.parametrize(("label", "index"), [
    ("COVID-19, Pneumonia", 1), ("COVID19|ARDS", 1), ("['Effusion', 'SARS-CoV-2']", 1), ("Pneumonia/Viral/Covid", 1),
    ("covid", 1), ("No Finding", 0), ("Healthy", 0), ("Pneumonia; ARDS", None), ("non-COVID", None), ("nan", None),
])  # fmt: skip
def test_each_finding_of_a_cell_counts_in_any_spelling(label: str, index: int | None) -> None:
    rule = decide({"COVID-19": 5, "No_findings": 5}, ("covid_19",), ("normal",))
    assert rule.names == ["No_findings", "COVID-19"]
    assert rule.class_index(label) == index
    assert decide({"COVID-19": 5, "X": 5}, ("covid_19",), ("*",)).class_index("nan") is None


def test_one_finding_cannot_be_on_both_sides_in_two_spellings() -> None:
    with pytest.raises(DataError, match="Healthy, which No finding is too, cannot count as positive and as negative"):
        decide({"Normal": 2, "COVID-19": 2}, ("Healthy",), ("No finding",), partial=True)


def test_a_hint_is_never_the_opposite() -> None:
    for found in ({"non-COVID": 3, "Pneumonia": 2}, {"Normal": 3, "images": 3}):
        with pytest.raises(DataError) as caught:
            decide(found, ("COVID",), ())
        assert "did you mean" not in str(caught.value)


def test_what_counts_as_the_rest_is_listed() -> None:
    found = {"COVID-19": 5, "COVID-19, ARDS": 1, "Pneumonia": 3, "Effusion, Mass": 2, "nan": 4}
    rule = decide(found, ("covid19",), ("*",))
    assert rule.rest(found) == {"Pneumonia": 3, "Effusion, Mass": 2}
    assert rule.others(found) == "5 films count as not COVID-19 by '*': Pneumonia: 3, \"Effusion, Mass\": 2"
    assert decide(found, ("covid19",), ("Pneumonia",)).others(found) == ""


def test_what_counts_as_the_rest_and_is_named_like_the_other_side_is_said() -> None:
    found = {
        "COVID-19": 5,
        "COVID-19 and ARDS": 2,
        "suspected covid": 1,
        "non-COVID": 1,
        "no sign of COVID": 1,
        "SARS": 3,
    }
    assert decide(found, ("covid19",), ("*",)).doubtful(found) == (
        "by '*' these count as not COVID-19, and their names hold COVID-19: COVID-19 and ARDS: 2, suspected covid: 1; "
        "what is such a finding is to be named in data.positive too"
    )
    assert decide(found, ("*",), ("SARS",)).doubtful(found) == ""
    assert (
        decide({"Normal": 1, "not normal": 1, "normal variant": 4}, ("*",), ("Normal",))
        .doubtful({"normal variant": 4})
        .startswith("by '*' these count as not Normal, and their names hold Normal: normal variant: 4; what")
    )
