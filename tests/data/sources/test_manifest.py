"""Manifests as people write them: columns by any usual name, and paths in any spelling."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from cxrtui.data.films import Collection
from cxrtui.data.inspect.report import inspect
from cxrtui.data.sources.collect import read_source, read_sources
from cxrtui.errors import DataError
from cxrtui.evaluation.rows import COLUMNS
from cxrtui.settings.config import DataConfig
from tests.data.conftest import save


def _read(root: Path, body: str, name: str = "films.csv") -> Collection:
    (root / name).write_text(body)
    return read_source(root / name)


@pytest.mark.parametrize(("header", "cells", "expected"), [
    ("path,label,patient_id", "a.png,COVID-19,7", {"patient": "7"}),
    ("Path,Label,PatientID", "a.png,COVID-19,7", {"patient": "7"}),
    ("File Name,Finding Labels,Patient ID,Patient Age,Patient Sex,View Position", "a.png,COVID-19,7,058Y,M,PA",
     {"patient": "7", "age": "58", "sex": "M", "view": "PA"}),
    ("IMAGE_PATH,diagnosis,subject-id,gender,ageYears,hospital", "a.png,COVID-19,7,female,30,Ghent",
     {"patient": "7", "sex": "F", "age": "30", "source": "Ghent"}),
    ("image,label,Pat.-Nr.", "a.png,COVID-19,7", {"patient": "7"}),
    ("image,label,Patient #", "a.png,COVID-19,7", {"patient": "7"}),
    ("image_id,class,pid,set", "a,COVID-19,7,Val", {"patient": "7", "split": "validation"}),
    ("img,target,projection,dataset", "a.png,COVID-19,AP,train", {"view": "AP", "split": "train", "source": ""}),
    ("img,target,dataset,fold", "a.png,COVID-19,NIH,3", {"source": "NIH", "split": ""}),
    ("filename,finding,subject_id,gender", "a.png,COVID-19,7,M", {"patient": "7", "sex": "M"}),
    ("path,file,label,class,patient,patient_id", "a.png,x,COVID-19,y,7,9", {"patient": "7"}),
])  # fmt: skip
def test_columns_by_their_usual_names(tmp_path: Path, header: str, cells: str, expected: dict[str, str]) -> None:
    save(tmp_path / "a.png", 1)
    (film,) = _read(tmp_path, f"{header}\n{cells}\n").films
    assert (film.name, film.label) == ("a.png", "COVID-19")
    assert {key: getattr(film, key) for key in expected} == expected


@pytest.mark.parametrize(("header", "words"), [
    ("path,label,patient_id,PatientID", "columns patient_id and PatientID, and each may be the patient; call"),
    ("filename,image_path,label", "columns filename and image_path, and each may be the path"),
    ("path,finding,diagnosis", "columns finding and diagnosis, and each may be the label"),
    ("path,note,patient", "no column label; it has path, note, patient"),
    ("path,COVID,Normal,Pneumonia", "a column for each finding .COVID, Normal, Pneumonia, filled with 0 and 1"),
    ("file,Atelectasis,Normal,sex", "a column for each finding .Atelectasis, Normal, filled"),
    ("path,label,fold", "Unknown split 'hold' .column fold. in line 3"),
])  # fmt: skip
def test_columns_that_are_not_plain(tmp_path: Path, header: str, words: str) -> None:
    save(tmp_path / "a.png", 1)
    count = header.count(",")
    rows = [["a.png", *"1000"], ["b.png", *"0111"]]
    if "fold" in header:
        rows = [["a.png", "x", "train"], ["b.png", "y", "hold"]]
    elif "note" in header:
        rows = [["a.png", "x", "y"]]
    elif "sex" in header:
        rows = [["a.png", "1", "0", "M"]]
    body = "\n".join(",".join(row[: count + 1]) for row in rows)
    with pytest.raises(DataError, match=words):
        _read(tmp_path, f"{header}\n{body}\n")


def test_what_a_model_predicted_is_not_taken_for_the_truth(tmp_path: Path) -> None:
    header = ",".join(COLUMNS)
    with pytest.raises(DataError, match=r"films\.csv holds what a model predicted"):
        _read(tmp_path, f"{header}\na.png,True,COVID-19,COVID-19,0.9,0.5" + "," * (len(COLUMNS) - 6) + "\n")


def test_columns_that_are_not_read_are_named(tmp_path: Path) -> None:
    save(tmp_path / "a.png", 1)
    save(tmp_path / "b.png", 2)
    _read(tmp_path, "file,label,PatientID,BMI,fold\na.png,COVID-19,1,22,0\nb.png,Normal,2,23,1\n")
    report = inspect(str(tmp_path / "films.csv"), DataConfig())
    notes = report.section("columns").notes
    assert notes == [f"{tmp_path / 'films.csv'}: path is file, label, patient is PatientID", "not read: BMI, fold"]
    assert report.as_dict()["sections"]["columns"]["notes"] == notes


def test_columns_of_a_published_table_are_named(tmp_path: Path) -> None:
    save(tmp_path / "images" / "a.png", 1)
    (tmp_path / "metadata.csv").write_text("patientid,finding,filename,Doi\n1,COVID-19,a.png,x\n")
    assert read_source(tmp_path).columns == (
        f"{tmp_path / 'metadata.csv'}: path is filename, label is finding, patient is patientid", "not read: Doi",
    )  # fmt: skip


@pytest.mark.parametrize("spelled", [
    "a.png", "./a.png", "x/../a.png", ".//a.png", "A.PNG", "a", "link.png", "linked/a.png", "x\\..\\a.png",
    "{root}/a.png",
])  # fmt: skip
def test_spellings_of_one_path(tmp_path: Path, spelled: str) -> None:
    save(tmp_path / "a.png", 1)
    (tmp_path / "x").mkdir()
    (tmp_path / "link.png").symlink_to("a.png")
    (tmp_path / "linked").symlink_to(tmp_path)
    spelled = spelled.format(root=tmp_path)
    found = _read(tmp_path, f"path,label,patient,sex\na.png,COVID-19,,F\n{spelled},COVID-19,1,\n")
    assert [(film.name, film.patient, film.sex) for film in found.films] == [("a.png", "1", "F")]
    assert found.left_out == {"a row listed twice": 1}
    (film,) = _read(tmp_path, f"path,label\n{spelled},COVID-19\n").films
    assert film.path.exists()
    for column, one, other in (("label", "COVID-19", "Normal"), ("patient", "1", "2"), ("split", "train", "test")):
        body = f"path,label,{column},\n" if column != "label" else "path,label\n"
        rows = [
            f"{path},{'' if column == 'label' else 'COVID-19,'}{value}"
            for path, value in (("a.png", one), (spelled, other))
        ]
        words = f"two things of a.png: the {column} {one} in line 2 and {other} in line 3"
        with pytest.raises(DataError, match=re.escape(words)):
            _read(tmp_path, body + "\n".join(rows))


def test_two_rows_of_one_film_in_other_words(tmp_path: Path) -> None:
    save(tmp_path / "a.png", 1)
    body = "path,label,patient\na.png,covid19|ARDS,unknown\na.png,ARDS; COVID-19,p1\na.png,nan,\n"
    found = _read(tmp_path, body)
    assert [(film.label, film.patient) for film in found.films] == [("covid19, ARDS", "p1")]
    assert found.left_out == {"a row listed twice": 2}


def test_copies_and_hard_links_are_films_of_their_own(tmp_path: Path) -> None:
    save(tmp_path / "a.png", 1)
    save(tmp_path / "b.png", 1)
    os.link(tmp_path / "a.png", tmp_path / "c.png")
    assert len(_read(tmp_path, "path,label\na.png,COVID-19\nb.png,Normal\nc.png,Normal\n").films) == 3


def test_a_link_behind_a_link_is_not_shortened(tmp_path: Path) -> None:
    save(tmp_path / "elsewhere" / "a.png", 1)
    save(tmp_path / "films" / "a.png", 2)
    (tmp_path / "elsewhere" / "in").mkdir()
    (tmp_path / "films" / "out").symlink_to(tmp_path / "elsewhere" / "in")
    found = _read(tmp_path / "films", "path,label\na.png,COVID-19\nout/../a.png,Normal\n")
    assert sorted(os.path.realpath(film.path) for film in found.films) == [
        str(tmp_path / "elsewhere" / "a.png"), str(tmp_path / "films" / "a.png"),
    ]  # fmt: skip


def test_paths_without_the_folder_of_images(tmp_path: Path) -> None:
    save(tmp_path / "images" / "a.png", 1)
    save(tmp_path / "images" / "b.1.jpg", 2)
    save(tmp_path / "c.png", 3)
    save(tmp_path / "images" / "c.png", 4)
    found = _read(tmp_path, "image_id,label\na,COVID-19\nb.1,Normal\nc,Normal\ngone,Normal\n")
    assert [film.name for film in found.films] == ["c.png", "gone", "images/a.png", "images/b.1.jpg"]
    save(tmp_path / "imgs" / "a.png", 5)
    with pytest.raises(DataError, match=r"The path a may be images/a.png or imgs/a.png; .* in line 2 of"):
        read_source(tmp_path / "films.csv")
    save(tmp_path / "c.jpg", 6)
    with pytest.raises(DataError, match=r"The path c may be c.jpg or c.png; .* in line 2 of"):
        _read(tmp_path, "path,label\nc,Normal\n")


def test_a_quotation_mark_that_another_line_closes(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="line 2: the cell of label goes over several lines"):
        _read(tmp_path, 'path,label,patient\na.png,"COVID-19,1\nb.png,Normal",2\n')
    with pytest.raises(DataError, match="line 2: the cell of label has a quotation mark at one of its ends alone"):
        _read(tmp_path, 'path,label,note\na.png,COVID-19",14" film\n')
    save(tmp_path / "a.png", 1)
    assert _read(tmp_path, 'path,label,note\na.png,COVID-19,14" film\n').films[0].label == "COVID-19"


def test_one_film_through_two_sources(tmp_path: Path) -> None:
    save(tmp_path / "one" / "A" / "a.png", 1)
    (tmp_path / "two" / "A").mkdir(parents=True)
    (tmp_path / "two" / "A" / "b.png").symlink_to(tmp_path / "one" / "A" / "a.png")
    save(tmp_path / "two" / "A" / "c.png", 2)
    found = read_sources([tmp_path / "one", tmp_path / "two"])
    assert [film.name for film in found.films] == ["one/A/a.png", "two/A/c.png"]
    assert found.left_out == {"a film of an earlier --data too": 1}


def test_a_file_with_two_findings_through_a_link(tmp_path: Path) -> None:
    save(tmp_path / "COVID-19" / "a.png", 1)
    save(tmp_path / "Normal" / "b.png", 2)
    (tmp_path / "Normal" / "c.png").symlink_to("b.png")
    assert read_source(tmp_path).left_out == {"a link to a film that is listed too": 1}
    (tmp_path / "Normal" / "d.png").symlink_to(tmp_path / "COVID-19" / "a.png")
    with pytest.raises(DataError, match=r"a\.png and .*d\.png are one file, and its label is COVID-19 by the one"):
        read_source(tmp_path)
