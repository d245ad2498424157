"""What the words of a source come to, in every layout: findings, spellings, and who is nobody."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from cxrtui.data.inspect.report import inspect
from cxrtui.data.prepared.evaluation import load_evaluation
from cxrtui.data.prepared.prepare import prepare
from cxrtui.data.sources.collect import read_source, read_sources
from cxrtui.data.sources.labels import select
from cxrtui.errors import DataError
from cxrtui.runs.events import DataPrepared, Warned
from cxrtui.settings.config import Config, DataConfig
from tests.data.conftest import drain, save


def manifest(root: Path, rows: list[tuple[str, ...]], columns: str = "path,label") -> Path:
    """A manifest of films, each of its own content; cells are quoted."""
    lines = [columns]
    for number, cells in enumerate(rows):
        save(root / f"{number:02}.png", number)
        lines.append(",".join([f"{number:02}.png", *(f'"{cell}"' for cell in cells)]))
    (root / "manifest.csv").write_text("\n".join(lines))
    return root


def ieee8023(root: Path, findings: list[str]) -> Path:
    """The published table of films of these findings, each of a patient of its own."""
    lines = ["filename,finding,patientid,view,modality"]
    for number, finding in enumerate(findings):
        save(root / "images" / f"{number}.png", number)
        lines.append(f'{number}.png,"{finding}",{number},PA,X-ray')
    (root / "metadata.csv").write_text("\n".join(lines))
    return root


@pytest.mark.parametrize("joint", [",", ";", "; ", "|", "/", " | "])
def test_each_finding_of_a_cell_counts(tmp_path: Path, joint: str) -> None:
    cells = [
        f"COVID-19{joint}Pneumonia",
        "Normal",
        f"Effusion{joint}COVID-19",
        f"Effusion{joint}Mass",
        "['COVID-19', 'ARDS']",
    ]
    for folder in (manifest(tmp_path / "m", [(cell,) for cell in cells]), ieee8023(tmp_path / "t", cells)):
        found = read_source(folder)
        assert set(found.found) == {
            "COVID-19, Pneumonia",
            "Normal",
            "Effusion, COVID-19",
            "Effusion, Mass",
            "COVID-19, ARDS",
        }
        chosen, labels, _ = select(found, ("COVID-19",), ("*",))
        assert [index for _, index in chosen] == [1, 0, 1, 0, 1]
        assert labels.rest(found.found) == {"Normal": 1, "Effusion, Mass": 1}


def test_what_gives_no_finding_is_left_out_and_never_the_rest(tmp_path: Path) -> None:
    words = ["nan", "NaN", "None", "NA", "N/A", "null", "n.a.", "-", "?", "['nan']", "unknown"]
    cells = ["COVID-19", "Normal", *words]
    for folder in (manifest(tmp_path / "m", [(cell,) for cell in cells]), ieee8023(tmp_path / "t", cells)):
        found = read_source(folder)
        assert found.found == {"COVID-19": 1, "Normal": 1}
        assert found.left_out == {"a film without a finding": len(words)}
        chosen, _, out = select(found, ("COVID-19",), ("*",))
        assert (len(chosen), out) == (2, {"a film without a finding": len(words)})


def test_spellings_of_a_finding_are_one(tmp_path: Path) -> None:
    cells = [
        "COVID-19",
        "COVID-19",
        "Normal",
        "COVID19",
        "Covid 19",
        "SARS-CoV-2",
        "covid, ARDS",
        "No_findings",
        "Normal",
    ]
    found = read_source(manifest(tmp_path / "a", [(cell,) for cell in cells]))
    assert found.found == {"COVID-19": 5, "COVID-19, ARDS": 1, "Normal": 3}
    assert found.spellings == {"COVID-19": ("COVID19", "Covid 19", "SARS-CoV-2", "covid"), "Normal": ("No_findings",)}
    chosen, labels, _ = select(found, (), ())
    assert (len(chosen), labels.names) == (9, ["Normal", "COVID-19"])
    other = manifest(tmp_path / "b", [("2019-nCoV",), ("No finding",), ("Lung_Opacity",)])
    both = read_sources([str(tmp_path / "a"), str(other)])
    assert both.found == {"COVID-19": 6, "COVID-19, ARDS": 1, "Normal": 4, "Lung_Opacity": 1}
    assert both.spellings["Normal"] == ("No finding", "No_findings")


def test_folders_of_two_spellings_are_one_class(tmp_path: Path) -> None:
    for number, name in enumerate(("COVID-19", "covid19", "Normal", "NORMAL", "nan")):
        save(tmp_path / name / f"{number}.png", number)
    found = read_source(tmp_path)
    assert (found.found, found.left_out) == ({"COVID-19": 2, "NORMAL": 2}, {"a film without a finding": 1})


def test_a_minus_is_a_finding_beside_a_plus(tmp_path: Path) -> None:
    found = read_source(manifest(tmp_path, [("+",), ("-",), ("-",), ("nan",)]))
    assert (found.found, found.left_out) == ({"+": 1, "-": 2}, {"a film without a finding": 1})
    assert select(found, (), ())[1].names == ["-", "+"]


@pytest.mark.parametrize("layout", [manifest, ieee8023])
def test_words_for_nobody_are_no_patient(tmp_path: Path, layout: Callable[..., Path]) -> None:
    words = ["nan", "NaN", "None", "", "unknown", "anonymous", "0", "0000", "N/A", "test", "0012", "7"]
    if layout is manifest:
        manifest(tmp_path, [("COVID-19", word) for word in words], "path,label,patient")
    else:
        ieee8023(tmp_path, ["COVID-19"] * len(words))
        lines = [f"{number}.png,COVID-19,{word},PA,X-ray" for number, word in enumerate(words)]
        (tmp_path / "metadata.csv").write_text("\n".join(["filename,finding,patientid,view,modality", *lines]))
    found = read_source(tmp_path)
    assert {film.patient for film in found.films if film.patient_known} == {"0012", "7"}
    assert len({film.patient for film in found.films}) == len(words)
    assert not found.patients_known


@pytest.mark.parametrize(("names", "known"), [(("0", "1", "2", "0"), 3), (("00", "01", "02"), 3), (("0", "0", "7"), 1),
                                              (("0", "1", "P2"), 2)])  # fmt: skip
def test_a_nought_is_a_patient_only_where_they_are_numbered_from_it(
    tmp_path: Path, names: tuple[str, ...], known: int
) -> None:
    found = read_source(manifest(tmp_path, [("Normal", name) for name in names], "path,label,patient"))
    assert len({film.patient for film in found.films if film.patient_known}) == known


def test_the_log_and_the_report_list_what_counts_as_the_rest(tmp_path: Path, configure: Callable[..., Config]) -> None:
    cells = ["COVID-19"] * 8 + ["Covid"] * 2 + ["Pneumonia"] * 6 + ["Effusion|Mass"] * 5 + ["nan"] * 3
    folder = manifest(tmp_path / "films", [(cell,) for cell in cells])
    said, _ = drain(prepare(configure(folder, data__positive="covid19", data__negative="*")))
    told = {event.code: event.message for event in said if isinstance(event, Warned)}
    assert told["counted-as-rest"] == "11 films count as not COVID-19 by '*': Pneumonia: 6, \"Effusion, Mass\": 5."
    assert told["spellings"] == "Spellings that are taken for one finding: COVID-19 (also Covid)."
    prepared = next(event for event in said if isinstance(event, DataPrepared))
    assert prepared.left_out == {"a film without a finding": 3}
    report = inspect(folder, DataConfig(positive=("covid19",), negative=("*",)))
    assert report.section("rest").counts == {"Pneumonia": 6, "Effusion, Mass": 5}
    assert report.section("classes").notes == ["COVID-19 is also spelt Covid"]
    assert inspect(folder, DataConfig(positive=("covid19",), negative=("Pneumonia",))).section("rest").counts == {}


def test_another_hospitals_spelling_is_evaluated_without_a_setting(
    tmp_path: Path, configure: Callable[..., Config]
) -> None:
    cells = ["covid_19"] * 3 + ["No finding"] * 2 + ["Healthy"] + ["Pneumonia"] * 2
    folder = manifest(tmp_path / "there", [(cell,) for cell in cells])
    trained = configure(folder, data__positive="COVID-19", data__negative="No_findings").data
    said, films = drain(load_evaluation(trained, folder))
    assert films.splits["all"].labels.tolist() == [1, 1, 1, 0, 0, 0]
    assert "class-absent" not in {event.code for event in said if isinstance(event, Warned)}
    unset = configure(folder).data  # whose training took the classes from the names of its folders
    for names in (["No_findings", "COVID-19"], ["Normal+Pneumonia", "covid"], ["not COVID-19", "COVID-19"]):
        _, films = drain(load_evaluation(unset, folder, trained=names))
        wanted = [1, 1, 1, 0, 0, 0] + [0, 0] * (names[0] != "No_findings")
        assert films.splits["all"].labels.tolist() == wanted
    with pytest.raises(DataError, match="not clear"):
        drain(load_evaluation(unset, folder, trained=["benign", "malignant"]))
