from __future__ import annotations

import csv
from pathlib import Path

import pytest
from PIL import Image

from cxrtui.data.sources.truth import Truths, class_of
from cxrtui.errors import Cancelled

COVID = ("No_findings", "COVID-19")


def film(root: Path, name: str) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (8, 8), len(name)).save(path)
    return path


@pytest.mark.parametrize(
    ("finding", "labels", "index"),
    [
        ("covid19", COVID, 1),
        ("Normal cases", COVID, 0),
        ("Pneumonia", COVID, None),
        ("COVID-19", ("negative", "positive"), 1),
        ("healthy", ("negative", "positive"), 0),
        ("COVID-19", ("Normal", "Pneumonia"), None),
        ("Pneumonia", ("Normal", "Pneumonia+COVID-19"), 1),
        ("Pneumonia", ("not COVID-19", "COVID-19"), None),
        ("normal", ("not COVID-19", "COVID-19"), None),
    ],
)
def test_a_folder_is_of_a_class_by_any_of_its_names(finding: str, labels: tuple[str, str], index: int | None) -> None:
    assert class_of(finding, labels, rest=False) == index


def test_the_rest_is_negative_only_in_a_collection() -> None:
    assert class_of("Pneumonia", ("not COVID-19", "COVID-19"), rest=True) == 0


def test_the_class_folder_decides_and_folders_within_it_do_not_matter(tmp_path: Path) -> None:
    truths = Truths()
    covid = film(tmp_path, "films/COVID-19/a.png")
    inner = film(tmp_path, "films/COVID-19/images/patient12/b.png")
    deep = film(tmp_path, "films/COVID-19/of Monday/b.png")
    normal = film(tmp_path, "films/train/Normal/c.png")
    film(tmp_path, "films/train/COVID/d.png")
    other = film(tmp_path, "films/Pneumonia/e.png")
    found = [truths.of(path, COVID) for path in (covid, inner, deep, normal, other)]
    assert [item and item.class_index for item in found] == [1, 1, None, 0, None]
    film(tmp_path, "films/Normal/f.png")
    again = Truths().of(deep, COVID)
    assert again is not None
    assert (again.class_index, again.label, again.said_by) == (1, "COVID-19", "folder name")
    rest = Truths().of(other, ("not COVID-19", "COVID-19"))
    assert rest is not None
    assert rest.class_index == 0


def test_a_folder_that_only_happens_to_have_the_name_says_nothing(tmp_path: Path) -> None:
    project = film(tmp_path, "covid19/downloads/a.png")
    loose = film(tmp_path, "covid19/b.png")
    film(tmp_path, "covid19/normal/c.png")
    mask = film(tmp_path, "COVID/masks/d.png")
    truths = Truths()
    assert [truths.of(path, COVID) for path in (project, loose, mask)] == [None, None, None]


def test_a_collection_decides_before_the_folder(tmp_path: Path) -> None:
    root = tmp_path / "set"
    path = film(root, "COVID-19/a.png")
    with open(root / "manifest.csv", "w", newline="") as file:
        csv.writer(file).writerows([("path", "label", "view", "source"), ("COVID-19/a.png", "Normal", "PA", "here")])
    unlisted = film(root, "COVID-19/b.png")
    truths = Truths()
    found = truths.of(path, COVID)
    assert found is not None
    assert (found.class_index, found.said_by, found.view, found.source) == (0, "set", "PA", "here")
    by_folder = truths.of(unlisted, COVID)
    assert by_folder is not None
    assert (by_folder.class_index, by_folder.said_by) == (1, "folder name")


def test_a_damaged_collection_leaves_the_folder_and_reading_can_be_cancelled(tmp_path: Path) -> None:
    root = tmp_path / "set"
    path = film(root, "COVID-19/a.png")
    (root / "manifest.csv").write_text("path,label\n" + "x.png,\n" * 200)
    found = Truths().of(path, COVID)
    assert found is not None
    assert found.said_by == "folder name"
    for place in range(40):
        film(root, f"COVID-19/{place}.png")
    rows = [("path", "label"), *((f"COVID-19/{place}.png", "COVID-19") for place in range(40))]
    with open(root / "manifest.csv", "w", newline="") as file:
        csv.writer(file).writerows(rows)

    def cancel() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        Truths().of(path, COVID, cancel)


def test_real_collections(real_films: Path) -> None:
    truths = Truths()
    for name, index in (
        ("darkcovidnet/COVID-19", 1),
        ("darkcovidnet/No_findings", 0),
        ("darkcovidnet/Pneumonia", None),
    ):
        path = sorted((real_films / name).iterdir())[0]
        found = truths.of(path, COVID)
        assert (found and found.class_index) == index
    path = sorted((real_films / "ieee8023" / "images").iterdir())[0]
    found = truths.of(path, COVID)
    assert found is not None
    assert (found.said_by, bool(found.view)) == ("ieee8023", True)
