"""What counts where the user says nothing: BIMCV's two sets, and RSNA, which has no COVID-19."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from cxrtui.data.inspect.report import inspect
from cxrtui.data.sources.collect import read_source, read_sources
from cxrtui.data.sources.labels import select
from cxrtui.errors import DataError
from cxrtui.settings.config import DataConfig
from tests.data.conftest import save
from tests.data.sources.layouts.test_published import hannover, rsna


def bimcv(root: Path, table: str, reports: dict[str, str]) -> Path:
    lines = ["\tPatientID\tReportID\tReport\tLabels"]
    for number, (session, labels) in enumerate(reports.items()):
        patient = f"sub-{root.name[-3:]}{number}"
        place = root / patient / f"ses-{session}" / "mod-rx"
        save(place / f"{patient}_ses-{session}_run-1_bp-chest_vp-pa_dx.png", number)
        lines.append(f"{number}\t{patient}\tses-{session}\t…\t{labels}")
    (root / "derivatives" / "labels").mkdir(parents=True)
    (root / "derivatives" / "labels" / table).write_text("\n".join(lines))
    (root / "participants.tsv").write_text(
        "participant\tmodality_dicom\tage\tgender\nsub-osi0\t['DX']\t[65.0, 66.0]\tM\n"
    )
    return root


@pytest.fixture
def positive(tmp_path: Path) -> Path:
    reports = {
        "E1": "['COVID 19', 'pneumonia']",
        "E2": "['normal']",
        "E3": "['COVID 19 uncertain']",
        "E4": "['COVID 19']",
    }
    return bimcv(tmp_path / "covid19_posi", "labels_covid_posi.tsv", reports)


@pytest.fixture
def negative(tmp_path: Path) -> Path:
    reports = {"E5": "['normal']", "E6": "['pneumonia']", "E7": "['COVID 19']", "E8": ""}
    return bimcv(tmp_path / "covid19_neg", "Labels_covid_NEG_JAN21.tsv", reports)


def test_the_two_sets_of_bimcv_are_the_two_classes(positive: Path, negative: Path) -> None:
    found = read_sources([str(positive), str(negative)])
    chosen, labels, out = select(found, (), ())
    assert labels.by_layout
    assert labels.names == ["SARS-CoV-2 negative", "COVID 19"]
    assert Counter(index for _, index in chosen) == {1: 2, 0: 3}
    assert out == {
        "a film of uncertain COVID 19": 1, "class normal": 1,  # of a patient who tested positive at some time
        "a film of a patient who tested negative, with COVID 19 in its report": 1,
    }  # fmt: skip
    assert "SARS-CoV-2 negative, normal" not in found.found
    assert found.found["normal, SARS-CoV-2 negative"] == 1
    person = next(film for film in found.films if film.patient.endswith("sub-osi0"))
    assert (person.sex, person.age) == ("M", "65")


def test_one_set_of_bimcv_alone_is_asked_about(positive: Path, negative: Path) -> None:
    with pytest.raises(DataError, match=r"no negatives: .* Join the negative set with a second --data"):
        select(read_source(positive), (), ())
    (positive / "derivatives" / "labels" / "labels_covid_posi.tsv").write_text(
        "ReportID\tLabels\nses-E1\t['COVID 19']\nses-E2\t['normal']\nses-E4\t['COVID 19']\n"
    )
    with pytest.raises(DataError, match="no negatives"):  # though the two names are plain
        select(read_source(positive), (), ())
    assert inspect(positive, DataConfig()).section("rule").counts == {"COVID 19": 2, "SARS-CoV-2 negative": 0}
    assert inspect(negative, DataConfig()).section("rule").counts == {"COVID 19": 0, "SARS-CoV-2 negative": 3}
    chosen, _, _ = select(read_source(positive), ("COVID 19",), ("normal",))
    assert len(chosen) == 3


def test_all_others_of_one_collection_are_not_those_of_another(positive: Path, tmp_path: Path) -> None:
    (tmp_path / "hospital").mkdir()
    hannover(tmp_path / "hospital")
    with pytest.raises(DataError, match="no negatives"):
        select(read_sources([str(positive), str(tmp_path / "hospital")]), (), ())


def test_rsna_is_asked_about_and_never_a_covid_classifier_by_itself(tmp_path: Path) -> None:
    (tmp_path / "rsna").mkdir()
    rsna(tmp_path / "rsna")
    found = read_source(tmp_path / "rsna")
    for partial in (False, True):
        with pytest.raises(DataError, match=r"Lung Opacity: 1.*\. The RSNA challenge has no COVID-19") as caught:
            select(found, (), (), partial=partial)
        assert "data.positive='Lung Opacity'" not in str(caught.value)
    assert "has no COVID-19" in inspect(tmp_path / "rsna", DataConfig()).section("rule").notes[0]
    (tmp_path / "hospital").mkdir()
    hannover(tmp_path / "hospital")
    both = read_sources([str(tmp_path / "hospital"), str(tmp_path / "rsna")])
    with pytest.raises(DataError, match="has no COVID-19"):
        select(both, (), ())
    chosen, _, _ = select(both, ("COVID-19",), ("*",))
    assert sorted(index for _, index in chosen) == [0, 0, 1]


@pytest.mark.parametrize("body", ["[1,", "[]", "[" * 100_000, "\xff"], ids=["torn", "a list", "deep", "no text"])
def test_a_sidecar_that_cannot_be_read_is_said(positive: Path, body: str) -> None:
    film = next(film for film in read_source(positive).films if "E1" in film.name)
    film.path.with_suffix(".json").write_text(body, encoding="latin-1")
    found = read_source(positive)
    assert film.name in {film.name for film in found.films}
    reason = "a JSON file beside a film that cannot be read (the film stays, without its window)"
    assert found.left_out == {reason: 1, "a film of uncertain COVID 19": 1}
