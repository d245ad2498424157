"""Collections without COVID-19 that give the negatives of others: NIH ChestX-ray14, CheXpert, VinDr-CXR."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cxrtui.data.films import Film
from cxrtui.data.inspect.report import inspect
from cxrtui.data.sources.collect import read_source, read_sources
from cxrtui.data.sources.labels import select
from cxrtui.errors import DataError
from cxrtui.settings.config import DataConfig
from tests.data.conftest import save
from tests.data.sources.layouts.test_published import hannover

NIH = (
    "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,"
    "OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y],"
)
CHEXPERT = (
    "Path,Sex,Age,Frontal/Lateral,AP/PA,No Finding,Enlarged Cardiomediastinum,Cardiomegaly,Lung Opacity,Lung Lesion,"
    "Edema,Consolidation,Pneumonia,Atelectasis,Pneumothorax,Pleural Effusion,Pleural Other,Fracture,Support Devices"
)


def by_name(films: tuple[Film, ...]) -> dict[str, Film]:
    return {film.name: film for film in films}


def nih(root: Path, places: tuple[str, ...] = ("images_001/images", "images_002/images")) -> Path:
    """Four films of three patients, the official lists, and a table of boxes that is not read."""
    rows = [
        ("00000001_000", "Cardiomegaly|Emphysema", "1", "058Y", "M", "PA"),
        ("00000001_001", "No Finding", "1", "060Y", "M", "AP"),
        ("00000002_000", "No Finding", "2", "081Y", "F", "PA"),
        ("00000013_000", "Hernia", "13", "411Y", "F", "PA"),
        ("00000099_000", "No Finding", "99", "010Y", "F", "PA"),
    ]
    lines = [NIH]
    for number, (name, finding, patient, age, sex, view) in enumerate(rows):
        if number < 4:
            save(root / places[number % len(places)] / f"{name}.png", number)
        lines.append(f"{name}.png,{finding},{number},{patient},{age},{sex},{view},2682,2749,0.143,0.143,")
    (root / "Data_Entry_2017.csv").write_text("\n".join(lines))
    (root / "BBox_List_2017.csv").write_text(
        "Image Index,Finding Label,Bbox [x,y,w,h],,,\n00000013_000.png,Hernia,1,2,3,4\n"
    )
    (root / "train_val_list.txt").write_text("00000001_000.png\n00000001_001.png\n")
    (root / "test_list.txt").write_text("00000002_000.png\n00000013_000.png\n00000099_000.png\n")
    return root


@pytest.mark.parametrize("places", [
    ("images",), ("images_001/images", "images_002/images"), ("images_001", "images_012"), (".",),
])  # fmt: skip
def test_nih(tmp_path: Path, places: tuple[str, ...]) -> None:
    found = read_source(nih(tmp_path, places))
    assert found.layout == "nih"
    assert found.found == {"Cardiomegaly, Emphysema": 1, "Hernia": 1, "No Finding": 2}
    assert found.left_out == {"listed in the table, but no such file": 1}
    films = {film.path.stem: film for film in found.films}
    first = films["00000001_000"]
    assert (first.patient, first.sex, first.age, first.view, first.split) == ("00000001", "M", "58", "PA", "train")
    assert (films["00000001_001"].patient, films["00000001_001"].view) == ("00000001", "AP")
    assert [films[name].split for name in ("00000002_000", "00000013_000")] == ["test", "test"]
    assert films["00000013_000"].age == "411Y"


def test_nih_by_its_table_in_a_folder_and_in_the_release_of_2020(tmp_path: Path) -> None:
    nih(tmp_path / "archive")
    text = (tmp_path / "archive" / "Data_Entry_2017.csv").read_text()
    (tmp_path / "archive" / "Data_Entry_2017.csv").unlink()
    (tmp_path / "archive" / "Data_Entry_2017_v2020.csv").write_text(text.replace("Gender", "Sex").replace("058Y", "58"))
    (tmp_path / "archive" / "test_list.txt").unlink()
    for path in (tmp_path, tmp_path / "archive", tmp_path / "archive" / "Data_Entry_2017_v2020.csv"):
        found = read_source(path)
        assert found.layout == "nih"
        films = {film.path.stem: film for film in found.films}
        assert (films["00000001_000"].sex, films["00000001_000"].age) == ("M", "58")
        assert [films[name].split for name in ("00000001_000", "00000002_000")] == ["train", ""]


@pytest.mark.parametrize(
    "build", [nih, lambda root: chexpert(root), lambda root: vindr(root)], ids=["nih", "chexpert", "vindr"]
)
def test_they_are_asked_about_alone_and_give_the_negatives_of_another(tmp_path: Path, build: object) -> None:
    assert callable(build)
    build(tmp_path / "negatives")
    with pytest.raises(DataError, match=r"has no COVID-19.*--set data\.negative='No [Ff]inding'"):
        select(read_source(tmp_path / "negatives"), (), ())
    assert "has no COVID-19" in inspect(tmp_path / "negatives", DataConfig()).section("rule").notes[0]
    (tmp_path / "hospital").mkdir()
    hannover(tmp_path / "hospital")
    both = read_sources([str(tmp_path / "hospital"), str(tmp_path / "negatives")])
    with pytest.raises(DataError, match="has no COVID-19"):
        select(both, (), ())
    chosen, labels, _ = select(both, ("covid",), ("no_findings",))
    assert sorted(index for _, index in chosen) == [0, 0, 1]
    assert labels.names[1] == "COVID-19"


def test_an_nih_patient_is_one_person_in_other_collections_too(tmp_path: Path) -> None:
    nih(tmp_path / "nih")
    save(tmp_path / "mixed" / "No_findings" / "00000001_005.png", 50)
    save(tmp_path / "mixed" / "COVID-19" / "a.png", 51)
    films = read_sources([str(tmp_path / "nih"), str(tmp_path / "mixed")]).films
    assert [film.patient for film in films if film.path.name.startswith("00000001")] == ["00000001"] * 3


def chexpert(root: Path, prefix: str = "CheXpert-v1.0-small", films: str = "") -> Path:
    """Two films without a finding, one lateral; three with some; one with none but an uncertain one."""
    rows = {
        "train/patient00001/study1/view1_frontal.jpg": ("Female,68,Frontal,AP", {"No Finding": "1.0",
                                                                                "Support Devices": "1.0"}),
        "train/patient00002/study1/view1_frontal.jpg": ("Male,87,Frontal,PA", {"Pneumonia": "1.0", "Edema": "-1.0"}),
        "train/patient00002/study2/view1_frontal.jpg": ("Male,87,Frontal,AP", {"Pneumonia": "-1.0", "Edema": "0.0"}),
        "train/patient00003/study1/view2_lateral.jpg": ("Male,41,Lateral,", {"Cardiomegaly": "1", "Fracture": "1"}),
        "train/patient00004/study1/view1_frontal.jpg": ("Male,41,Frontal,AP", {"No Finding": "1.0", "Pneumonia": "-1.0",
                                                                              "Edema": "1.0"}),
        "valid/patient64541/study1/view1_frontal.jpg": ("Female,73,Frontal,AP", {"No Finding": "1.0"}),
        "train/patient00009/study1/view1_frontal.jpg": ("Female,20,Frontal,AP", {"No Finding": "1.0"}),
    }  # fmt: skip
    lines: dict[str, list[str]] = {"train": [CHEXPERT], "valid": [CHEXPERT]}
    for number, (name, (facts, cells)) in enumerate(rows.items()):
        if "patient00009" not in name:
            save(root / films / name, number)
        listed = [cells.get(header, "") for header in CHEXPERT.split(",")[5:]]
        lines[name.split("/")[0]].append(f"{prefix}/{name},{facts},{','.join(listed)}")
    for part, written in lines.items():
        (root / f"{part}.csv").write_text("\n".join(written))
    return root


def test_a_table_that_says_two_things_of_a_film(tmp_path: Path) -> None:
    nih(tmp_path / "nih")
    with (tmp_path / "nih" / "Data_Entry_2017.csv").open("a") as file:
        file.write("\n00000002_000.png,no findings,2,2,081Y,F,PA,2682,2749,0.143,0.143,")
    assert read_source(tmp_path / "nih").left_out["a film listed twice"] == 1
    with (tmp_path / "nih" / "Data_Entry_2017.csv").open("a") as file:
        file.write("\n00000002_000.png,Mass,2,2,081Y,F,PA,2682,2749,0.143,0.143,")
    with pytest.raises(
        DataError, match=r"two things of 00000002_000.png: No Finding in line 4 and Mass in line 8; cor"
    ):
        read_source(tmp_path / "nih")
    (tmp_path / "chexpert").mkdir()
    chexpert(tmp_path / "chexpert")
    with (tmp_path / "chexpert" / "valid.csv").open("a") as file:
        row = "train/patient00001/study1/view1_frontal.jpg,Female,68,Frontal,AP,,,,,,,,1,,,,,,"
        file.write(f"\nCheXpert-v1.0-small/{row}")
    with pytest.raises(
        DataError, match=r"train.csv says two things .* in line 2 and Pneumonia in line 3 of .*valid.csv"
    ):
        read_source(tmp_path / "chexpert")


def test_chexpert_in_a_folder_of_its_own_in_batches_and_without_its_tables(tmp_path: Path) -> None:
    """Its folders of patients are never classes."""
    home = tmp_path / "archive" / "CheXpert-v1.0-small"
    chexpert(home)
    assert read_source(tmp_path / "archive").layout == "chexpert"
    for batch, part in (("batch 1 (validate & csv)", "valid"), ("batch 2 (train 1)", "train")):
        (home / batch).mkdir()
        (home / part).rename(home / batch / (part if part == "valid" else "films"))
    for patient in (home / "batch 2 (train 1)" / "films").iterdir():
        patient.rename(home / "batch 2 (train 1)" / patient.name)
    found = read_source(home)
    assert len(found.films) == 5
    assert sorted({film.split for film in found.films}) == ["train", "validation"]
    home = tmp_path / "bare"
    chexpert(home)
    for table in home.glob("*.csv"):
        table.unlink()
    with pytest.raises(DataError, match="films but no classes"):
        read_source(home)


@pytest.mark.parametrize(("prefix", "films"), [("CheXpert-v1.0-small", ""), ("CheXpert-v1.0", ""),
                                               ("CheXpert-v1.0", "CheXpert-v1.0")])  # fmt: skip
def test_chexpert(tmp_path: Path, prefix: str, films: str) -> None:
    found = read_source(chexpert(tmp_path, prefix, films))
    assert found.layout == "chexpert"
    assert found.found == {"No Finding": 1, "No Finding, Support Devices": 1, "Pneumonia": 1, "Edema": 1,
                           "Cardiomegaly, Fracture": 1}  # fmt: skip
    assert found.left_out == {
        "a film without a finding": 1, "listed in the table, but no such file": 1,
        "an uncertain finding (-1), not given as one (the film stays where it has others)": 3,
    }  # fmt: skip
    named = by_name(found.films)
    first = named[(Path(films) / "train/patient00001/study1/view1_frontal.jpg").as_posix()]
    assert (first.patient, first.sex, first.age, first.view, first.split) == ("patient00001", "F", "68", "AP", "train")
    lateral = named[(Path(films) / "train/patient00003/study1/view2_lateral.jpg").as_posix()]
    assert (lateral.view, lateral.patient) == ("lateral", "patient00003")
    assert named[(Path(films) / "valid/patient64541/study1/view1_frontal.jpg").as_posix()].split == "validation"


def test_chexpert_by_one_table_and_in_batches(tmp_path: Path) -> None:
    chexpert(tmp_path)
    assert len(read_source(tmp_path / "valid.csv").films) == 1
    (tmp_path / "batch 2 (train 1)").mkdir()
    shutil.move(tmp_path / "train" / "patient00001", tmp_path / "batch 2 (train 1)" / "patient00001")
    save(tmp_path / "train" / "patient00777" / "study1" / "view1_frontal.jpg", 77)
    found = read_source(tmp_path)
    assert "batch 2 (train 1)/patient00001/study1/view1_frontal.jpg" in by_name(found.films)
    assert found.left_out["a file that the table does not list"] == 1


def vindr(root: Path, ending: str = "png", where: str = "annotations") -> Path:
    """PhysioNet's form: three readers of each training film, a consensus of the test film."""
    header = "image_id,rad_id,Aortic enlargement,Nodule/Mass,Other diseases,No finding"
    votes = {"a": ["0,0,0,1"] * 3, "b": ["0,1,0,0", "0,1,1,0", "1,0,0,0"], "c": ["0,0,0,1", "0,0,0,1", "1,0,0,0"],
             "d": ["0,1,1,0"] * 3, "gone": ["0,0,0,1"] * 3}  # fmt: skip
    rows = [f"{name},R{reader},{cells}" for name, listed in votes.items() for reader, cells in enumerate(listed)]
    (root / where).mkdir(parents=True, exist_ok=True)
    (root / where / "image_labels_train.csv").write_text("\n".join([header, *rows]))
    (root / where / "image_labels_test.csv").write_text(
        "image_id,Aortic enlargement,Nodule/Mass,Other disease,No finding\nt,0.0,0.0,0.0,1.0\n"
    )
    (root / where / "annotations_train.csv").write_text(
        "image_id,rad_id,class_name,x_min,y_min,x_max,y_max\na,R1,Nodule/Mass,1,2,3,4\n"
    )
    for number, name in enumerate(("train/a", "train/b", "train/c", "train/d", "test/t", "test/other")):
        save(root / f"{name}.{ending}", number)
    return root


@pytest.mark.parametrize(("ending", "where"), [("png", "annotations"), ("jpg", ".")])
def test_vindr(tmp_path: Path, ending: str, where: str) -> None:
    found = read_source(vindr(tmp_path, ending, where))
    assert found.layout == "vindr"
    assert {film.path.stem: (film.label, film.split) for film in found.films} == {
        "a": ("No finding", "train"), "b": ("Nodule/Mass", "train"), "d": ("Nodule/Mass, Other diseases", "train"),
        "t": ("No finding", "test"),
    }  # fmt: skip
    assert found.left_out == {
        "a film on which the readers disagree": 1, "a file that the table does not list": 1,
        "listed in the table, but no such file": 1,
    }  # fmt: skip
    assert not found.patients_known
    assert len(select(found, ("Nodule/Mass",), ("normal",))[0]) == 4


def test_vindr_as_the_competition_has_it(tmp_path: Path) -> None:
    rows = ["image_id,class_name,class_id,rad_id,x_min,y_min,x_max,y_max"]
    rows += [f"a,No finding,14,R{reader},,,," for reader in (11, 7, 10)]
    rows += ["b,Cardiomegaly,3,R8,691,1375,1653,1831", "b,Cardiomegaly,3,R9,690,1375,1653,1831", "b,ILD,5,R9,1,2,3,4",
             "b,No finding,14,R10,,,,"]  # fmt: skip
    for number, name in enumerate(("train/a", "train/b", "test/x")):
        save(tmp_path / f"{name}.png", number)
    (tmp_path / "train.csv").write_text("\n".join(rows))
    (tmp_path / "sample_submission.csv").write_text("image_id,PredictionString\nx,14 1 0 0 1 1\n")
    found = read_source(tmp_path)
    assert {film.name: film.label for film in found.films} == {
        "train/a.png": "No finding",
        "train/b.png": "Cardiomegaly",
    }
    assert found.left_out == {"a file that the table does not list": 1}


def test_vindr_in_other_words(tmp_path: Path) -> None:
    """Spellings of one finding are one vote, words for nothing none, and an image is one in any case."""
    rows = ["image_id,class_name,class_id,rad_id,x_min,y_min,x_max,y_max", "a,no_finding,14,R1,,,,",
            "A,No Finding,14,R2,,,,", 'b,"Mass|ILD",8,R1,1,1,2,2', "b,mass,8,R2,1,1,2,2", "c,nan,,R1,,,,"]  # fmt: skip
    for number, name in enumerate("abc"):
        save(tmp_path / "train" / f"{name}.png", number)
    (tmp_path / "train.csv").write_text("\n".join(rows))
    found = read_source(tmp_path)
    assert {film.name: film.label for film in found.films} == {"train/a.png": "no_finding", "train/b.png": "Mass"}
    assert found.left_out == {"a film without a finding": 1}


def test_vindr_that_says_two_things_of_a_film(tmp_path: Path) -> None:
    vindr(tmp_path, "png", ".")
    with (tmp_path / "image_labels_test.csv").open("a") as file:
        file.write("T,0,0,0,1\n")
    assert read_source(tmp_path).layout == "vindr"
    with (tmp_path / "image_labels_test.csv").open("a") as file:
        file.write("T,0,1,0,0\n")
    with pytest.raises(
        DataError, match=r"test.csv says two things of t: No finding in line 2 and Nodule/Mass in line 4"
    ):
        read_source(tmp_path)


@pytest.mark.parametrize("layout", ["nih", "chexpert", "vindr"])
def test_a_layout_that_does_not_fit_is_said(tmp_path: Path, layout: str) -> None:
    save(tmp_path / "A" / "1.png", 1)
    with pytest.raises(DataError, match=f"cannot be read as {layout}: it has no CSV"):
        read_source(f"{layout}:{tmp_path}")
