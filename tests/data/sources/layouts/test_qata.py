"""The releases of QaTa-COV19, alone and as the whole archive."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from cxrtui.data.films import Collection
from cxrtui.data.sources.collect import read_source
from cxrtui.data.sources.labels import select
from cxrtui.errors import DataError
from tests.data.conftest import save

FILM = "sub-S09345_ses-E23204_run-1_bp-chest_vp-ap_dx.png"


def first_release(home: Path) -> Path:
    for number in range(3):
        save(home / "Images" / f"covid_{number}.png", number)
    save(home / "Ground-truths" / "mask_covid_1.png", 1)
    return home


def second_release(home: Path) -> Path:
    for number, (part, name) in enumerate(
        (("Train Set", FILM), ("Train Set", "covid_1.png"), ("Test Set", "covid_2.png"))
    ):
        save(home / part / "Images" / name, number)
        save(home / part / "Ground-truths" / f"mask_{name}", number)
    return home


def early_cases(home: Path) -> Path:
    save(home / "No_COVID-19_Pneumonia_Cases" / "covid_8.png", 8)
    save(home / "Limited_COVID-19_Pneumonia_Cases" / "covid_9.png", 9)
    return home


def control_groups(home: Path) -> None:
    for number, name in enumerate((
        "Control_Group_I/normal_1.png", "Control_Group_I/normal_2.png",
        "Control_Group_II/CHESTXRAY-14/Train/00000013_005.png", "Control_Group_II/CHESTXRAY-14/Test/00000014_000.png",
        "Control_Group_II/Pediatric_Viral_Pneumonia/person1_virus_6.jpeg",
    )):  # fmt: skip
        save(home / "Control_Group" / name, 20 + number)


def counts(found: Collection) -> dict[tuple[str, str], int]:
    return Counter((film.label, film.split) for film in found.films)


def test_the_first_release_is_flat(tmp_path: Path) -> None:
    for path in (first_release(tmp_path / "a" / "QaTa-COV19-v1"), first_release(tmp_path / "b")):
        found = read_source(path)
        assert (found.layout, counts(found), found.left_out) == ("qata", {("COVID-19", ""): 3}, {"a mask": 1})
    assert read_source(tmp_path / "a").layout == "qata"  # the archive's one folder is opened


def test_early_cases_alone(tmp_path: Path) -> None:
    found = read_source(early_cases(tmp_path / "Early-QaTa-COV19"))
    assert (found.layout, counts(found)) == ("qata", {("COVID-19", ""): 2})


def test_the_second_release_keeps_its_division(tmp_path: Path) -> None:
    found = read_source(second_release(tmp_path / "QaTa-COV19-v2"))
    assert counts(found) == {("COVID-19", "train"): 2, ("COVID-19", "test"): 1}
    film = next(film for film in found.films if film.name.endswith(FILM))
    assert (film.patient, film.view, film.source) == ("sub-S09345", "AP", "bimcv")


def test_the_whole_archive(tmp_path: Path) -> None:
    home = tmp_path / "QaTa-COV19"
    first_release(home / "QaTa-COV19-v1")
    second_release(home / "QaTa-COV19-v2")
    early_cases(home / "Early-QaTa-COV19")
    control_groups(home)
    for path in (home, tmp_path):
        found = read_source(path)
        assert found.layout == "qata"
        # Control group I has no division: with that of the rest, the test split would hold no normal film.
        assert counts(found) == {("COVID-19", ""): 3, ("Normal", ""): 2, ("CHESTXRAY-14", ""): 2,
                                 ("Pediatric_Viral_Pneumonia", ""): 1}  # fmt: skip
        assert found.left_out == {"a mask": 4, "in QaTa-COV19-v1, films of the newer release": 3,
                                  "in Early-QaTa-COV19, films of the newer release": 2}  # fmt: skip
    chosen, labels, _ = select(found, (), ())
    assert labels.by_layout
    assert Counter(index for _, index in chosen) == {1: 3, 0: 5}
    assert {film.patient for film in found.films if film.label == "CHESTXRAY-14"} == {"00000013", "00000014"}


@pytest.mark.parametrize("name", ["Images", "Ground-truths"])
def test_folders_of_those_names_without_masks_are_no_release_and_no_classes(tmp_path: Path, name: str) -> None:
    save(tmp_path / name / "a.png", 1)
    save(tmp_path / "Images" / "b.png", 2)
    with pytest.raises(DataError, match=r"but no classes: they lie in .*Images/"):
        read_source(tmp_path)
