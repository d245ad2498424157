"""The command ``evaluate`` on the small run: ensembles, comparison, augmentation, abstaining, columns of a manifest."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click import ClickException

from cxrtui.cli import cli
from cxrtui.errors import DataError, UsageError
from cxrtui.evaluation import operation as operations
from cxrtui.evaluation.operation import Operation
from cxrtui.evaluation.report.evaluations import external
from cxrtui.runs.folder import Run
from cxrtui.statistics.calibration import Calibration

pytestmark = pytest.mark.slow

CALIBRATION = Calibration("platt", temperature=2.0, bias=-0.4, films=9)


@pytest.fixture(scope="module")
def calibrated(trained: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The small run with a calibration that is known, under another name."""
    run = Run(tmp_path_factory.mktemp("calibrated") / "other")
    shutil.copytree(trained.folder, run.folder)
    threshold = float(CALIBRATION([0.5])[0])
    operations.write(run, trained.read().evaluations["test"].step, Operation(CALIBRATION, threshold, 0.5))
    return run


@pytest.fixture
def manifest(phantom_films: Path, tmp_path: Path) -> Path:
    """Every second film, with a column that no role has."""
    with (phantom_films / "manifest.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))[::2]
    table = tmp_path / "films.csv"
    with table.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "label", "patient", "Scanner Type"])
        for place, row in enumerate(rows):
            writer.writerow([phantom_films / row["path"], row["label"], row["patient"], "ab"[place % 2]])
    return table


@pytest.fixture
def evaluated(capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Call ``cxrtui evaluate … --keep-seen --json`` and return its answer."""

    def call(*arguments: object) -> Any:
        cli.main(["evaluate", *map(str, arguments), "--keep-seen", "--json"], standalone_mode=False)
        return json.loads(capsys.readouterr().out)

    return call


def test_a_calibration_changes_probabilities_and_no_answer(
    trained: Run, calibrated: Run, manifest: Path, evaluated: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    plain = evaluated(calibrated.folder, "--data", manifest, "--no-calibration")
    found = evaluated(calibrated.folder, "--data", manifest, "--prevalence", "1%")
    assert found["counts"] == plain["counts"]
    assert found["metrics"]["auroc"] == pytest.approx(plain["metrics"]["auroc"])
    assert found["threshold"] == pytest.approx(float(CALIBRATION([0.5])[0]))
    assert plain["threshold"] == 0.5
    assert found["calibration"]["before"] == {name: plain["estimates"][name] for name in ("brier", "ece")}
    assert found["estimates"]["brier"]["value"] != plain["estimates"]["brier"]["value"]
    assert (found["prevalence"], found["prevalence_stated"], plain["prevalence_stated"]) == (0.01, True, False)

    with manifest.open(newline="") as file:
        film = next(csv.DictReader(file))["path"]
    rows = []
    for extra in ([], ["--no-calibration"]):
        with pytest.raises(SystemExit):
            cli.main(["classify", str(calibrated.folder), film, "--json", *extra], standalone_mode=False)
        rows.append(json.loads(capsys.readouterr().out))
    assert [row["calibrated"] for row in rows] == [True, False]
    assert rows[0]["label"] == rows[1]["label"]
    positive = [row["probabilities"]["positive"] for row in rows]
    assert positive[0] == pytest.approx(float(CALIBRATION([positive[1]])[0]))


def test_an_ensemble_is_the_mean_and_a_model_does_not_differ_from_itself(
    trained: Run, calibrated: Run, manifest: Path, evaluated: Callable[..., Any]
) -> None:
    alone = evaluated(calibrated.folder, "--data", manifest)
    twice = evaluated(f"{calibrated.folder}+{calibrated.folder}", "--data", manifest)
    assert twice["run"] == "other+other"
    assert twice["counts"] == alone["counts"]
    assert twice["estimates"]["brier"] == pytest.approx(alone["estimates"]["brier"])
    same = evaluated(trained.folder, "--data", manifest, "--against", calibrated.folder)["against"]
    assert (same["model"], same["films_differing"]) == ("other", 0)
    assert {name: found["value"] for name, found in same["differences"].items()} == dict.fromkeys(
        ("accuracy", "auroc", "sensitivity", "specificity"), 0.0
    )


def test_tables_by_a_column_of_the_manifest_augmentation_and_abstaining(
    trained: Run, manifest: Path, evaluated: Callable[..., Any]
) -> None:
    found = evaluated(trained.folder, "--data", manifest, "--by", "scanner type", "--tta", 2, "--abstain", 0.02)
    table = next(item for item in found["subgroups"] if item["column"] == "scanner type")
    assert [group["films"] for group in table["groups"]] == [15, 15]
    assert found["augmented"] == 2
    kept = found["abstain"]
    assert kept["counts"]["films"] == round(kept["coverage"]["value"] * 30)
    assert kept["curve"][0][:2] == [0.0, 1.0]
    assert [point[1] for point in kept["curve"]] == sorted((point[1] for point in kept["curve"]), reverse=True)
    again = evaluated(trained.folder, "--data", manifest, "--tta", 2)
    assert again["estimates"] == found["estimates"]
    assert evaluated(trained.folder, "--data", manifest)["estimates"]["brier"] != found["estimates"]["brier"]


def test_classes_are_found_by_meaning_not_by_spelling(
    trained: Run, phantom_films: Path, tmp_path: Path, evaluated: Callable[..., Any]
) -> None:
    for label, name in (("negative", "No_findings"), ("positive", "SARS-CoV-2")):
        (tmp_path / "else" / name).mkdir(parents=True)
        for film in sorted((phantom_films / label).glob("*.png"))[:4]:
            shutil.copy(film, tmp_path / "else" / name)
    found = evaluated(trained.folder, "--data", tmp_path / "else")
    assert found["labels"] == ["No_findings", "SARS-CoV-2"]
    assert (found["counts"]["positive"], found["counts"]["negative"]) == (4, 4)


def test_the_curves_say_whose_prevalence_they_are_drawn_at(
    trained: Run, manifest: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("evaluate", str(trained.folder), "--data", str(manifest), "--keep-seen", "--plots")
    kept = trained.evaluation / "elsewhere.json"
    cli.main([*words, "--prevalence", "2%", "--keep", kept.stem], standalone_mode=False)
    text = capsys.readouterr().out
    body = json.loads(kept.read_text())
    assert body["prevalence"] == 0.02
    state = trained.read()
    assert body["step"] == state.evaluations["test"].step
    assert external(kept, trained.name, state).remark == ""
    kept.write_text(json.dumps({**body, "step": 1_000}))
    assert "of the checkpoint of step 1000" in external(kept, trained.name, state).remark
    kept.unlink()  # the run is that of other tests too
    assert "PPV and NPV hold at a prevalence of 2.0 %, as stated." in text
    assert "Precision and net benefit are drawn at the prevalence of these films, 50.0 %." in text
    cli.main(list(words), standalone_mode=False)
    assert "are drawn at" not in capsys.readouterr().out


def test_what_cannot_be_evaluated(trained: Run, manifest: Path) -> None:
    def call(*arguments: object) -> None:
        cli.main(["evaluate", *map(str, arguments), "--data", str(manifest), "--keep-seen"], standalone_mode=False)

    with pytest.raises(UsageError, match="no-such-run"):
        call(f"{trained.folder}+no-such-run")
    with pytest.raises(DataError, match="no column shoe size; there are source, view, sex, age, size, path"):
        call(trained.folder, "--by", "shoe size", "--set", "data.size=40")  # before anything else is looked at
    with pytest.raises(UsageError, match=r"data\.size is not for an evaluation: the classifier decides it"):
        call(trained.folder, "--set", "data.size=40")
    with pytest.raises(DataError, match=r"data\.positive names nosuch, which is not a class of the data.* It has "):
        call(trained.folder, "--set", "data.positive=nosuch")
    with pytest.raises(ClickException, match="no share between 0 and 1"):
        call(trained.folder, "--prevalence", "120%")
