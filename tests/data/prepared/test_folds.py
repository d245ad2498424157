from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxrtui.data.films import SPLIT_NAMES
from cxrtui.data.prepared.folds import assign, write_folds
from cxrtui.errors import DataError

FILMS = st.lists(
    st.tuples(st.sampled_from("ab"), st.integers(0, 12), st.integers(0, 30), st.sampled_from(SPLIT_NAMES)),
    min_size=1, max_size=60,
)  # fmt: skip


def row(number: int, label: str, patient: str, content: str, part: str) -> dict[str, str]:
    return {"path": f"{number}.png", "label": label, "patient": patient, "part": part, "source": "", "sha256": content}


@given(FILMS, st.integers(2, 5), st.integers(0, 3))
def test_each_film_outside_test_is_in_one_fold_with_its_patient_and_copies(
    films: list[tuple[str, int, int, str]], folds: int, seed: int
) -> None:
    rows = [row(place, label, f"p{patient}", f"c{content}", part)
            for place, (label, patient, content, part) in enumerate(films)]  # fmt: skip
    found = assign(rows, folds=folds, seed=seed)
    where: dict[tuple[str, str], int] = {}
    for fold, item in zip(found, rows, strict=True):
        assert (fold is None) == (item["part"] == "test")
        if fold is not None:
            assert 0 <= fold < folds
            for key in (("patient", item["patient"]), ("sha256", item["sha256"])):
                assert where.setdefault(key, fold) == fold
    assert assign(rows, folds=folds, seed=seed) == found


def test_the_files_of_the_folds(tmp_path: Path) -> None:
    labels = ["b" if place % 3 == 0 else "rare" if place == 50 else "a" for place in range(100)]
    rows = [row(place, labels[place], f"p{place // 2}", f"c{place}", "test" if place < 10 else "train")
            for place in range(100)]  # fmt: skip
    file = tmp_path / "splits.csv"
    with file.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    validated: Counter[str] = Counter()
    for made in write_folds(file, tmp_path / "folds", folds=5, seed=0, classes=("not b", "b")):
        with made.open(newline="") as stream:
            parts = {item["path"]: item["part"] for item in csv.DictReader(stream)}
        assert [path for path, part in parts.items() if part == "test"] == [f"{place}.png" for place in range(10)]
        chosen = [path for path, part in parts.items() if part == "validation"]
        assert 14 <= len(chosen) <= 22
        assert 4 <= sum(rows[int(path.partition(".")[0])]["label"] == "b" for path in chosen) <= 8
        validated.update(chosen)
    assert validated == Counter({f"{place}.png": 1 for place in range(10, 100)})
    with pytest.raises(DataError, match=r"Fold \d+ of 40 has no film of b"):
        write_folds(file, tmp_path / "more", folds=40, seed=0, classes=("not b", "b"))
