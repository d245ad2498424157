from __future__ import annotations

import pytest

from cxrtui.data.labels import decide
from cxrtui.errors import DataError

THREE = {"COVID-19": 124, "No_findings": 500, "Pneumonia": 500}


@pytest.mark.parametrize(("negative", "positive"), [
    ("Normal", "COVID"), ("No_findings", "COVID-19"), ("non-covid", "covid"), ("negative", "positive"),
    ("NORMAL", "Covid19"), ("healthy", "COVID-19 pneumonia"), ("No COVID", "COVID"),
])  # fmt: skip
def test_plain_names_need_no_setting(negative: str, positive: str) -> None:
    labels = decide({positive: 1, negative: 2}, (), ())
    assert labels.names == [negative, positive]
    assert (labels.index(negative), labels.index(positive), labels.index("other")) == (0, 1, None)


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
    with pytest.raises(DataError, match="not plain"):
        decide(THREE, ("COVID-19",), ())


def test_wrong_names() -> None:
    with pytest.raises(DataError, match=r"did you mean No_findings\?"):
        decide(THREE, ("COVID-19",), ("No_finding",))
    with pytest.raises(DataError, match="as positive and as negative"):
        decide(THREE, ("COVID-19",), ("covid-19",))


def test_another_hospital_may_lack_a_class() -> None:
    assert decide({"COVID-19": 9}, ("COVID-19",), ("No_findings",), partial=True).names == ["No_findings", "COVID-19"]
    assert decide({"COVID": 9}, (), (), partial=True).names == ["negative", "COVID"]
    assert decide({"Covid": 9, "normal": 3}, ("positive",), ("negative",), partial=True).names == ["normal", "Covid"]
    with pytest.raises(DataError, match="has A: 9, B: 3, and nothing called COVID-19, No_findings; say it"):
        decide({"A": 9, "B": 3}, ("COVID-19",), ("No_findings",), partial=True)


def test_one_class_alone_is_asked_for_the_other() -> None:
    """Also where several findings are all on one side of the layout's rule."""
    rule = (("COVID-19",), ("*",))
    for found in ({"COVID-19": 243}, {"COVID-19, ARDS": 1, "Pneumonia/Viral/COVID-19": 1}, {"SARS": 2, "Normal": 1}):
        with pytest.raises(DataError, match=r"films of one class alone .*; add films of the other") as caught:
            decide(found, (), (), "films", defaults=rule)
        assert "data.positive=COVID-19" in str(caught.value)


def test_the_example_does_not_call_the_healthy_positive() -> None:
    with pytest.raises(DataError, match=r"data\.positive=PNEUMONIA --set data\.negative=NORMAL"):
        decide({"NORMAL": 2, "PNEUMONIA": 1}, (), ())
