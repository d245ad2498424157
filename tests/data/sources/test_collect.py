from __future__ import annotations

import os
from pathlib import Path

import pytest

from cxrtui.data.films import Collection
from cxrtui.data.sources.collect import read_source
from cxrtui.errors import ConfigError, DataError
from tests.data.conftest import save


def _names(collection: Collection) -> list[str]:
    return [film.name for film in collection.films]


def test_class_folders(class_folder: Path) -> None:
    (class_folder / "COVID-19" / ".hidden.png").touch()
    (class_folder / "COVID-19" / "Thumbs.db").touch()
    (class_folder / "COVID-19" / "notes.txt").write_text("notes")
    (class_folder / "__MACOSX").mkdir()
    save(class_folder / "loose.png", 1)
    found = read_source(class_folder)
    assert found.layout == "class-folders"
    assert found.found == {"COVID-19": 24, "Normal": 36}
    assert found.left_out == {"not an image": 1, "not in a class folder": 1, "left by a system or a tool (hidden)": 1,
                              "left by a system or a tool (Thumbs.db)": 1}  # fmt: skip
    assert found.patients_known
    assert _names(found) == sorted(_names(found))
    assert found.films[1].patient == "00000000"


def test_what_the_name_hides_is_found_by_content(tmp_path: Path) -> None:
    os.rename(save(tmp_path / "A" / "film.png", 1), tmp_path / "A" / "film")
    save(tmp_path / "A" / "deeper" / "film.png", 2)
    save(tmp_path / "A" / "masks" / "film.png", 2)
    found = read_source(tmp_path)
    assert _names(found) == ["A/deeper/film.png", "A/film"]
    assert found.left_out == {"a folder of masks": 1}


def test_links_are_followed_but_not_back(class_folder: Path, tmp_path: Path) -> None:
    save(tmp_path / "elsewhere" / "film.png", 7)
    (class_folder / "Normal" / "out").symlink_to(tmp_path / "elsewhere")
    (class_folder / "Normal" / "up").symlink_to(class_folder)
    (class_folder / "Normal" / "other").symlink_to(class_folder / "COVID-19")
    (class_folder / "Normal" / "self").symlink_to("self")
    (class_folder / "Alias").symlink_to(class_folder / "Normal")
    (class_folder / "Normal" / "gone.png").symlink_to("nowhere.png")
    os.mkfifo(class_folder / "Normal" / "pipe.png")
    found = read_source(class_folder)
    assert found.found == {"COVID-19": 24, "Normal": 37}
    assert found.left_out == {"a link back into the data": 3, "a broken link": 2, "not a regular file": 1}


def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path / "A")
    os.mkdir(folder)
    os.rename(os.fsencode(save(tmp_path / "film.png", 1)), folder + b"/\xff.png")
    found = read_source(tmp_path)
    assert found.films[0].path.exists()


def test_split_folders(tmp_path: Path) -> None:
    for number, part in enumerate(("train", "Valid", "test")):
        save(tmp_path / part / "COVID" / "film.png", number)
        save(tmp_path / part / "Normal" / "film.png", number + 10)
    save(tmp_path / "extra" / "film.png", 20)
    found = read_source(tmp_path)
    assert found.layout == "split-folders"
    assert {film.name.split("/")[0]: film.split for film in found.films} == {
        "train": "train", "Valid": "validation", "test": "test",
    }  # fmt: skip
    assert found.left_out == {"outside train, validation and test": 1}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_manifest(tmp_path: Path, encoding: str, separator: str) -> None:
    save(tmp_path / "films" / "a.png", 1)
    rows = [
        [" Path", "LABEL ", "Patient", "split", "source", "sex", "extra"],
        ["films/a.png", "Köln", "p1", "Val", "here", "F", "?"],
        [],
        ["films\\gone.png", "Normal", "p2", "", "", "", ""],
        ["", "Normal", "", "", "", "", ""],
        ["films/b.png", "", "", "", "", "", ""],
        ["films/a.png", "Köln", "p1", "Val", "here", "F", "?"],
    ]
    file = tmp_path / "manifest.csv"
    file.write_text("\n".join(separator.join(row) for row in rows), encoding=encoding)
    for path in (file, tmp_path):
        found = read_source(path)
        assert found.layout == "manifest"
        first, second = found.films
        assert (first.name, first.label, first.patient, first.split) == ("films/a.png", "Köln", "p1", "validation")
        assert (first.source, first.sex, first.view) == ("here", "F", "")
        assert (second.name, second.patient, second.split) == ("films/gone.png", "p2", "")
        assert found.left_out == {"a row listed twice": 1, "a row without label": 1, "a row without path": 1}


@pytest.mark.parametrize(("text", "words"), [
    ("", "empty"), ("path,note\na,b\n", "no column label"),
    ("path,label,split\na.png,x,fold1\n", "Unknown split 'fold1'"),
    ("path,label\na.png,x\na.png,y\n", "says two things of a.png: the label x in line 2 and y in line 3"),
    ("path,label\n", "No films"),
    ("path,label\na.png," + "x" * 200_000 + "\n", "line 2, field larger"),
])  # fmt: skip
def test_manifests_that_are_wrong(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "films.csv").write_text(text)
    with pytest.raises(DataError, match=words):
        read_source(tmp_path / "films.csv")


@pytest.mark.parametrize(("name", "words"), [
    ("gone", "No such file"), ("empty", "none of the layouts"), ("file.txt", "none of the layouts"),
    ("hollow", "No films"), ("", "--data PATH"),
])  # fmt: skip
def test_paths_without_films(tmp_path: Path, name: str, words: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "hollow" / "A").mkdir(parents=True)
    (tmp_path / "file.txt").touch()
    with pytest.raises(DataError, match=words) as caught:
        read_source(tmp_path / name if name else "")
    assert caught.value.exit_code == 3


def test_the_first_line_that_excel_writes_is_no_header(tmp_path: Path) -> None:
    save(tmp_path / "a,b.png", 1)
    (tmp_path / "m.csv").write_bytes(b"\xef\xbb\xbfsep=;\r\npath;label\r\na,b.png;COVID-19\r\n")
    assert [(film.name, film.label) for film in read_source(tmp_path / "m.csv").films] == [("a,b.png", "COVID-19")]


def test_patients_from_a_pattern(class_folder: Path, tmp_path: Path) -> None:
    assert read_source(class_folder, r"^0+(\d+)_").films[-1].patient == "135"
    save(tmp_path / "B" / "x.png", 1)
    film = read_source(tmp_path).films[0]
    assert (film.patient, film.patient_known) == ("file:B/x.png", False)
    for wrong in ("(", "no group"):
        with pytest.raises(ConfigError, match=r"data\.patient_pattern"):
            read_source(class_folder, wrong)


def test_real_counts(real_films: Path) -> None:
    found = read_source(real_films / "darkcovidnet")
    assert found.found == {"COVID-19": 124, "No_findings": 500, "Pneumonia": 500}
    assert len({film.patient for film in found.films if film.label == "No_findings"}) == 332
