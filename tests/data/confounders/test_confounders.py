"""Confounders of films: none where none is, each that was planted by its name, and what sources explain."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cxrtui import strict_json
from cxrtui.data.confounders import found as alarms
from cxrtui.data.confounders import measuring, testing
from cxrtui.data.confounders.estimating import estimate
from cxrtui.data.confounders.film import Known
from cxrtui.data.confounders.found import Estimates, Found
from cxrtui.data.confounders.verdict import verdict_on
from cxrtui.data.films import Film, placed
from cxrtui.data.images.headers import Header
from cxrtui.data.inspect.report import Report, inspect
from cxrtui.data.phantoms import plant
from cxrtui.data.pool import no_progress
from cxrtui.data.prepared import fingerprint
from cxrtui.errors import Cancelled
from cxrtui.settings.config import DataConfig
from tests.data.images.dicom.test_dicom import film, written

pytestmark = pytest.mark.slow

SEEN = DataConfig(size=96, duplicates="identical")


def _planted(films: Path, folder: Path, kind: str) -> Path:
    """Write the phantoms of `films` into `folder`, where the feature of `kind` marks just the positive films."""
    with (films / "manifest.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    folder.mkdir()
    for row in rows:
        positive = row["label"] == "positive"
        kinds = frozenset({kind} if positive else ())
        image = np.asarray(Image.open(films / row["path"]))
        image, _ = plant.altered(image, np.zeros(image.shape, bool), kinds)
        stem = Path(row["path"]).stem + plant.SUFFIX * ("name" in kinds)
        row["path"] = f"{stem}.jpg" if kind == "compression" else f"{stem}.png"
        if kind == "view":
            row["view"] = "AP" if positive else "PA"
        quality = plant.QUALITY if "compression" in kinds else plant.OTHER_QUALITY
        Image.fromarray(image).save(folder / row["path"], quality=quality)
    with (folder / "manifest.csv").open("w", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    return folder


def _flagged(report: Report) -> list[str]:
    assert report.confounders is not None
    assert report.confounders.estimates is not None
    return [found.kind.key for found in report.confounders.estimates.found if found.flagged]


def test_balanced_phantoms_raise_no_alarm_and_films_are_measured_once(
    phantom_films: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fingerprint, "_SETTLED", -1.0)  # the films were made a moment ago
    said: list[tuple[str, int, int]] = []
    report = inspect(phantom_films, SEEN, lambda *told: said.append(told))
    assert _flagged(report) == []
    verdict = report.section("verdict")
    assert verdict.conclusion is not None
    assert verdict.conclusion.ok
    assert "nothing that was measured outside the lungs tells positive from negative" in verdict.conclusion.text
    assert ("measuring films", 60, 60) in said
    body = json.loads(strict_json.dumps(report.as_dict()))
    assert body["verdict"].startswith("Nothing that was measured")
    assert {item["name"] for item in body["confounders"]} == {
        "name", "source", "resolution", "compression", "depth", "dicom", "view", "border", "marker", "histogram",
        "sharpness", "age", "sex",
    }  # fmt: skip
    name = next(item for item in body["confounders"] if item["name"] == "name")
    assert name["auroc"] == {"value": 0.5, "low": 0.5, "high": 0.5, "n": 60, "patients": report.patients}
    assert (name["flagged"], name["within_source"], name["as_seen"]) == (False, None, None)

    monkeypatch.setattr(measuring.processes, "run", None)  # nothing is measured again
    again = inspect(phantom_films, SEEN)
    assert again.as_dict() == report.as_dict()
    films = sorted(phantom_films.glob("*/*.png"))
    held = measuring.measured([Film(**placed(film, phantom_films), label="") for film in films],
                              phantom_films, SEEN, no_progress)  # fmt: skip
    assert len({id(item.encoding) for item in held if item is not None}) == 1  # and not one for each film


@pytest.mark.parametrize("kind", plant.PLANTS)
def test_what_is_planted_is_named(phantom_films: Path, tmp_path: Path, kind: str) -> None:
    report = inspect(_planted(phantom_films, tmp_path / kind, kind), SEEN)
    assert kind in _flagged(report)
    conclusion = report.section("verdict").conclusion
    assert conclusion is not None
    assert not conclusion.ok
    assert f"{kind} (" in conclusion.text
    bars = {bar.name: bar for bar in report.section("confounders").bars}
    assert bars[kind].raised
    assert bars[kind].estimate.value > 0.9
    assert any(note.startswith(f"{kind}: ") for note in report.section("verdict").notes)


def test_measuring_is_cancelled(phantom_films: Path) -> None:
    def cancel(phase: str, done: int, total: int) -> None:
        if phase == "measuring films":
            raise Cancelled

    with pytest.raises(Cancelled):
        inspect(phantom_films, DataConfig(size=64, duplicates="identical"), cancel)


def test_headers_alone_name_what_headers_show(phantom_films: Path, tmp_path: Path) -> None:
    report = inspect(_planted(phantom_films, tmp_path / "films", "resolution"), SEEN, headers_only=True)
    assert _flagged(report) == ["resolution"]
    assert report.confounders is not None
    assert "--headers-only" in report.confounders.verdict.in_full


def test_too_few_patients_are_no_verdict(class_folder: Path) -> None:
    for number in range(10, 24):
        (class_folder / "COVID-19" / f"{number // 2:08d}_{number % 2:03d}.png").unlink()
    report = inspect(class_folder, SEEN)
    assert "too few patients" in report.section("verdict").notes[0]
    assert report.as_dict()["confounders"] == []


def test_copies_are_films_of_one_person(class_folder: Path) -> None:
    """Each patient but the last has a film under the next one's name too, so all are one, and intervals say so."""
    for number in range(11):
        film = class_folder / "COVID-19" / f"{number:08d}_000.png"
        film.with_name(f"{number + 1:08d}_009.png").write_bytes(film.read_bytes())
    report = inspect(class_folder, SEEN)
    assert report.confounders is not None
    assert "1 of COVID-19" in report.confounders.verdict.in_full
    assert report.section("duplicates").notes[-1] == "12 names of patients share films, and are 1 person in a split"


def _known(number: int, index: int, source: str, view: str) -> Known:
    film = Film(root=Path(), name=f"{number}.png", label=str(index), patient=f"p{number // 2}",
                source=source, view=view)  # fmt: skip
    return Known(film, index, Header("PNG", 64, 64, 8, "grey", False), None)


def _by(estimates: Estimates) -> dict[str, Found]:
    return {found.kind.key: found for found in estimates.found}


def test_what_only_sources_explain_does_not_hold_within_them() -> None:
    """One hospital has most of the ill and takes mostly AP films; in each, the view is independent of the class."""
    films = []
    for number in range(240):
        source = "north" if number % 2 else "south"
        ill = (number // 2) % 5 != 0 if source == "north" else (number // 2) % 5 == 0
        front = (number // 10) % 5 == 0 if source == "north" else (number // 10) % 5 != 0
        films.append(_known(2 * number, int(ill), source, "PA" if front else "AP"))
    steps: list[tuple[int, int]] = []
    estimates = estimate(films, lambda *told: steps.append(told))
    assert steps[-1][0] == steps[-1][1] == len(steps)
    found = _by(estimates)
    assert found["source"].flagged
    assert found["view"].flagged
    assert found["source"].auroc.value == pytest.approx(0.8, abs=0.01)
    inside = found["view"].within_source
    assert inside is not None
    assert not found["view"].holds_within
    assert inside.low < 0.5 < inside.high
    verdict = verdict_on(estimates, films, ("healthy", "ill"), DataConfig())
    assert "mong films of one source, view does not tell the classes apart" in verdict.in_full
    assert estimate(films, lambda *_: None) == estimates


def test_chance_raises_an_alarm_in_one_set_of_a_hundred(monkeypatch: pytest.MonkeyPatch) -> None:
    """Classes drawn by patient, independent of everything: of 25 sets a quarter of one is to raise an alarm."""
    monkeypatch.setattr(testing, "PERMUTATIONS", 199)
    monkeypatch.setattr(alarms, "LEAST", 0.0)
    raised = 0
    for seed in range(25):
        random = np.random.default_rng(seed)
        ill = random.random(60) < 0.4
        films = [
            _known(number, int(ill[number // 2]), str(random.choice(list("abc"))), str(random.choice(["PA", "AP", ""])))
            for number in range(120)
        ]
        raised += any(found.flagged for found in estimate(films, lambda *_: None).found)
    assert raised <= 2


def test_a_device_of_one_class_is_named(tmp_path: Path) -> None:
    for number in range(28):
        folder = tmp_path / "films" / ("COVID-19" if number % 2 else "Normal")
        folder.mkdir(parents=True, exist_ok=True)
        values = np.random.default_rng(number).integers(0, 256, (40, 40))
        tags = {"Manufacturer": "North" if number % 2 else "South", "KVP": "125" if number % 2 else "80"}
        written(film(values, 8, Modality="DX", PatientID=f"patient {number}", **tags), folder / f"{number}.dcm")
    report = inspect(tmp_path / "films", DataConfig(size=32))
    assert _flagged(report)[0] == "dicom"
    assert "North" not in json.dumps(report.as_dict())  # devices stay out of reports
