from __future__ import annotations

import csv
import json
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image, ImageOps

from cxrtui import runner
from cxrtui.cli import cli
from cxrtui.errors import UsageError
from cxrtui.evaluation import export
from cxrtui.evaluation.evaluate import evaluate
from cxrtui.evaluation.model import seen_in_training
from cxrtui.evaluation.trained_on import TrainedOn, leaks, trained_on
from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.runs.listing import new_run
from cxrtui.settings import config
from tests.conftest import SMALL


def test_a_run_on_phantoms_says_so_and_warns_of_real_films(trained: Run, tmp_path: Path) -> None:
    found = trained_on(trained)
    counts = json.loads(trained.manifest_file.read_text())["data"]["counts"]["train"]
    assert found.counts == counts
    assert found.synthetic == found.films > 0
    assert found.text.startswith(f"trained on {found.films} synthetic films (phantoms) of films: ")
    assert f"{counts['positive']} positive" in found.text
    assert found.warning(["a/phantom_P0001_0.png"]) == ""
    assert "mean nothing" in found.warning(["phantom_P0001_0.png", "film.png"])
    folder = export.export(trained, tmp_path, "shelved", {"cxrtui": "test"})
    shelved = trained_on(folder)
    assert (shelved.counts, shelved.synthetic, shelved.source) == (found.counts, found.synthetic, "")


@pytest.mark.parametrize("name", ["film_{}.png", "phantom_P9{:03}_0.png"])
def test_an_evaluation_on_real_films_warns_of_a_model_of_phantoms(
    trained: Run, phantom_films: Path, tmp_path: Path, name: str
) -> None:
    for number, path in enumerate(sorted(phantom_films.glob("*/*.png"))[::4]):
        copy = tmp_path / "films" / path.parent.name / name.format(number)
        copy.parent.mkdir(parents=True, exist_ok=True)
        ImageOps.flip(Image.open(path)).save(copy)
    heard = list[ev.Event]()
    evaluate(trained, str(tmp_path / "films"), {}, heard.append)
    warned = [event.message for event in heard if isinstance(event, ev.Warned) and event.code == "synthetic"]
    assert [("on real films mean nothing" in message) for message in warned] == [True] * name.startswith("film")


def test_a_run_that_begins_with_a_classifier_is_warned_of_the_films_that_it_knows(
    trained: Run, phantom_films: Path, tmp_path: Path
) -> None:
    """With another seed it tests on films that the classifier was trained on; with the same seed it does not."""
    folder = export.export(trained, tmp_path, "shelved", {"cxrtui": "test"})
    known = seen_in_training(folder).digests
    for seed in (5, 0):
        asked = {"data.source": str(phantom_films), "optim.epochs": 1, "model.init": str(folder), "run.seed": seed}
        run = new_run(tmp_path / "checkpoints", f"seed-{seed}")
        assert runner.drive(run, config.resolve(SMALL, asked)) == 0
        with run.splits_file.open() as file:
            rows = list(csv.DictReader(file))
        persons = {row["patient"] for row in rows if row["sha256"] in known}
        held = [row["patient"] in persons for row in rows if row["part"] == "test"]
        assert any(held) == (seed == 5)
        assert (f"on {sum(held)} of the {len(held)} test films" in leaks(run)) == (seed == 5)
        own = {row["sha256"] for row in rows if row["part"] in ("train", "validation")}
        assert seen_in_training(run).digests == own | known


def test_a_run_that_was_stopped_before_its_first_step_says_nothing_of_films(
    trained: Run, phantom_films: Path, tmp_path: Path
) -> None:
    """Its checkpoint is the network as it began: it can be gone on with, and its answers mean nothing."""
    run = new_run(tmp_path / "checkpoints", "begun")
    settings = config.resolve(SMALL, {"data.source": str(phantom_films), "optim.epochs": 1})
    seen: list[type[ev.Event]] = []

    def note(_: str, event: ev.Event) -> None:
        seen.append(type(event))
        if isinstance(event, ev.Compiled):
            time.sleep(0.2)  # a request is looked for ten times a second, and the first step may take less

    code = runner.drive(run, settings, should_stop=lambda: ev.Compiled in seen, on_event=note)
    assert (code, ev.StepDone in seen) == (5, False)
    found = trained_on(run)
    assert found.text == "not trained yet: its checkpoint is of step 0"
    assert found.warning(["phantom_P0001_0.png"]) == "This model has not been trained yet: its answers mean nothing."
    film = next(phantom_films.rglob("*.png"))
    answer = CliRunner().invoke(cli, ["--workspace", str(tmp_path), "classify", "begun", str(film)])
    assert "has not been trained yet" in answer.output + getattr(answer, "stderr", "")
    heard: list[ev.Event] = []
    evaluate(run, str(phantom_films), {}, heard.append)
    assert "untrained" in [event.code for event in heard if isinstance(event, ev.Warned)]
    with pytest.raises(UsageError, match="has not been trained yet"):
        export.export(run, tmp_path / "models", "begun", {})
    assert "trained on" in trained_on(trained).text


def test_a_run_on_other_films_does_not_warn(tmp_path: Path) -> None:
    run = Run(tmp_path / "run")
    run.folder.mkdir()
    assert trained_on(run) == trained_on(tmp_path / "gone") == TrainedOn()
    assert TrainedOn().text == TrainedOn().warning(["a.png"]) == ""
    data = {"source": "/a/b/films + /c/more", "counts": {"train": {"no": 3, "yes": 1}}, "patients": {"train": 2}}
    run.manifest_file.write_text(json.dumps({"data": data}))
    header = "path,label,patient,part,source,sha256\n"
    run.splits_file.write_text(header + "a.png,no,,train,,\nb.png,yes,,train,,\n")
    assert trained_on(run).text == "trained on 4 films of films + more: 3 no, 1 yes; 2 patients"
    assert trained_on(run).warning(["a.png"]) == ""
    run.splits_file.write_text(header + "a.png,no,,train,,\nb.png,yes,,train,synthetic phantom,\nc.png,,,test,,\n")
    assert trained_on(run).warning(["a.png"]).startswith("1 of the 4 films")
    for damaged in ("{", "[]", '{"data": {"counts": {"train": {"no": "x"}}}}', '{"data": {"counts": 3}}'):
        run.manifest_file.write_text(damaged)
        assert trained_on(run) == TrainedOn()
