"""Each published layout as a small tree in the form it was published in."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import Workbook

from cxrtui.data.films import Collection, Film
from cxrtui.data.sources.collect import read_source
from cxrtui.data.sources.labels import select
from cxrtui.errors import DataError
from tests.data.conftest import save


def by_name(found: Collection) -> dict[str, Film]:
    return {film.name: film for film in found.films}


def ieee8023(root: Path) -> dict[str, object]:
    for number, name in enumerate(("a.jpg", "b.png", "side.jpg", "extra.png")):
        save(root / "images" / name, number)
    (root / "metadata.csv").write_bytes(
        b"\xef\xbb\xbfPatientid;offset;sex;age;finding;view;modality;folder;filename; url\r\n"
        b"2;0;M;65.0;Pneumonia/Viral/COVID-19;PA;X-ray;images;A.JPG;https://www.eurorad.org/case/1\r\n"
        b"3;;F;;COVID-19, ARDS;AP Supine;X-ray;images;b.png;radiopaedia.org/cases/2\r\n"
        b"4;;F;;Pneumonia/Bacterial;L;X-ray;images;side.jpg;\r\n"
        b"5;;;;todo;PA;X-ray;images;extra.png;\r\n6;;;;COVID-19;Axial;CT;volumes;c.nii.gz;\r\n"
        b"7;;;;COVID-19;PA;X-ray;images;gone.png;\r\n2;0;M;65;COVID-19;PA;X-ray;images;a.jpg;\r\n"
    )
    return {
        "left_out": {"CT, not an X-ray": 1, "a film without a finding": 1, "listed in the table, but no such file": 1,
                     "a film listed twice": 1},
        "films": {
            "images/a.jpg": {"patient": "2", "source": "eurorad.org", "sex": "M", "age": "65", "offset": "0",
                             "view": "PA"},
            "images/b.png": {"label": "COVID-19, ARDS", "view": "AP supine", "source": "radiopaedia.org"},
            "images/side.jpg": {"view": "lateral"},
        },
    }  # fmt: skip


def actualmed(root: Path) -> dict[str, object]:
    save(root / "images" / "CR.1.2.png", 1)
    save(root / "images" / "CR.1.3.png", 2)
    (root / "metadata.csv").write_text(
        "patientid,offset,sex,age,finding,view,modality,imagename,notes\nANON1,,,,COVID-19,PA,X-ray,CR.1.2.png,\n"
        "ANON2,,,,,AP,X-ray,CR.1.3.png,Inconclusive\n"
    )
    return {"left_out": {"a film with an inconclusive (blank) finding": 1},
            "films": {"images/CR.1.2.png": {"label": "COVID-19", "patient": "ANON1"}}}  # fmt: skip


def figure1(root: Path) -> dict[str, object]:
    for number, name in enumerate(("COVID-00003a.jpg", "COVID-00003b.png", "COVID-00005.jpeg")):
        save(root / "images" / name, number)
    (root / "metadata.csv").write_bytes(
        "patientid,offset,sex,age,finding,view,modality,notes\nCOVID-00003a,8,M,50+,COVID-19,AP erect,X-ray,naïve\n"
        "COVID-00003b,8,M,28,COVID-19,PA,X-ray,\nCOVID-00005,,,,,,X-ray,\n".encode("iso-8859-1")
    )
    return {"left_out": {"a film without a finding": 1},
            "films": {"images/COVID-00003a.jpg": {"patient": "COVID-00003", "age": "50+", "view": "AP"},
                      "images/COVID-00003b.png": {"patient": "COVID-00003"}}}  # fmt: skip


def hannover(root: Path) -> dict[str, object]:
    save(root / "png" / "fff1.png", 1)
    (root / "data.csv").write_text("patient_id,image_id,sex,admission_offset,projection\n024e,fff1,f,-3,ap\n")
    return {"left_out": {}, "films": {"png/fff1.png": {"label": "COVID-19", "patient": "024e", "offset": "-3",
                                                       "sex": "F", "view": "AP"}}}  # fmt: skip


def covid_cxnet(root: Path) -> dict[str, object]:
    for number, name in enumerate(("covid19/260.jpg", "covid19/001.jpeg", "normal/1.png", "other/2.png")):
        save(root / "chest_xray_images" / name, number)
    (root / "metadata.csv").write_text(
        "filename,patient_id,sex,age,view,label,admission_offset,url\n"
        "260.jpg,10,female,68,PA,COVID-19,4,https://twitter.com/ChestImaging/status/1\n"
    )
    film = {"patient": "10", "sex": "F", "source": "twitter.com", "offset": "4"}
    return {"left_out": {"a file that the table does not list": 1},
            "films": {"chest_xray_images/covid19/260.jpg": film,
                      "chest_xray_images/covid19/001.jpeg": {"label": "COVID-19", "patient": "file:chest_xray_images/"
                                                             "covid19/001.jpeg"},
                      "chest_xray_images/normal/1.png": {"label": "Normal", "source": ""}}}  # fmt: skip


def covidx(root: Path) -> dict[str, object]:
    for number, name in enumerate(("train/a b.png", "train/c.png", "test/d.png", "train/e.png")):
        save(root / name, number)
    (root / "train.txt").write_text(
        "Grp 7 a b.png COVID-19 cohen\n3 c.png pneumonia\n9 gone.png normal rsna\n7 e.png normal rnsa\nrubbish\n"
    )
    (root / "test.txt").write_text("9 d.png normal rnsa\n")
    return {"left_out": {"a line that is not `patient file label [source]`": 1,
                         "listed in the table, but no such file": 1},
            "films": {"train/a b.png": {"patient": "cohen:Grp 7", "split": "train", "label": "COVID-19"},
                      "train/c.png": {"patient": "3", "source": ""}, "train/e.png": {"source": "rsna"},
                      "test/d.png": {"patient": "rsna:9", "split": "test", "source": "rsna"}}}  # fmt: skip


def radiography(root: Path) -> dict[str, object]:
    for name in ("COVID", "Normal"):
        for number in (1, 2):
            save(root / name / "images" / f"{name}-{number}.png", number)
            save(root / name / "masks" / f"{name}-{number}.png", number)
    book = Workbook()
    for row in (("FILE NAME", "FORMAT", "SIZE", "URL"), ("NORMAL-1", "PNG", "256*256", "https://www.kaggle.com/c/rsna/data"),
                ("NORMAL-9", "PNG", "", "")):  # fmt: skip
        book.active.append(row)
    book.save(root / "Normal.metadata.xlsx")
    return {"left_out": {"a mask": 4, "listed in the workbook, but no such file": 1},
            "films": {"Normal/images/Normal-1.png": {"source": "kaggle.com/c/rsna", "label": "Normal"},
                      "COVID/images/COVID-2.png": {"source": "", "label": "COVID"}}}  # fmt: skip


def radiography_of_2020(root: Path) -> dict[str, object]:
    save(root / "COVID-19" / "COVID-19 (1).png", 1)
    save(root / "NORMAL" / "NORMAL (1).png", 2)
    return {"left_out": {}, "films": {"COVID-19/COVID-19 (1).png": {"label": "COVID-19"}}}


def bimcv(root: Path) -> dict[str, object]:
    def film(patient: str, session: str, rest: str) -> Path:
        return save(root / f"sub-{patient}" / f"ses-{session}" / "mod-rx" / f"sub-{patient}_ses-{session}_{rest}", 1)

    first = film("S01", "E1", "run-1_bp-chest_vp-ap_dx.png")
    first.with_suffix(".json").write_text(json.dumps({"00280004": {"vr": "CS", "Value": ["MONOCHROME1"]}}))
    other = film("S01", "E2", "run-1_bp-chest_cr.png")
    other.with_suffix(".json").write_text(json.dumps({"00185101": {"vr": "CS", "Value": ["LL"]}}))
    film("S02", "E3", "run-1_bp-chest_vp-pa_cr.png")
    film("S02", "E4", "run-1_bp-chest_vp-pa_cr.png")
    (root / "participants.tsv").write_text("participant\tmodality_dicom\tage\tgender\nsub-S01\t['DX']\t[65]\tM\n")
    (root / "derivatives" / "labels").mkdir(parents=True)
    (root / "derivatives" / "labels" / "labels_covid19_posi.tsv").write_text(
        "\tPatientID\tReportID\tLabels\n0\tsub-S01\tses-E1\t['COVID 19', 'pneumonia']\n"
        "1\tsub-S01\tses-E2\t['normal']\n2\tsub-S02\tses-E3\t['COVID 19 uncertain']\n"
    )
    name = "sub-S01/ses-E1/mod-rx/sub-S01_ses-E1_run-1_bp-chest_vp-ap_dx.png"
    return {"left_out": {"a film of uncertain COVID 19": 1, "a film whose session the labels do not list": 1,
                         "a name that is not sub-…_ses-…_{cr,dx}": 0},
            "films": {name: {"label": "COVID 19, pneumonia", "patient": "sub-S01", "sex": "M", "age": "65",
                             "view": "AP"},
                      "sub-S01/ses-E2/mod-rx/sub-S01_ses-E2_run-1_bp-chest_cr.png": {"view": "lateral"}}}  # fmt: skip


def rsna(root: Path) -> dict[str, object]:
    (root / "stage_2_train_images").mkdir()
    for name in ("p1", "p2", "p3"):
        (root / "stage_2_train_images" / f"{name}.dcm").write_bytes(b"\0" * 128 + b"DICM")
    (root / "stage_2_train_labels.csv").write_text(
        "patientId,x,y,width,height,Target\np1,1,1,1,1,1\np1,2,2,2,2,1\np2,,,,,0\np9,,,,,0\n"
    )
    (root / "stage_2_detailed_class_info.csv").write_text("patientId,class\np2,No Lung Opacity / Not Normal\n")
    return {"left_out": {"a row of a film that has one already (one for each box)": 1,
                         "a file that the table does not list": 1,
                         "listed in the table, but no such file": 1},
            "films": {"stage_2_train_images/p1.dcm": {"label": "Lung Opacity", "patient": "p1"},
                      "stage_2_train_images/p2.dcm": {"label": "No Lung Opacity / Not Normal"}}}  # fmt: skip


def ricord(root: Path) -> dict[str, object]:
    file = root / "midrc_ricord_1c" / "MIDRC-RICORD-1C-SITE2-000105" / "65881" / "17480" / "1-1.dcm"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"\0" * 128 + b"DICM")
    film = {"label": "COVID-19", "patient": "MIDRC-RICORD-1C-SITE2-000105"}
    return {"left_out": {}, "films": {"midrc_ricord_1c/MIDRC-RICORD-1C-SITE2-000105/65881/17480/1-1.dcm": film}}


def qata(root: Path) -> dict[str, object]:
    save(root / "Train Set" / "Images" / "sub-S09345_ses-E23204_run-1_bp-chest_vp-ap_dx.png", 1)
    save(root / "Train Set" / "Ground-truths" / "mask_sub-S09345_ses-E23204_run-1_bp-chest_vp-ap_dx.png", 1)
    save(root / "Test Set" / "Images" / "covid_1.png", 2)
    save(root / "Test Set" / "Ground-truths" / "mask_covid_1.png", 2)
    return {"left_out": {"a mask": 2},
            "films": {"Train Set/Images/sub-S09345_ses-E23204_run-1_bp-chest_vp-ap_dx.png":
                      {"label": "COVID-19", "split": "train", "view": "AP", "patient": "sub-S09345"},
                      "Test Set/Images/covid_1.png": {"split": "test"}}}  # fmt: skip


def covid_qu_ex(root: Path) -> dict[str, object]:
    for of_set in ("Lung Segmentation Data", "Infection Segmentation Data"):
        for part in ("Train", "Val", "Test"):
            for label in ("COVID-19", "Non-COVID", "Normal"):
                for kind in ("images", "lung masks"):
                    save(root / of_set / of_set / part / label / kind / f"{label}_1.png", 1)
    name = "Lung Segmentation Data/Lung Segmentation Data/Val/Non-COVID/images/Non-COVID_1.png"
    return {"left_out": {"a mask": 18, "in Infection Segmentation Data, films of the larger set": 9},
            "films": {name: {"label": "Non-COVID", "split": "validation"}}}  # fmt: skip


def split_folders(root: Path) -> dict[str, object]:
    save(root / "chest_xray" / "train" / "PNEUMONIA" / "person1_bacteria_1.jpeg", 1)
    save(root / "chest_xray" / "train" / "PNEUMONIA" / "person1_bacteria_2.jpeg", 1)
    save(root / "chest_xray" / "val" / "NORMAL" / "NORMAL2-IM-1427-0001.jpeg", 1)
    return {"left_out": {}, "films": {"train/PNEUMONIA/person1_bacteria_2.jpeg": {"patient": "person1_bacteria"},
                                      "val/NORMAL/NORMAL2-IM-1427-0001.jpeg": {"split": "validation"}}}  # fmt: skip


BUILDERS = (ieee8023, actualmed, figure1, hannover, covid_cxnet, covidx, radiography, radiography_of_2020, bimcv, rsna,
            ricord, qata, covid_qu_ex, split_folders)  # fmt: skip


@pytest.mark.parametrize("build", BUILDERS, ids=lambda build: build.__name__)
def test_published_form(tmp_path: Path, build: Callable[[Path], dict[str, object]]) -> None:
    expected = build(tmp_path)
    found = read_source(tmp_path)
    layout = build.__name__.replace("_of_2020", "").replace("_", "-")
    assert found.layout == layout
    for name, facts in expected["films"].items():  # type: ignore[attr-defined]
        film = by_name(found)[name]
        assert {key: getattr(film, key) for key in facts} == facts
    assert found.left_out == +Counter(expected["left_out"])
    if build is not split_folders:
        assert read_source(f"{layout}:{tmp_path}").films == found.films


@pytest.mark.parametrize(
    "build", [covidx, radiography, bimcv, covid_qu_ex, covid_cxnet], ids=lambda made: made.__name__
)
def test_films_beside_the_published_places_are_counted(tmp_path: Path, build: Callable[[Path], object]) -> None:
    build(tmp_path)
    before = read_source(tmp_path)
    below = {"covidx": "train", "radiography": "COVID", "bimcv": "elsewhere",
             "covid_qu_ex": "Lung Segmentation Data/Lung Segmentation Data/Train/Normal",
             "covid_cxnet": "chest_xray_images"}[build.__name__]  # fmt: skip
    strays = [save(tmp_path / place / "stray.png", 50) for place in {below, "." if build is not covid_qu_ex else below}]
    after = read_source(tmp_path)
    assert [film.name for film in after.films] == [film.name for film in before.films]
    assert sum(after.left_out.values()) == sum(before.left_out.values()) + len(strays)


def test_files_of_one_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    for place in ("a", "b", "c"):
        save(tmp_path / "images" / place / "1.png", ord(place))
    rows = [(f"{place}/1.png", label) for place, label in (("b", "SARS"), ("a", "COVID-19"), ("images", "covid"))]
    lines = [f"{number},{label},{name}\n" for number, (name, label) in enumerate(rows)]
    (tmp_path / "metadata.csv").write_text("patientid,finding,filename\n" + "".join(lines))
    found = read_source(tmp_path)
    labels = {name: film.label for name, film in by_name(found).items()}
    assert labels == {"images/a/1.png": "COVID-19", "images/b/1.png": "SARS"}
    assert found.left_out == {"a file that the table does not list": 1,
                              "a film listed twice, under two patients, who are taken for one": 1}  # fmt: skip


def test_ricord_in_a_class_folder_is_not_taken_for_the_whole(tmp_path: Path) -> None:
    ricord(tmp_path / "COVID")
    save(tmp_path / "Normal" / "1.png", 1)
    with pytest.raises(DataError, match=r"holds collections of their own: COVID \(ricord\)"):
        read_source(tmp_path)
    found = read_source(f"class-folders:{tmp_path}")
    assert found.found == {"COVID": 1, "Normal": 1}


def test_findings_are_a_hierarchy_and_frontal_films_count(tmp_path: Path) -> None:
    ieee8023(tmp_path)
    found = read_source(tmp_path)
    chosen, labels, _ = select(found, (), (), views=("all",))
    assert (labels.names, labels.by_layout) == (["not COVID-19", "COVID-19"], True)
    assert [index for _, index in chosen] == [1, 1, 0]
    assert labels.describe(found.found) == (
        'positive is COVID-19 ("COVID-19, ARDS": 1, Pneumonia/Viral/COVID-19: 1); '
        "negative is not COVID-19 (Pneumonia/Bacterial: 1)"
    )
    chosen, _, out = select(found, ("COVID-19",), ("*",), views=("frontal",))
    assert [index for _, index in chosen] == [1, 1]
    assert out["a film of view lateral (data.views)"] == 1
    chosen, _, _ = select(found, ("COVID-19",), ("Pneumonia",), views=("all",))
    assert [index for _, index in chosen] == [1, 1, 0]


def test_real_collections(real_films: Path) -> None:
    twice = {"a film listed twice, under two patients, who are taken for one": 4}
    found = read_source(real_films / "ieee8023")
    chosen, labels, _ = select(found, (), (), views=("frontal",))
    counts = Counter(index for _, index in chosen)
    assert (counts, labels.by_layout, found.left_out) == ({1: 427, 0: 100}, True, twice)
    assert len({film.patient for film, index in chosen if index}) == 257
    publishers = Counter((film.source, index) for film, index in chosen)
    assert (publishers["radiopaedia.org", 1], publishers["radiopaedia.org", 0]) == (67, 32)
    assert (publishers["eurorad.org", 1], publishers["eurorad.org", 0]) == (28, 35)
    hospital = read_source(real_films / "hannover")
    assert (len(hospital.films), hospital.found) == (243, {"COVID-19": 243})
