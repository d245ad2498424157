"""A film that a published table lists twice: one film, one person, and an error where it has two findings."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxrtui.data.sources.collect import read_source
from cxrtui.errors import DataError
from tests.data.conftest import save

_HEADERS = {
    "ieee8023": "filename,finding,patientid",
    "actualmed": "imagename,finding,patientid",
    "figure1": "patientid,finding,view",
    "covid-cxnet": "filename,label,patient_id",
}
_FORMS = [*_HEADERS, "covidx", "rsna"]


def write(root: Path, form: str, lines: list[tuple[str, str, str]]) -> str:
    """Two films, and `lines` of file, finding and patient in the table of a layout; the table's name."""
    for number, name in enumerate(("a", "b")):
        save(root / "images" / f"{name}.png", number)
    if form == "covidx":
        (root / "train.txt").write_text("".join(f"{patient} {name} {label} x\n" for name, label, patient in lines))
        return "train.txt"
    if form == "rsna":
        rows = [f"{Path(name).stem},{label}" for name, label, _ in lines]
        (root / "classes.csv").write_text("\n".join(["patientId,class", *rows]))
        return "classes.csv"
    if form == "figure1":
        rows = [f"{Path(name).stem},{label},PA" for name, label, _ in lines]
    else:
        rows = [",".join(line) for line in lines]
    (root / "metadata.csv").write_text("\n".join([_HEADERS[form], *rows]))
    return "metadata.csv"


@pytest.mark.parametrize("form", _FORMS)
def test_two_findings_are_an_error_with_both(tmp_path: Path, form: str) -> None:
    lines = [("a.png", "COVID-19", "p1"), ("b.png", "Normal", "p2"), ("A.PNG", "Normal", "p1")]
    table = write(tmp_path, form, lines)
    one, other = (1, 3) if form == "covidx" else (2, 4)
    words = rf"{table} says two things of a(.png)?: COVID-19 in line {one} and Normal in line {other} \(there as A"
    with pytest.raises(DataError, match=words):
        read_source(tmp_path)


@pytest.mark.parametrize("form", _FORMS)
def test_one_finding_in_two_spellings_is_one_film(tmp_path: Path, form: str) -> None:
    write(tmp_path, form, [("a.png", "COVID-19", "p1"), ("b.png", "Normal", "p2"), ("A.PNG", "covid", "p1")])
    found = read_source(tmp_path)
    assert found.layout == form
    assert sorted(found.found.values()) == [1, 1]


def test_a_hierarchy_and_its_end_are_one_finding_and_a_more_general_one_is_another(tmp_path: Path) -> None:
    twice = [("a.png", "Pneumonia/Viral/COVID-19", "p1"), ("a.png", "COVID19", "p1")]
    write(tmp_path, "ieee8023", twice)
    assert read_source(tmp_path).left_out["a film listed twice"] == 1
    write(tmp_path, "ieee8023", [*twice, ("a.png", "Pneumonia/Viral", "p1")])
    with pytest.raises(DataError, match="Pneumonia/Viral/COVID-19 in line 2 and Pneumonia/Viral in line 4; correct"):
        read_source(tmp_path)


def test_a_film_of_two_patients_makes_them_one(tmp_path: Path) -> None:
    """Else another film of the second one could be in another split than this film."""
    rows = [("a.png", "COVID-19", "p1"), ("a.png", "COVID-19", "p2"), ("b.png", "Normal", "p2")]
    write(tmp_path, "ieee8023", rows)
    found = read_source(tmp_path)
    assert [film.patient for film in found.films] == ["p1", "p1"]
    assert found.left_out == {"a film listed twice, under two patients, who are taken for one": 1}
    write(tmp_path, "ieee8023", [*rows[:1], ("a.png", "COVID-19", "unknown"), ("b.png", "Normal", "unknown")])
    found = read_source(tmp_path)
    assert [film.patient_known for film in found.films] == [True, False]
    assert found.left_out == {"a film listed twice": 1}


def test_two_lists_of_covidx(tmp_path: Path) -> None:
    write(tmp_path, "covidx", [("a.png", "COVID-19", "p1"), ("b.png", "normal", "anonymous")])
    (tmp_path / "test.txt").write_text("p1 a.png COVID-19 x\n")
    found = read_source(tmp_path)
    assert [(film.split, film.patient_known) for film in found.films] == [("test", True), ("train", False)]
    assert found.left_out == {"a film listed twice, in train and in test, where it stays": 1}
    (tmp_path / "test.txt").write_text("p1 a.png normal x\n")
    with pytest.raises(
        DataError, match=r"normal in line 1 and COVID-19 in line 1 of .*train.txt; .* one of the tables"
    ):
        read_source(tmp_path)


def test_lists_of_covidx_in_other_words(tmp_path: Path) -> None:
    lines = [("a.png", "covid19|pneumonia", "p1"), ("b.png", "healthy", "nan"), ("c.png", "nan", "p3")]
    save(tmp_path / "images" / "c.png", 9)
    write(tmp_path, "covidx", lines)
    found = read_source(tmp_path)
    assert found.found == {"covid19, pneumonia": 1, "healthy": 1}
    assert found.left_out == {"a film without a finding": 1}
    assert [film.patient_known for film in found.films] == [True, False]


def test_the_two_tables_of_rsna_contradict_each_other(tmp_path: Path) -> None:
    write(tmp_path, "rsna", [("a.png", "Normal", ""), ("b.png", "Lung Opacity", "")])
    targets = tmp_path / "labels.csv"
    targets.write_text("patientId,Target\na,0\nb,1.0\n")
    assert read_source(tmp_path).found == {"Lung Opacity": 1, "Normal": 1}
    targets.write_text("patientId,Target\na,1\nb,1\n")
    with pytest.raises(DataError, match=r"of a: Lung Opacity in line 2 and Normal in line 2 of .*classes.csv"):
        read_source(tmp_path)
