"""DICOM inside layouts, and films that a sidecar says how to see."""

from __future__ import annotations

import json
import logging
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pydicom.uid import CTImageStorage, DigitalXRayImageStorageForPresentation

from cxrtui.console.inspection import print_inspection
from cxrtui.data.films import Display, Film, placed
from cxrtui.data.images.decode import decode, read_film
from cxrtui.data.images.dicom.header import read_header
from cxrtui.data.inspect.report import inspect
from cxrtui.data.prepared.fingerprint import fingerprint
from cxrtui.data.prepared.prepare import prepare
from cxrtui.data.sources.collect import read_source, read_sources
from cxrtui.data.sources.labels import select
from cxrtui.data.sources.layouts.bimcv import display_of
from cxrtui.errors import Cancelled, cancelled_when
from cxrtui.runs.events import Preparing
from cxrtui.settings.config import DataConfig
from tests.data.conftest import drain, save
from tests.data.images.dicom.test_dicom import film as dataset

CHEST = {"SOPClassUID": DigitalXRayImageStorageForPresentation, "Modality": "DX", "BodyPartExamined": "CHEST",
         "PatientName": "DOE^JANE", "InstitutionName": "St Elsewhere", "ViewPosition": "PA", "PatientSex": "F",
         "PatientAge": "063Y"}  # fmt: skip
SECRETS = ("DOE", "Elsewhere", "MRN-")


def write(path: Path, seed: int, **tags: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(seed).integers(0, 4096, (48, 40))
    dataset(values, 12, **{**CHEST, **tags}).save_as(path, enforce_file_format=True)
    return path


@pytest.fixture
def hospital(tmp_path: Path) -> Path:
    """COVID-19 and Normal, ten patients each with two films, one without an ending; and what is no chest film."""
    root = tmp_path / "films"
    for place in range(40):
        label, number = ("COVID-19", "Normal")[place // 20], place // 2
        write(root / label / (f"{place}.dcm" if place % 2 else f"IM{place}"), place, PatientID=f"MRN-{number}")
    write(root / "Normal" / "side.dcm", 90, ViewPosition="LL", PatientID="MRN-90")
    write(root / "Normal" / "slice.dcm", 91, SOPClassUID=CTImageStorage, Modality="CT", PatientID="MRN-91")
    write(root / "Normal" / "hand.dcm", 92, BodyPartExamined="HAND", PatientID="MRN-92")
    (root / "Normal" / "torn.dcm").write_bytes(b"\0" * 128 + b"DICM")
    return root


def test_tags_fill_what_the_folder_does_not_say(hospital: Path) -> None:
    found = read_source(hospital)
    assert found.found == {"COVID-19": 20, "Normal": 22}
    assert found.left_out == {
        "not a chest (Body Part Examined (0018,0015) is HAND)": 1,
        "not a film (Modality (0008,0060) is CT)": 1,
    }
    read = [film for film in found.films if film.patient_known and film.view != "lateral"]
    assert len(read) == 40
    assert Counter(Counter(film.patient for film in read).values()) == {2: 20}
    assert {(film.view, film.sex, film.age) for film in read} == {("PA", "F", "63")}
    assert len({film.source for film in read}) == 1
    assert not any(secret in repr(found) for secret in SECRETS)


def test_raw_identifiers_are_given_to_who_asks(hospital: Path) -> None:
    found = read_sources(str(hospital), raw=True)
    raw = {film.patient for film in found.films if film.patient_known}
    assert raw == {"MRN-90", *(f"MRN-{number}" for number in range(20))}
    assert {film.source for film in found.films if film.patient_known} == {"St Elsewhere"}
    assert inspect(hospital, DataConfig(identifiers="raw")).section("sources").counts["St Elsewhere"] == 41


def test_a_lateral_counts_for_who_asks(hospital: Path) -> None:
    """One rule for tags and tables: the view, and ``data.views``."""
    write(hospital / "Normal" / "turned.dcm", 93, ViewPosition="RAO", PatientID="MRN-93")
    found = read_source(hospital)
    counted = {}
    for views in (("frontal",), ("lateral",), ("frontal", "lateral"), ("PA",), ("all",)):
        chosen, _, out = select(found, (), (), partial=True, views=views)
        counted["+".join(views)] = len(chosen)
        assert sum(out.values()) + len(chosen) == 45  # nothing is lost
        lateral = "a lateral view (View Position (0018,5101) or description: LL)"
        assert out.get(lateral, 0) == int(not {"lateral", "all"} & set(views))
        assert out.get("an oblique view (View Position (0018,5101) is RAO)", 0) == int("all" not in views)
    assert counted == {"frontal": 41, "lateral": 1, "frontal+lateral": 42, "PA": 40, "all": 43}


def test_tags_do_nothing_to_a_terminal(tmp_path: Path) -> None:
    save(tmp_path / "A" / "film.png", 1)
    for number, odd in enumerate(
        ({"BodyPartExamined": "HA\x1b[2J"}, {"Modality": "\x1b[2J"}, {"ViewPosition": "\x1b[2J"})
    ):
        with pytest.warns(UserWarning, match="Invalid value"):
            write(tmp_path / "A" / f"{number}.dcm", number, **odd)
    found = read_source(tmp_path)
    assert sum(found.left_out.values()) == 2
    _, _, out = select(found, ("A",), ("*",), partial=True, views=("PA",))
    assert sum(out.values()) == 4
    assert not any("\x1b" in reason for reason in out)
    assert any(r"\x1b[2J" in reason for reason in out)


def test_the_content_and_not_the_ending_decides_what_is_asked(tmp_path: Path) -> None:
    write(tmp_path / "Normal" / "film.png", 1, PatientID="MRN-1")
    write(tmp_path / "Normal" / "slice.jpg", 2, SOPClassUID=CTImageStorage, Modality="CT")
    save(tmp_path / "picture.png", 3).rename(tmp_path / "Normal" / "picture.dcm")
    found = read_source(tmp_path)
    named, picture = found.films
    assert (named.name, named.view, named.sex, named.patient_known) == ("Normal/film.png", "PA", "F", True)
    assert (picture.name, picture.patient_known) == ("Normal/picture.dcm", False)
    assert found.left_out == {"not a film (Modality (0008,0060) is CT)": 1}


def test_reading_tags_tells_how_far_it_is_and_can_be_stopped(hospital: Path, configure: Any) -> None:
    told: list[tuple[str, int, int]] = []
    read_sources(str(hospital), on_progress=lambda *said: told.append(said))
    assert told[-1] == ("reading tags", 44, 44)

    def enough(stage: str, done: int, total: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        read_sources(str(hospital), on_progress=enough)
    going, asked = threading.Event(), threading.Event()

    def slow(path: Path, **options: Any) -> Any:
        going.set()
        asked.wait(5)
        return read_header(path, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("cxrtui.data.sources.tags.read_tags", slow)
        stage = prepare(configure(hospital), check_cancelled=cancelled_when(asked.is_set))
        assert isinstance(next(stage), Preparing)
        next(stage)
        assert going.wait(5)
        asked.set()
        with pytest.raises(Cancelled):
            drain(stage)


def test_nobody_is_no_patient(tmp_path: Path) -> None:
    for place, name in enumerate(("ANONYMOUS", "anonymized", "0000", "", "Unknown")):
        file = write(tmp_path / "a" / f"{place}.dcm", place, PatientID=name)
        assert read_header(file).patient == ""
    assert not any(film.patient_known for film in read_source(tmp_path).films)


def test_a_table_keeps_its_own_patients(tmp_path: Path) -> None:
    write(tmp_path / "images" / "p1.dcm", 1, PatientID="p1", PatientAge="051Y")
    (tmp_path / "labels.csv").write_text("patientId,Target\np1,1\n")
    (film,) = read_source(tmp_path).films
    assert (film.patient, film.label, film.age, film.view) == ("p1", "Lung Opacity", "51", "PA")


def test_no_raw_identifier_is_written(
    hospital: Path, configure: Any, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    settings = configure(hospital, data__max_bad=0.1)
    said, _ = drain(prepare(settings, splits_out=tmp_path / "splits.csv"))
    print_inspection([str(hospital)], settings.data, as_json=False)
    print_inspection([str(hospital)], settings.data, as_json=True)
    out = capsys.readouterr()
    text = out.out + out.err + repr(said) + caplog.text + (tmp_path / "splits.csv").read_text()
    assert not any(secret in text for secret in SECRETS)
    body = json.loads(out.out.splitlines()[-1])["sections"]
    assert body["types"]["counts"] == {"DICOM": 41}
    assert body["depths"]["counts"] == {"12-bit grey": 41}
    assert body["sizes"]["counts"] == {"40×48": 41}
    assert body["left_out"]["counts"]["a lateral view (View Position (0018,5101) or description: LL)"] == 1
    assert len(body["unreadable"]["files"]) == 1


def deep(path: Path, values: np.ndarray, **tags: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values.astype(np.uint16)).save(path)
    body = {number: {"vr": "DS", "Value": [value]} for number, value in tags.items()}
    path.with_suffix(".json").write_text(json.dumps({key.removeprefix("t"): value for key, value in body.items()}))
    return path


def test_a_sidecar_says_how_a_deep_film_is_seen(tmp_path: Path) -> None:
    values = np.arange(48 * 40).reshape(48, 40) * 2
    name = "sub-S1_ses-E1_run-1_bp-chest_vp-pa_dx.png"
    file = deep(tmp_path / name, values, t00280004="MONOCHROME1", t00281050=1500, t00281051=1001, t00281052=-100)
    shown = display_of(file)
    assert shown == Display((1600.0, 1001.0), inverted=True)
    expected = 255 - np.rint(((values - 1599.5) / 1000 + 0.5).clip(0, 1) * 255)
    assert np.abs(decode(file, shown).astype(int) - expected).max() <= 1
    assert np.array_equal(decode(file), np.rint(values * (255 / 4095)).astype(np.uint8))
    assert np.abs(read_film(file, 32, "stretch", shown).astype(int) - read_film(file, 32).astype(int)).max() > 50
    assert display_of(deep(tmp_path / "plain.png", values, t00281050=1500, t00281051=1001)) is None
    plain = deep(tmp_path / name.replace("E1", "E2"), values, t00281050=1500, t00281051=0)
    assert display_of(plain) is None


def test_the_store_and_classify_see_the_same(tmp_path: Path, configure: Any) -> None:
    root = tmp_path / "films"
    for place in range(40):
        label = ("COVID-19", "Normal")[place % 2]
        values = np.random.default_rng(place).integers(0, 4096, (48, 40))
        deep(root / label / f"sub-S{place}_ses-E{place}_run-1_bp-chest_vp-pa_dx.png", values,
             t00280004="MONOCHROME1", t00281050=900, t00281051=500)  # fmt: skip
    settings = configure(root)
    _, ready = drain(prepare(settings))
    part = ready.splits["train"]
    path = Path(part.paths[0])
    stored = part.store.images(part.rows[:1])[0]
    assert np.array_equal(stored, read_film(path, ready.stored_size, "stretch", display_of(path)))
    assert not np.array_equal(stored, read_film(path, ready.stored_size))
    section = inspect(root, DataConfig()).section("depths")
    assert section.counts == {"16-bit grey": 40}
    assert "40 are windowed and 40 inverted" in section.notes[0]


def test_a_changed_sidecar_is_another_store(tmp_path: Path) -> None:
    film = Film(**placed(save(tmp_path / "x.png", 1), tmp_path), label="a", patient="p")
    seen = Film(root=tmp_path, name="x.png", label="a", patient="p", display=Display((1.0, 2.0)))
    marks = {fingerprint([(item, 0)], ["d"], {}, ["a", "b"]) for item in (film, seen)}
    assert len(marks) == 2
