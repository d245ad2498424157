"""A run as a folder that classifies anywhere, and as a program for JAX alone."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import jax
import jax.export
import jax.numpy as jnp
import numpy as np
import pytest
from huggingface_hub import ModelCard

import cxrtui
from cxrtui.data.augment import resample
from cxrtui.data.images.decode import read_film
from cxrtui.errors import CheckpointError, UsageError, WeightsError
from cxrtui.evaluation import classify, wording
from cxrtui.evaluation import model as models
from cxrtui.evaluation.cards import classifier_card
from cxrtui.evaluation.evaluate import Options, evaluate
from cxrtui.evaluation.export import export
from cxrtui.net import build
from cxrtui.net.resnet import normalise
from cxrtui.runs.folder import Run
from cxrtui.runs.listing import new_run
from cxrtui.weights import saved, shelf
from cxrtui.weights.manifest import read_manifest
from tests.net.compiled import run

pytestmark = pytest.mark.slow

VERSIONS = {"cxrtui": "test"}


@pytest.fixture(scope="module")
def exported(trained: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return export(trained, tmp_path_factory.mktemp("workspace") / "models", "mine", VERSIONS)


@pytest.fixture
def films(phantom_films: Path) -> list[Path]:
    return sorted(phantom_films.glob("*/*.png"))[::13]


def test_the_folder_classifies_as_the_run_does_wherever_it_lies(
    trained: Run, exported: Path, films: list[Path], tmp_path: Path
) -> None:
    moved = tmp_path / "elsewhere" / "renamed"
    shutil.copytree(exported, moved)
    before = [row.as_dict() for row in classify.load(trained).classify(films)]
    for folder in (exported, moved):
        assert [row.as_dict() for row in classify.load(folder).classify(films)] == before


def test_the_folder_says_all_that_a_prediction_depends_on(trained: Run, exported: Path, phantom_films: Path) -> None:
    facts = tomllib.loads((exported / shelf.CLASSIFIER).read_text())
    assert facts["labels"] == ["negative", "positive"]
    assert facts["threshold"] == 0.5
    assert (facts["data"]["size"], facts["data"]["resize_mode"], facts["stored_side"]) == (32, "stretch", 40)
    origin = facts["provenance"]
    assert (origin["run"], origin["seed"], origin["exported_with"]) == ("trained", 0, VERSIONS)
    assert len(origin["fingerprint"]) >= 16
    assert "jax" in origin["trained_with"]
    counts = trained.read().evaluations["test"].counts
    assert facts["metrics"]["test"]["counts"] == counts
    card = (exported / shelf.CARD).read_text()
    assert f"specificity {counts['tn']}/{counts['negative']}" in card
    assert "not for diagnosis" in card
    for file in exported.iterdir():  # nothing of the machine that it was trained on
        for path in (str(phantom_films), str(Path(cxrtui.__file__).parent)):
            assert path.encode() not in file.read_bytes(), file
    assert not list(exported.parent.glob(".*"))


def test_the_card_is_a_model_card_with_every_metric_and_its_interval(trained: Run, exported: Path) -> None:
    card = ModelCard((exported / shelf.CARD).read_text())
    assert (card.data.model_name, card.data.pipeline_tag) == ("mine", "image-classification")
    found = json.loads((trained.evaluation / "test.json").read_text())["estimates"]
    index = {item.metric_type: item for item in card.data.eval_results or [] if item.dataset_split == "test"}
    assert index.keys() == {name for name, body in found.items() if body["value"] is not None}
    for name, item in index.items():
        assert item.metric_value == pytest.approx(found[name]["value"], abs=1e-6)
        assert f"| {wording.title(name)} | " in card.text
        assert wording.estimate(name, found[name]) in card.text
    assert card.text.strip().startswith("# mine\n\n**Research use only, not for diagnosis.**")


def test_the_card_has_a_table_for_each_column_that_divides_the_films(trained: Run, exported: Path) -> None:
    facts = tomllib.loads((exported / shelf.CLASSIFIER).read_text())
    body = json.loads((trained.evaluation / "test.json").read_text())
    assert [table["column"] for table in facts["metrics"]["test"]["subgroups"]] == [
        table["column"] for table in body["subgroups"]
    ]
    known = {"value": 0.5, "low": 0.25, "high": 0.75}
    groups = [
        {"name": "F|m", "films": 1200, "positive": 3, "patients": 9, "few": ["auroc"],
         "estimates": {"auroc": known, "sensitivity": {"n": 0}, "specificity": known}},
        {"name": "M", "films": 4, "positive": 2, "patients": 4, "few": [], "estimates": {"auroc": known}},
    ]  # fmt: skip
    facts["metrics"]["test"]["subgroups"] = [{"column": "sex", "groups": groups, "unknown": 7}]
    card = classifier_card("mine", facts)
    assert "| test, by sex | films | positive | patients | AUROC | sensitivity | specificity |" in card
    assert "| F\\|m | 1,200 | 3 | 9 | ~ 0.500 [0.250–0.750] | – | 50.0 % [25.0–75.0] |" in card
    assert "| M | 4 | 2 | 4 | 0.500 [0.250–0.750] | – | – |" in card
    assert "| (not known) | 7 |" in card
    assert "~ rests on fewer than 10 patients" in card


def test_a_name_is_no_markup_on_a_card(exported: Path) -> None:
    facts = tomllib.loads((exported / shelf.CLASSIFIER).read_text())
    facts["labels"] = ["a|b", "<img src=x onerror=alert(1)>"]
    card = ModelCard(classifier_card("mine", facts))
    assert "<img" not in card.text
    assert "a\\|b" in card.text


def test_an_evaluation_knows_the_films_it_was_trained_on(trained: Run, exported: Path, phantom_films: Path) -> None:
    told: list[object] = []
    of_run = evaluate(trained, str(phantom_films), {}, told.append).as_dict()
    of_folder = evaluate(exported, str(phantom_films), {}, told.append).as_dict()
    assert of_folder.pop("run") == "mine"
    assert of_run.pop("run") == "trained"
    assert of_folder == of_run
    assert of_folder["trained_on"] > 0


def test_a_program_with_jax_alone_gives_the_same_probabilities(
    trained: Run, exported: Path, films: list[Path], tmp_path: Path
) -> None:
    rows = list(classify.load(trained).classify(films))
    np.save(tmp_path / "films.npy", np.stack([read_film(path, 40) for path in films]))
    script = (
        "import sys, jax, jax.export, numpy\n"
        "classify = jax.export.deserialize(bytearray(open(sys.argv[1], 'rb').read()))\n"
        "films = numpy.load(sys.argv[2])\n"
        "for batch in (films, films[:1]):\n"
        "    print(numpy.asarray(classify.call(batch)).tolist())\n"
        "assert not {'cxrtui', 'flax'} & set(sys.modules)\n"
    )
    answer = subprocess.run(
        [sys.executable, "-I", "-c", script, str(exported / shelf.STABLEHLO), str(tmp_path / "films.npy")],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert answer.returncode == 0, answer.stderr
    expected = [list(row.probabilities.values()) for row in rows]
    every, first = map(json.loads, answer.stdout.splitlines())
    np.testing.assert_allclose(every, expected, atol=1e-6)
    np.testing.assert_allclose(first, expected[:1], atol=1e-6)


def test_in_bfloat16_the_run_is_near_its_export(trained: Run, exported: Path, films: list[Path]) -> None:
    model = models.load(trained)
    network = model.network()
    build.compute_in(network, "bfloat16")
    stored = np.stack([read_film(path, model.stored_size) for path in films])
    logits = run(network, normalise(resample(jnp.asarray(stored), model.size)))
    program = jax.export.deserialize(bytearray((exported / shelf.STABLEHLO).read_bytes()))
    differences = np.abs(np.asarray(jax.nn.softmax(logits)) - np.asarray(program.call(stored)))
    assert 0 < differences.max() < 0.02
    assert "bfloat16" in (exported / shelf.CARD).read_text()


def test_what_cannot_be_exported(trained: Run, exported: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"exists.*--force"):
        export(trained, exported.parent, "mine", VERSIONS)
    with pytest.raises(UsageError, match="shelf name"):
        export(trained, exported.parent, "../mine", VERSIONS)
    empty = new_run(tmp_path, "empty")
    shutil.copy(trained.config_file, empty.config_file)
    empty.events_file.touch()
    with pytest.raises(CheckpointError, match="No checkpoint"):
        export(empty, tmp_path / "models", "mine", VERSIONS)
    assert not (tmp_path / "models").exists()
    again = export(trained, exported.parent, "mine", VERSIONS, force=True)
    assert classify.load(again).model.labels == ("negative", "positive")


def test_weights_that_are_not_finite_have_no_label_and_no_place_on_the_shelf(
    trained: Run, exported: Path, films: list[Path], tmp_path: Path
) -> None:
    model = models.load(trained)
    broken = replace(model, variables=jax.tree.map(lambda leaf: jnp.full_like(leaf, np.nan), model.variables))
    rows = list(classify.Classifier(broken).classify(films))
    assert [row.as_dict() for row in rows] == [
        {"file": str(film), "ok": False, "error": "trained gives no finite probability for it"} for film in films
    ]
    folder = Path(shutil.copytree(exported, tmp_path / "broken"))
    saved.save_shelf(folder, broken.network(), read_manifest(folder))
    with pytest.raises(WeightsError, match="holds NaN or infinity"):
        models.load(folder)
    huge = replace(model, variables=jax.tree.map(lambda leaf: jnp.full_like(leaf, 3e38), model.variables))
    saved.save_shelf(folder, huge.network(), read_manifest(folder))  # finite, and what it computes is not
    with pytest.raises(WeightsError, match="no finite probability for 60 of these 60 films"):
        evaluate(folder, str(films[0].parents[1]), {}, lambda event: None, Options(keep_seen=True))


def test_a_folder_that_was_changed_is_refused(exported: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed"
    shutil.copytree(exported, changed)
    body = bytearray((changed / shelf.WEIGHTS).read_bytes())
    body[-1] ^= 1
    (changed / shelf.WEIGHTS).write_bytes(body)
    with pytest.raises(WeightsError, match="not what was put there"):
        models.load(changed)
    shutil.copy(exported / shelf.WEIGHTS, changed / shelf.WEIGHTS)
    for file, was, now in [
        (shelf.CLASSIFIER, "threshold = 0.5", "threshold = 0.7"), (shelf.CLASSIFIER, '"positive"', '"pocitive"'),
        (shelf.CLASSIFIER, "size = 32", "size = 34"), (shelf.MANIFEST, "epsilon = 1e-05", "epsilon = 1e-01"),
    ]:  # fmt: skip
        text = (exported / file).read_text()
        assert was in text
        (changed / file).write_text(text.replace(was, now, 1))
        with pytest.raises(WeightsError, match=r"not what was exported|not the one that was exported"):
            models.load(changed)
        (changed / file).write_text(text)
    assert models.load(changed).labels == ("negative", "positive")
    (changed / shelf.CLASSIFIER).write_text("labels = 3\n")
    with pytest.raises(WeightsError, match="cannot be read"):
        models.load(changed)
    (changed / shelf.CLASSIFIER).unlink()
    with pytest.raises(UsageError, match="no finished classifier"):
        models.load(changed)
    (changed / shelf.MANIFEST).unlink()
    with pytest.raises(UsageError, match="no run and no classifier"):
        models.load(changed)
