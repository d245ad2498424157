"""Folders that cannot be trained on as they are, and what systems leave in those that can."""

from __future__ import annotations

import io
import lzma
import os
import re
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from cxrtui.data.inspect.report import inspect
from cxrtui.data.prepared.evaluation import load_evaluation
from cxrtui.data.prepared.prepare import prepare
from cxrtui.data.sources.collect import read_source
from cxrtui.errors import DataError
from cxrtui.runs.events import Warned
from cxrtui.settings.config import Config
from tests.data.conftest import drain, picture, save
from tests.data.sources.layouts.test_published import covid_qu_ex, ieee8023, radiography


@pytest.mark.parametrize("name", [
    "@eaDir", "@Recycle", "#recycle", "$RECYCLE.BIN", "$Recycle.Bin", "RECYCLER", "System Volume Information",
    "lost+found", ".Trash-1000", ".Trashes", "__MACOSX", ".ipynb_checkpoints", ".git", "Network Trash Folder",
    "thumbnails", "~snapshot", "$WINDOWS.~BT", "Config.Msi", "RECYCLE.BIN",
])  # fmt: skip
def test_what_systems_leave_is_no_class_and_no_film(tmp_path: Path, name: str) -> None:
    for place in ("COVID-19", "Normal", name, f"COVID-19/{name}", f"COVID-19/deeper/{name}/more"):
        save(tmp_path / place / "film.png", len(place))
    save(tmp_path / "Normal" / "._film.png", 1)
    (tmp_path / "Normal" / "Thumbs.db").touch()
    found = read_source(tmp_path)
    assert found.found == {"COVID-19": 1, "Normal": 1}
    assert sorted(found.left_out.values()) == [1, 1, 3]
    assert all(reason.startswith("left by a system or a tool (") for reason in found.left_out)


@pytest.mark.parametrize("build", [ieee8023, covid_qu_ex, radiography])
def test_litter_is_counted_in_every_layout(tmp_path: Path, build: Callable[[Path], object]) -> None:
    build(tmp_path)
    before = read_source(tmp_path)
    for folder in [tmp_path, *(path for path in tmp_path.rglob("*") if path.is_dir())]:
        save(folder / "@eaDir" / "SYNOPHOTO_THUMB_M.jpg", 1)
    after = read_source(tmp_path)
    count = len(list(tmp_path.rglob("SYNOPHOTO_THUMB_M.jpg")))
    assert after.films == before.films
    assert after.left_out == {**before.left_out, "left by a system or a tool (@eaDir)": count}


@pytest.mark.parametrize(("places", "words"), [
    (["."], "2 films but no classes: they lie side by side, and nothing says"),
    (["images"], "2 films but no classes: they lie in images/, and nothing says"),
    (["images_001/images", "images_002/images"], "4 films but no classes: they lie in images_001/, images_002/"),
    (["data/films"], "2 films but no classes"),
    (["train", "test"], r"4 films but no classes: there are no class folders in test/, train/; .* as train/COVID-19"),
    (["Training/images", "Val/images"], "4 films but no classes: there are no class folders in Training/, Val/"),
    (["masks", "train"], r"no class folders in train/"),
    (["train", "test/COVID"], r"4 films but no classes: there are no class folders in train/; .* as train/COVID-19"),
])  # fmt: skip
def test_films_without_classes_are_counted_and_what_to_do_is_said(
    tmp_path: Path, places: list[str], words: str
) -> None:
    for place in places:
        for number in range(2):
            save(tmp_path / place / f"{number}.png", number)
    with pytest.raises(DataError, match=words) as caught:
        read_source(tmp_path)
    assert "COVID-19" in str(caught.value)
    assert "a CSV with the columns path and label" in str(caught.value)


@pytest.mark.parametrize(("places", "words"), [
    (["val/COVID", "test/COVID"], "4 films but no classes: there is no folder train beside test/, val/"),
    (["fold_1/COVID", "fold_2/COVID"], "the class folders lie in fold_1/, fold_2/, which name neither classes nor"),
    (["train/COVID", "test"], "test has 2 films and no class folders, .* each class in it, or name .*train alone"),
    (["train/COVID", "test_set/images"], "test_set has 2 films and no class folders"),
])  # fmt: skip
def test_class_folders_that_are_not_everywhere(tmp_path: Path, places: list[str], words: str) -> None:
    for place in places:
        for number in range(2):
            save(tmp_path / place / f"{number}.png", number)
    with pytest.raises(DataError, match=words):
        read_source(tmp_path)


@pytest.mark.parametrize(("train", "test"), [
    ("Training Set", "testset"), ("train_data", "Test-Data"), ("train/images", "test/images"), ("TRAIN", "tst"),
])  # fmt: skip
def test_names_of_splits(tmp_path: Path, train: str, test: str) -> None:
    for number, place in enumerate((train, test)):
        save(tmp_path / place / "COVID" / "a.png", number)
        save(tmp_path / place / "Normal" / "b.png", number + 5)
    found = read_source(tmp_path)
    assert found.layout == "split-folders"
    assert sorted((film.label, film.split) for film in found.films) == [
        ("COVID", "test"), ("COVID", "train"), ("Normal", "test"), ("Normal", "train"),
    ]  # fmt: skip


def test_a_table_that_lists_what_systems_leave(tmp_path: Path) -> None:
    """As one that a script writes of all that it finds; a folder above the table may be called anything."""
    home = tmp_path / "@eaDir" / "data"
    rows = [
        "a.png,Normal",
        "@eaDir/a.png/T.jpg,Normal",
        "x/._a.png,COVID",
        ".Trash-1000/a.png,COVID",
        ".mine/a.png,COVID",
        f"{home}/@eaDir/b.png,COVID",
        f"{home}/b.png,COVID",
    ]
    for number, row in enumerate(rows):
        save(home / row.partition(",")[0], number)
    (home / "m.csv").write_text("path,label\n" + "\n".join(rows))
    found = read_source(home / "m.csv")
    assert [film.name for film in found.films] == [".mine/a.png", "a.png", "b.png"]
    assert found.left_out == {"a row that lists what a system or a tool left": 4}


def test_a_table_that_is_not_known_is_named(tmp_path: Path) -> None:
    save(tmp_path / "images" / "1.png", 1)
    (tmp_path / "results.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match=r"\(results\.csv there is no table that is known\)"):
        read_source(tmp_path)


def test_folders_that_name_no_class_are_left_out_beside_those_that_do(tmp_path: Path) -> None:
    for name in ("COVID-19", "Normal", "images", "masks", "all"):
        save(tmp_path / name / "1.png", len(name))
    found = read_source(tmp_path)
    assert found.found == {"COVID-19": 1, "Normal": 1}
    assert found.left_out == {"a folder of masks": 1, "in all/, which names no class": 1,
                              "in images/, which names no class": 1}  # fmt: skip


@pytest.mark.parametrize("within", ["data", "COVID dataset v2", "archive/data"])
def test_one_folder_around_the_classes_is_opened(tmp_path: Path, within: str) -> None:
    save(tmp_path / within / "COVID-19" / "1.png", 1)
    save(tmp_path / within / "Normal" / "2.png", 2)
    save(tmp_path / "masks" / "Normal" / "2.png", 3)
    found = read_source(tmp_path)
    assert found.found == {"COVID-19": 1, "Normal": 1}
    assert found.films[0].name == f"{within}/COVID-19/1.png"
    save(tmp_path / "one" / "COVID-19" / "patient1" / "1.png", 1)
    save(tmp_path / "one" / "COVID-19" / "patient2" / "1.png", 2)
    assert read_source(tmp_path / "one").found == {"COVID-19": 2}


def archive(path: Path, kind: str) -> Path:
    body = b"not a film\n" * 90
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as made:
            made.writestr("COVID-19/1.png", body)
    elif kind.startswith("tar"):
        with tarfile.open(path, f"w:{kind.partition('.')[2]}") as bundle:  # type: ignore[call-overload]
            told = tarfile.TarInfo("COVID-19/1.png")
            told.size = len(body)
            bundle.addfile(told, io.BytesIO(body))
    else:
        path.write_bytes(
            {"7z": b"7z\xbc\xaf\x27\x1c\0\4", "rar": b"Rar!\x1a\x07\x01\0", "xz": lzma.compress(body)}[kind]
        )
    return path


@pytest.mark.parametrize(("kind", "command"), [
    ("zip", "unzip {} -d "), ("tar.", "tar -xf {} -C "), ("tar.gz", "tar -xf {} -C "), ("tar.bz2", "tar -xf {} -C "),
    ("tar.xz", "tar -xf {} -C "), ("7z", "7z x {} -o"), ("rar", "unrar x {} "), ("xz", ""),
])  # fmt: skip
@pytest.mark.parametrize("name", ["films.zip", "films", "films.csv", "my films.tar.gz"])
def test_an_archive_is_to_be_unpacked_whatever_its_name(tmp_path: Path, kind: str, command: str, name: str) -> None:
    file = archive(tmp_path / name, kind)
    shown = f"'{file}'" if " " in name else str(file)
    with pytest.raises(DataError, match="is a packed archive; unpack it and name the folder, for example: ") as caught:
        read_source(file)
    assert command.format(shown) in str(caught.value)


def test_archives_in_a_folder_are_named(tmp_path: Path) -> None:
    for number in range(1, 6):
        archive(tmp_path / f"images_00{number}.tar.gz", "tar.gz")
    with pytest.raises(DataError, match=r"archives: unpack images_001\.tar\.gz, .* and 2 more there first"):
        read_source(tmp_path)


@pytest.mark.parametrize("before", ["class-folders:", "ieee8023:", "nih:", "manifest:", "split-folders:", "bimcv:"])
def test_an_archive_is_to_be_unpacked_whatever_layout_is_named(tmp_path: Path, before: str) -> None:
    file = archive(tmp_path / "films.zip", "zip")
    with pytest.raises(DataError, match="is a packed archive; unpack it and name the folder, for example: unzip /"):
        read_source(f"{before}{file}")


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "7z", "rar", "xz"])
def test_the_command_takes_no_name_for_an_option(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    archive(tmp_path / f"-films.{kind}", kind)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=r" \./-films") as caught:
        read_source(f"-films.{kind}")
    assert " -films" not in str(caught.value).partition("for example:")[2]


@pytest.mark.parametrize(
    "name", ["a\nb.zip", "a'\x1b[2J.zip", "caf\udce9.zip", "\u202eb.zip", "back\\slash.zip", "a b.zip"]
)
def test_the_command_names_the_file_whatever_its_name(tmp_path: Path, name: str) -> None:
    archive(tmp_path / name, "zip")
    with pytest.raises(DataError, match="is a packed archive") as caught:
        read_source(tmp_path / name)
    command = str(caught.value).partition("for example: unzip ")[2].partition(" -d ")[0]
    shown = subprocess.run(["bash", "-c", f"ls -d -- {command}"], env={"LC_ALL": "C.UTF-8"}, capture_output=True)
    assert (shown.returncode, shown.stdout) == (0, os.fsencode(tmp_path / name) + b"\n")


def test_archives_among_films_are_counted_as_such(tmp_path: Path) -> None:
    for label in ("COVID-19", "Normal"):
        save(tmp_path / label / "1.png", len(label))
    archive(tmp_path / "Normal" / "more.zip", "zip")
    (tmp_path / "Normal" / "notes.zip").write_text("no archive")
    assert read_source(tmp_path).left_out == {
        "a packed archive, whose films do not count until it is unpacked": 1, "not an image": 1,
    }  # fmt: skip


def test_a_table_whose_films_are_packed_beside_it(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    for number in (1, 2):
        archive(tmp_path / "images" / f"images_00{number}.tar.gz", "tar.gz")
    table = "Image Index,Finding Labels,Patient ID\n00000001_000.png,No Finding,1\n"
    (tmp_path / "Data_Entry_2017.csv").write_text(table)
    with pytest.raises(DataError, match=r"archives: unpack images/images_001\.tar\.gz, images/\S+ there first"):
        read_source(tmp_path)


@pytest.mark.parametrize("name", ["labels.csv", "train.csv", "Manifest.CSV", "films.tsv"])
def test_a_table_that_lists_the_films_of_a_folder_is_to_be_named(tmp_path: Path, name: str) -> None:
    for number in range(2):
        save(tmp_path / "images" / f"{number}.png", number)
    (tmp_path / name).write_text("File Name;Diagnosis\nimages/0.png;COVID-19\nimages/1.png;Normal\n")
    with pytest.raises(DataError, match=rf"2 films but no classes: {name} lists films, so name that: --data \S+{name}"):
        read_source(tmp_path)
    assert len(read_source(tmp_path / name).films) == 2
    (tmp_path / name).rename(tmp_path / "list.txt")
    with pytest.raises(DataError, match=r"list.txt lists films, but its name does not end in \.csv"):
        read_source(tmp_path / "list.txt")


def test_one_film_is_no_data(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"is an image; name the folder that holds the class folders"):
        read_source(save(tmp_path / "film.png", 1))


@pytest.mark.parametrize(("copied", "words"), [
    ("train", r"The train split has no negative films .*; 48 of 72 films were left out: byte-identical copies of films "
              "in the test split"),
    ("validation", "The validation split has no negative films .*; 24 of 72 films were left out: byte-identical copie"),
])  # fmt: skip
def test_a_part_that_is_empty_because_of_copies_says_so(
    tmp_path: Path, configure: Callable[..., Config], copied: str, words: str
) -> None:
    for place, part in enumerate(("train", "validation", "test")):
        for number in range(12):
            for seed, label in enumerate(("COVID-19", "Normal")):
                save(tmp_path / "d" / part / label / f"{part}{number}.png", 1000 * place + 100 * seed + number)
    shutil.rmtree(tmp_path / "d" / copied)
    shutil.copytree(tmp_path / "d" / "test", tmp_path / "d" / copied)
    if copied == "train":
        shutil.rmtree(tmp_path / "d" / "validation")
        shutil.copytree(tmp_path / "d" / "test", tmp_path / "d" / "validation")
    with pytest.raises(DataError, match=words):
        drain(prepare(configure(tmp_path / "d")))


@pytest.mark.parametrize("near", [False, True])
def test_copies_in_both_classes_end_a_training_or_are_left_out(
    class_folder: Path, configure: Callable[..., Config], near: bool
) -> None:
    """Else half of what is learnt of them is wrong, whichever half it is."""
    film, copy = class_folder / "COVID-19" / "00000000_000.png", class_folder / "Normal" / "a.png"
    drain(prepare(configure(class_folder)))
    if near:
        picture(0).save(copy, "JPEG", quality=95)
    else:
        shutil.copy(film, copy)
    how = r"similarity \d\.\d\d" if near else "byte for byte"
    words = rf"1 pair of copies is in both classes: {film} \(COVID-19\) and {copy} \(Normal\), {how}"
    with pytest.raises(DataError, match=f"{words}; correct or remove .* --set data.conflicts=drop"):
        drain(prepare(configure(class_folder)))
    report = inspect(class_folder, configure(class_folder).data).as_dict()["duplicates"]
    assert [(item["a"], item["b"], item["findings"]) for item in report["conflicts"]] == [
        (str(film), str(copy), ["COVID-19", "Normal"])
    ]
    said, films = drain(prepare(configure(class_folder, data__conflicts="drop")))
    assert sum(map(len, films.splits.values())) == 59
    told = {event.code: event.message for event in said if isinstance(event, Warned)}
    assert re.match(words, told["conflicts-dropped"])
    said, films = drain(load_evaluation(configure(class_folder).data, class_folder))
    assert len(films.splits["all"]) == 61
    assert near or any(event.code == "copies-in-both-classes" for event in said if isinstance(event, Warned))


def test_a_folder_of_copies_says_so(tmp_path: Path, configure: Callable[..., Config]) -> None:
    for number in range(10):
        save(tmp_path / "d" / "COVID-19" / f"{number}.png", 1)
        save(tmp_path / "d" / "Normal" / f"{number}.png", 2)
    with pytest.raises(DataError, match=r"18 of 20 are byte-identical copies of others, and copies stay in one split"):
        drain(prepare(configure(tmp_path / "d")))
