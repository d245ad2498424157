"""What a user leaves out or regroups holds wherever films are read, and a file that is wrong says where."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from cxrtui.data.duplicates.relations import NEAR, Relation
from cxrtui.data.films import RULE_GROUPS, Film
from cxrtui.data.inspect.report import inspect
from cxrtui.data.pool import no_progress
from cxrtui.data.prepared.copies import copies_of
from cxrtui.data.prepared.evaluation import load_evaluation
from cxrtui.data.prepared.prepare import prepare
from cxrtui.data.sources.correction_files import (
    DIFFERENT,
    SAME,
    Regrouping,
    as_line,
    read_excluded,
    read_groups,
    with_excluded,
    with_groups,
)
from cxrtui.data.sources.corrections import EXCLUDED, read_corrected
from cxrtui.errors import DataError
from cxrtui.files import sha256
from cxrtui.runs.events import Warned
from cxrtui.settings.config import Config, DataConfig
from tests.data.conftest import drain

Configure = Callable[..., Config]
COVID, NORMAL = "COVID-19/{:08d}_{:03d}.png", "Normal/{:08d}_000.png"


def groups(file: Path, *rows: tuple[str, str, str]) -> Path:
    file.write_text(with_groups("", [Regrouping(*row) for row in rows]))
    return file


def films_of(folder: Path, **files: Path) -> dict[str, Film]:
    data = DataConfig(**{key: str(file) for key, file in files.items()})
    return {film.name: film for film in read_corrected(data, folder).films}


@pytest.mark.parametrize("way", ["absolute", "relative", "link", "name"])
def test_a_film_is_left_out_however_its_path_is_written(class_folder: Path, tmp_path: Path, way: str) -> None:
    name = NORMAL.format(100, 0)
    (tmp_path / "link").symlink_to(class_folder)
    written = {"absolute": class_folder / name, "relative": f"./films/../films/{name}", "link": f"link/{name}",
               "name": name}[way]  # fmt: skip
    file = tmp_path / "excluded.txt"
    file.write_text(f"\ufeff# torn in two\n\n  {written}  \r\nfilms/Normal/gone.png\n", encoding="utf-8")
    found = read_corrected(DataConfig(exclude=str(file)), class_folder)
    assert name not in {film.name for film in found.films}
    assert (len(found.films), found.found["Normal"], found.left_out[EXCLUDED]) == (59, 35, 1)
    assert found.remarks == (f"1 of 2 lines of {file} (data.exclude) names no film that is here",)


def test_training_evaluation_and_report_leave_the_same_films_out(
    class_folder: Path, configure: Configure, tmp_path: Path
) -> None:
    file = tmp_path / "excluded.txt"
    file.write_text(with_excluded("", [str(class_folder / COVID.format(0, 0)), "elsewhere.png"]))
    config = configure(class_folder, data__exclude=str(file))
    said, films = drain(prepare(config))
    held = {path for split in films.splits.values() for path in split.paths}
    assert len(held) == 59
    assert str(class_folder / COVID.format(0, 0)) not in held
    assert said[-1].left_out == {EXCLUDED: 1}
    assert [event.code for event in said if isinstance(event, Warned) and event.code != "not-frontal"] == [
        "corrections-absent"
    ]  # noise is no frontal film
    said, films = drain(load_evaluation(config.data, class_folder))
    assert len(films.splits["all"]) == 59
    report = inspect(class_folder, config.data, headers_only=True)
    assert report.films == 59
    assert report.section("left_out").counts[EXCLUDED] == 1
    assert "names no film" in report.section("left_out").notes[0]


def test_two_patients_become_one_with_all_their_films(class_folder: Path, tmp_path: Path) -> None:
    file = groups(tmp_path / "groups.csv", (COVID.format(1, 0), NORMAL.format(100, 0), SAME))
    found = films_of(class_folder, groups=file)
    joined = [film for film in found.values() if film.patient == "00000001"]
    assert [film.name for film in joined] == [COVID.format(1, 0), COVID.format(1, 1), NORMAL.format(100, 0)]
    assert {film.patient_rule for film in joined} == {RULE_GROUPS}
    assert sum(film.patient_rule == RULE_GROUPS for film in found.values()) == 3


def test_a_patient_is_divided_and_a_film_goes_with_those_of_its_own(class_folder: Path, tmp_path: Path) -> None:
    """The second film leaves the patient of the first, and takes along what another line says is of its patient."""
    one, other, third = COVID.format(1, 0), COVID.format(1, 1), COVID.format(2, 0)
    found = films_of(class_folder, groups=groups(tmp_path / "one.csv", (one, other, DIFFERENT)))
    assert (found[one].patient, found[other].patient, found[other].patient_known) == ("00000001", other, True)
    rows = ((one, other, DIFFERENT), (other, third, SAME))
    found = films_of(class_folder, groups=groups(tmp_path / "two.csv", *rows))
    assert found[one].patient == "00000001"
    assert found[other].patient == found[third].patient == found[COVID.format(2, 1)].patient != "00000001"
    rows = ((one, third, SAME), (one, COVID.format(2, 1), DIFFERENT))  # the patient who is joined is divided too
    found = films_of(class_folder, groups=groups(tmp_path / "three.csv", *rows))
    assert found[one].patient == found[other].patient == found[third].patient != found[COVID.format(2, 1)].patient


def test_films_that_are_no_copies_are_not_related(class_folder: Path, tmp_path: Path) -> None:
    """The same image under two names and sizes is a near-duplicate until the user says otherwise; a file never."""
    pair = [class_folder / "Normal" / name for name in ("00000100_000.png", "00000900_000.png")]
    with Image.open(pair[0]) as film:
        film.resize((80, 96), Image.Resampling.BICUBIC).save(pair[1])
    file = groups(tmp_path / "groups.csv", (str(pair[0]), str(pair[1]), DIFFERENT))

    def copies(data: DataConfig) -> list[Relation]:
        collection = read_corrected(data, class_folder)
        films = [(film, 0) for film in collection.films if film.path in pair]
        digests = [sha256(film.path) for film, _ in films]
        return copies_of(films, digests, no_progress, near=True, apart=collection.apart).relations

    assert [item.kind for item in copies(DataConfig())] == [NEAR]
    assert copies(DataConfig(groups=str(file))) == []
    shutil.copy(*pair)
    with pytest.raises(DataError, match=r"data\.groups says that .* byte for byte the same file; take that line out"):
        copies(DataConfig(groups=str(file)))


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (None, r"Cannot read the file of data\.exclude, .*: No such file .*; name a text file"),
        (b"\x89PNG\r\n\x1a\n\0\0", "is not a UTF-8 text with a path on each line"),
        (b"x" * 5000, "is not a UTF-8 text with a path on each line"),
    ],
)
def test_a_list_of_films_that_cannot_be_used(class_folder: Path, tmp_path: Path, body: bytes | None, said: str) -> None:
    file = tmp_path / "excluded.txt"
    if body is not None:
        file.write_bytes(body)
    with pytest.raises(DataError, match=said):
        films_of(class_folder, exclude=file)


def test_not_every_film_can_be_left_out(class_folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "excluded.txt"
    file.write_text("\n".join(map(str, class_folder.rglob("*.png"))))
    with pytest.raises(DataError, match=r"leaves out all 60 films of .*; take lines out of it"):
        films_of(class_folder, exclude=file)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("path,other\na,b\n", r"no column relation in the file of data\.groups"),
        ("path,other,relation\na,b,cousins\n", r"Unknown relation 'cousins' in line 2 .* same patient or different"),
        ("path,other,relation\na,a,same patient\n", "Line 2 of .* does not name two films"),
        ("path,other,relation\na,,same patient\n", "Line 2 of .* does not name two films"),
        ("path,other,relation\na,b\n", "line 2 has 2 cells where the header has 3"),
        (
            "path,other,relation\n{0},{1},Same patient\n{1},{2},same patient\n{0},{2},different patients\n",
            r"Line 4 of .* are of different patients, and other lines say that they are of one; take one",
        ),
    ],
)
def test_a_file_of_groups_that_cannot_be_used(class_folder: Path, tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "groups.csv"
    file.write_text(text.format(COVID.format(1, 0), COVID.format(2, 0), COVID.format(3, 0)))
    with pytest.raises(DataError, match=said):
        films_of(class_folder, groups=file)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    file = tmp_path / "excluded.txt"
    paths = [tmp_path / "#1.png", tmp_path / "ä b.png", tmp_path.parent / "other.png"]
    file.write_text(with_excluded("", [as_line(path, tmp_path) for path in paths]))
    assert read_excluded(file) == ["./#1.png", "ä b.png", str(tmp_path.parent / "other.png")]
    again = with_excluded(file.read_text().rstrip("\n"), ["ä b.png", "new.png"])
    file.write_text(again)
    assert read_excluded(file)[2:] == [str(tmp_path.parent / "other.png"), "new.png"]
    table = tmp_path / "groups.csv"
    groups(table, ("=a, b.png", 'c"d.png', SAME))
    table.write_text(with_groups(table.read_text().rstrip("\n"), [Regrouping("x", "y", DIFFERENT)]))
    assert [(row.first, row.second, row.relation) for row in read_groups(table)] == [
        ("./=a, b.png", 'c"d.png', SAME), ("x", "y", DIFFERENT),
    ]  # fmt: skip
