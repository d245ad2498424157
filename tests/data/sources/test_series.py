"""Series of films in file names: which names are one patient, and which only look like it."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxrtui.data.films import RULE_PATTERN, RULE_SERIES, RULE_SOURCE, Film
from cxrtui.data.sources.patients import assign


def _films(*names: str, label: str = "COVID-19", patient: str = "") -> list[Film]:
    return [Film(root=Path(), name=f"{label}/{name}", label=label, patient=patient) for name in names]


@pytest.mark.parametrize("names", [
    ("covid-19-pneumonia-24-day6.jpg", "covid-19-pneumonia-24-day12.jpg"), ("week-1-day0-PA.jpg", "week-1-day3.jpg"),
    ("rapidly-progressive-12-hours.jpg", "rapidly-progressive-3-days.jpg", "rapidly-progressive-admission.jpg"),
    ("S0929664620300449-gr2_lrg-a.jpg", "S0929664620300449-gr2_lrg-b.jpg"),
    ("nejmc2001573_f1a.jpg", "nejmc2001573_f1b.jpg"),
    ("main.pdf-002-a1.jpg", "main.pdf-002-a2.jpg"), ("case12_01.png", "case12_02.png"),
])  # fmt: skip
def test_names_of_one_patient(names: tuple[str, ...]) -> None:
    found = assign([*_films(*names), *_films("lone-7-a.jpg")])
    assert {film.patient_rule for film in found[:-1]} == {RULE_SERIES}
    assert len({film.patient for film in found[:-1]}) == 1
    assert not found[-1].patient_known


@pytest.mark.parametrize("names", [
    ("covid-19-pneumonia-12.jpg", "covid-19-pneumonia-19.jpg"),  # numbers of cases
    ("covid19_01.png", "covid19_02.png"), ("normal_01.png", "normal_02.png"), ("film_a.png", "film_b.png"),
    ("8FDE8DBA-CFBD-4B4C-B1A4-6F36A93B7E87.jpg", "93FE0BB1-022D-4F24-9727-987A07975FFB.jpg"),
    tuple(f"ward7_{number:02d}.png" for number in range(40)),  # too many for one patient
])  # fmt: skip
def test_names_of_several_patients(names: tuple[str, ...]) -> None:
    assert not any(film.patient_known for film in assign(_films(*names)))


def test_a_series_has_one_finding_and_other_rules_come_first() -> None:
    both = [*_films("x9-day0.png"), *_films("x9-day1.png", label="Normal")]
    assert not any(film.patient_known for film in assign(both))
    known = assign(
        [*_films("00000013_005.png", "00000013_026.png"), *_films("x9-day0.png", "x9-day1.png", patient="p")]
    )
    assert [film.patient_rule for film in known] == ["names as of NIH ChestX-ray14"] * 2 + [RULE_SOURCE] * 2
    own = assign(_films("x9-day0.png", "x8-day1.png"), r"^(x\d)-")
    assert [(film.patient, film.patient_rule) for film in own] == [("x9", RULE_PATTERN), ("x8", RULE_PATTERN)]
