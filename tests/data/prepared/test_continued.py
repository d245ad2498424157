"""The films of a run that goes on: the same ones at another place, or a sentence that says what differs."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cxrtui.data.prepared.continued import FilmRecord
from cxrtui.data.prepared.prepare import prepare
from cxrtui.data.prepared.ready import Prepared
from cxrtui.errors import DataError
from cxrtui.runs.events import DataPrepared, Warned
from cxrtui.settings.config import Config
from tests.data.conftest import drain, save

pytestmark = pytest.mark.slow

Configure = Callable[..., Config]


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """Forty films of twenty patients, two each, one positive and one negative, in a table."""
    rows = [["path", "label", "patient"]]
    for number in range(40):
        save(tmp_path / "table" / "images" / f"{number}.png", 500 + number)
        rows.append([f"images/{number}.png", "COVID-19" if number % 2 else "Normal", f"p{number // 2}"])
    (tmp_path / "table" / "manifest.csv").write_text("\n".join(map(",".join, rows)))
    return tmp_path / "table"


class Kept:
    """A run's own split and what it recorded."""

    def __init__(self, config: Config, folder: Path) -> None:
        self.file = folder / "splits.csv"
        events, self.films = drain(prepare(config, splits_out=self.file))
        first = events[-1]
        assert isinstance(first, DataPrepared)
        self.record = FilmRecord(
            "r1", "cxrtui train --resume r1 --data NEWPATH", self.file, first.content, first.division
        )

    def again(self, config: Config) -> tuple[list[Warned], Prepared]:
        """The films once more, as the run goes on."""
        events, films = drain(prepare(config, splits_out=self.file, record=self.record))
        return [event for event in events if isinstance(event, Warned)], films

    def edit(self, change: Callable[[dict[str, str]], None]) -> None:
        """Change each row of the run's splits.csv."""
        edit(self.file, change)


def edit(file: Path, change: Callable[[dict[str, str]], None]) -> None:
    with file.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        change(row)
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def same(one: Prepared, other: Prepared) -> bool:
    return all(
        np.array_equal(one.splits[name].images, other.splits[name].images)
        and np.array_equal(one.splits[name].labels, other.splits[name].labels)
        for name in ("train", "validation", "test")
    )


@pytest.mark.parametrize("names", [("one", "two"), ("two", "one"), ("z", "a")])
def test_the_same_films_under_other_names(
    class_folder: Path, manifest: Path, tmp_path: Path, configure: Configure, names: tuple[str, str]
) -> None:
    """Two sources lend their names to films and patients; however they are called, the order is that of the run."""
    values = {"data__positive": "COVID-19", "data__negative": "Normal"}

    def both(*paths: Path) -> Config:
        return configure(f"{paths[0]},{paths[1]}", **values)  # type: ignore[arg-type]

    run = Kept(both(class_folder, manifest), tmp_path)
    moved = [tmp_path / "moved" / name for name in names]
    (tmp_path / "moved").mkdir()
    os.rename(class_folder, moved[0])
    os.rename(manifest, moved[1])
    warned, films = run.again(both(*moved))
    assert same(films, run.films)
    assert [event.code for event in warned if event.code == "films-moved"] == ["films-moved"]
    again, films = run.again(both(*moved))  # the split file has the new names by now
    assert same(films, run.films)
    assert not [event for event in again if event.code == "films-moved"]


def test_files_that_were_renamed(manifest: Path, tmp_path: Path, configure: Configure) -> None:
    run = Kept(configure(manifest), tmp_path)
    table = manifest / "manifest.csv"
    for number in range(40):
        os.rename(manifest / "images" / f"{number}.png", manifest / "images" / f"{97 * number % 41}-.png")
    edit(table, lambda row: row.update(path=f"images/{97 * int(Path(row['path']).stem) % 41}-.png"))
    _, films = run.again(configure(manifest))
    assert same(films, run.films)


def _drop(films: Path) -> None:
    table = films / "manifest.csv"
    table.write_text("\n".join(line for line in table.read_text().splitlines() if "/7.png" not in line))


def _add(films: Path) -> None:
    save(films / "images" / "new.png", 99)
    with (films / "manifest.csv").open("a") as stream:
        stream.write("\nimages/new.png,Normal,p1")


@pytest.mark.parametrize(("change", "words"), [
    (lambda films: save(films / "images" / "3.png", 77), r"1 film has other content \(images/3.png\)"),
    (_drop, r"1 film is no longer there \(images/7.png\)"),
    (_add, r"1 film was not there before \(images/new.png\)"),
    (lambda films: edit(films / "manifest.csv", lambda row: row.update(
        label="Normal" if row["path"] == "images/9.png" else row["label"])),
     r"1 film has another finding \(images/9.png, COVID-19 then and Normal now\)"),
    (lambda films: edit(films / "manifest.csv", lambda row: row.update(
        patient="p5" if row["path"] == "images/9.png" else row["patient"])),
     r"have another patient \(images/9.png, p4 then and p5 now|1 film has another patient"),
])  # fmt: skip
def test_what_differs_is_said(
    manifest: Path, tmp_path: Path, configure: Configure, change: Callable[[Path], None], words: str
) -> None:
    run = Kept(configure(manifest), tmp_path)
    before = run.file.read_bytes()
    change(manifest)
    with pytest.raises(DataError, match=words) as caught:
        run.again(configure(manifest))
    assert "--resume r1 --data NEWPATH" in str(caught.value)
    assert run.file.read_bytes() == before


def test_other_pixels_of_the_same_files(manifest: Path, tmp_path: Path, configure: Configure) -> None:
    run = Kept(configure(manifest), tmp_path)
    with pytest.raises(DataError, match="the same files are decoded otherwise"):
        run.again(configure(manifest, data__fit="pad"))


def test_a_patient_who_changes_the_split(manifest: Path, tmp_path: Path, configure: Configure) -> None:
    run = Kept(configure(manifest), tmp_path)
    patient = next(name for name in run.films.splits["train"].patients)
    run.edit(lambda row: row.update(part="test" if row["patient"] == patient else row["part"]))
    words = rf"not the split that run r1 began .*2 films \(2 from train to test\), one of them .* of patient {patient}"
    with pytest.raises(DataError, match=words):
        run.again(configure(manifest))


def test_a_given_split_that_changes(manifest: Path, tmp_path: Path, configure: Configure) -> None:
    given = tmp_path / "given.csv"
    Kept(configure(manifest), tmp_path).file.rename(given)
    config = configure(manifest, data__splits=str(given))
    run = Kept(config, tmp_path)
    run.again(config)
    before = given.read_bytes()
    patient = next(name for name in run.films.splits["test"].patients)

    def to_train(row: dict[str, str]) -> None:
        row["part"] = "train" if row["patient"] == patient else row["part"]

    edit(given, to_train)
    with pytest.raises(DataError, match=rf"given.csv was changed since run r1 .* patient {patient}, which was in test"):
        run.again(config)
    given.write_bytes(before)
    run.edit(to_train)
    with pytest.raises(DataError, match=rf"splits.csv is not the split .* of patient {patient}, which was in test"):
        run.again(config)
    run.edit(lambda row: row.update(part="test" if row["patient"] == patient else row["part"]))
    given.unlink()  # the run's own is enough
    run.again(config)


@pytest.mark.parametrize(("change", "words"), [
    (lambda lines: lines[:3] + lines[4:], r"was changed since run r1 .* the films were not: it lacks {name}; put"),
    (lambda lines: lines[:1] + lines[3:], r"it lacks \S+ and 1 more; put the old file back"),
    (lambda lines: lines[:1], r"it lacks \S+ and 39 more; put the old file back"),
    (lambda lines: [*lines, lines[3].replace("images/", "more/")], r"that it had not, of more/\d+.png; put"),
    (lambda lines: [*lines, lines[3]], r"line that it had not, of {name}; put the old"),
    (lambda lines: [line.rsplit(",", 2)[0] + "\n" for line in lines], "no column sha256; put the old file back"),
])  # fmt: skip
def test_lines_of_the_split_that_go_or_come_are_not_the_films_fault(
    manifest: Path, tmp_path: Path, configure: Configure, change: Callable[[list[str]], list[str]], words: str
) -> None:
    run = Kept(configure(manifest), tmp_path)
    lines = run.file.read_text().splitlines(keepends=True)
    run.file.write_text("".join(change(lines)))
    with pytest.raises(DataError, match=words.replace("{name}", lines[3].split(",")[0])) as caught:
        run.again(configure(manifest))
    assert "splits.csv" in str(caught.value)


def test_a_film_in_two_splits_of_a_split_file(manifest: Path, tmp_path: Path, configure: Configure) -> None:
    run = Kept(configure(manifest), tmp_path)
    line = run.file.read_text().splitlines()[1]
    other = "test" if ",train," in line else "train"
    with run.file.open("a") as stream:
        stream.write(re.sub(",(train|validation|test),", f",{other},", line) + "\n")
    with pytest.raises(DataError, match=r"in two splits: \w+ in line 2 and \w+ in line 42"):
        drain(prepare(configure(manifest, data__splits=str(run.file))))
