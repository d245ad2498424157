"""Ported weights, unfrozen by and by: what trains in which epoch, and that nothing that interrupts it shows."""

from __future__ import annotations

import dataclasses
import json
import math
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import orbax.checkpoint as ocp
import pytest
from flax import nnx

from cxrtui import runner
from cxrtui.errors import CheckpointError
from cxrtui.evaluation import classify
from cxrtui.evaluation import model as models
from cxrtui.evaluation.evaluate import Options, evaluate
from cxrtui.evaluation.export import export
from cxrtui.net import freeze
from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.runs.listing import new_run
from cxrtui.settings import config as configs
from cxrtui.settings.config import Config
from cxrtui.settings.transfer import Unfreezing
from cxrtui.training import unfreezing
from cxrtui.training.fit import fit
from cxrtui.weights import packed, saved, shelving
from cxrtui.weights.port import PortOptions
from tests.compilations import compiled
from tests.conftest import SMALL
from tests.console.test_headless import run_of, train_command, wait_for
from tests.training.asks import Asks
from tests.weights import torchvision_file

pytestmark = pytest.mark.slow

Arrays = dict[tuple[Any, ...], np.ndarray]
PER_EPOCH = 5

# The first epoch's AUROC stays the best, whatever comes: the best weights are of another phase than the last ones.
SETTINGS: dict[str, Any] = {
    **SMALL, "model.freeze": "stage4", "model.unfreeze": ("2:stage4", "3:stage2"), "optim.epochs": 4,
    "optim.stage_learning_rates": ("stage2:2e-4", "stage3:5e-4"), "stop.patience": 0, "stop.metric": "auroc",
    "stop.min_delta": 0.6,
}  # fmt: skip
TRAINS = {1: ("head",), 2: ("stage4", "head"), 3: ("stage2", "stage3", "stage4", "head")}
TRAINS[4] = TRAINS[3]


@dataclass
class Told:
    """A whole run: its story, and what its checkpoint after each epoch held."""

    run: Run
    story: list[ev.Event] = field(default_factory=list)
    arrays: dict[int, Arrays] = field(default_factory=dict)
    optimizers: dict[int, dict[str, np.ndarray]] = field(default_factory=dict)
    compiled: list[tuple[str, int]] = field(default_factory=list)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace whose shelf has a narrow network with torchvision's keys, `narrow`."""
    folder = tmp_path_factory.mktemp("workspace")
    file = torchvision_file.saved(torchvision_file.torchvision_tensors(4, (1, 1, 1, 1)), folder)
    shelving.port(file, folder / "models", "narrow", PortOptions(width=4, stages=(1, 1, 1, 1)))
    return folder


@pytest.fixture(scope="module")
def settings(workspace: Path, phantom_films: Path) -> Config:
    shelved = {"data.source": str(phantom_films), "model.init": str(workspace / "models" / "narrow")}
    return configs.resolve(SETTINGS, shelved)


def training(config: Config, run: Run, *asked: Callable[[], bool], **options: Any) -> Iterator[ev.Event]:
    runner.save_config(run, config)
    run.events_file.touch()
    return fit(config, run, Asks(*asked), **options)


def by_path(run: Run, step: int) -> Arrays:
    """Parameters and running averages of one checkpoint, which ever trained."""
    state = nnx.state(models.load_step(run, step).network(), (nnx.Param, nnx.BatchStat))
    return {path: np.asarray(variable[...]) for path, variable in nnx.to_flat_state(state)}


def as_saved(run: Run, step: int) -> dict[str, np.ndarray]:
    """The optimizer's state as it lies on disk, by path, whatever the code would look for."""
    with ocp.Checkpointer(ocp.CompositeCheckpointHandler()) as reader:
        items = ocp.args.Composite(optimizer=ocp.args.PyTreeRestore())
        body = reader.restore(run.state / str(step), args=items)["optimizer"]
    found, taken = {}, dict.fromkeys(body, 0)
    for path, dtype, shape in json.loads((run.state / str(step) / "optimizer" / packed.LIST).read_text()):
        start, taken[dtype] = taken[dtype], taken[dtype] + math.prod(shape)
        found[path.replace(".", "/")] = body[dtype][start : taken[dtype]].reshape(shape)
    return found


@pytest.fixture(scope="module")
def whole(settings: Config, tmp_path_factory: pytest.TempPathFactory) -> Told:
    told = Told(new_run(tmp_path_factory.mktemp("whole") / "checkpoints", "whole"))
    with compiled() as names:
        for event in training(settings, told.run):
            told.story.append(event)
            told.compiled.append((type(event).__name__, len(names)))
            if isinstance(event, ev.CheckpointSaved):
                told.arrays[event.epoch] = by_path(told.run, event.step)
                told.optimizers[event.epoch] = as_saved(told.run, event.step)
    return told


def of(story: list[ev.Event], kind: type[Any]) -> list[Any]:
    return [event for event in story if isinstance(event, kind)]


def test_each_epoch_moves_what_trains_and_leaves_every_bit_of_the_rest(whole: Told, workspace: Path) -> None:
    ported, _ = saved.read_shelf(workspace / "models" / "narrow")
    kernel = torchvision_file.torchvision_tensors(4, (1, 1, 1, 1))["layer1.0.conv2.weight"]
    path = ("backbone", "stage1", "blocks", 0, "conv2", "kernel")
    assert np.array_equal(whole.arrays[4][path], kernel.transpose(2, 3, 1, 0))
    before = {path: np.asarray(variable[...]) for path, variable in nnx.to_flat_state(nnx.state(ported.backbone))}
    before = {("backbone", *path): value for path, value in before.items() if path[0] != "stem"}  # folded to grey
    for epoch, trains in TRAINS.items():
        after = whole.arrays[epoch]
        still = {path for path, value in before.items() if np.array_equal(value, after[path])}
        frozen = {path for path in before if freeze.group_of(path) not in trains}
        assert frozen <= still, epoch
        assert any(path[-1] == "mean" for path in frozen)
        # Running averages move with the weights of their stage.
        assert {path for path in still - frozen if path[-1] in ("kernel", "mean", "var")} == set(), epoch
        assert len(still - frozen) < 0.1 * len(before), epoch
        before = after


def test_the_optimizer_holds_moments_and_counts_of_what_trains_alone(whole: Told) -> None:
    begins = {"head": 0, "stage4": PER_EPOCH, "stage3": 2 * PER_EPOCH, "stage2": 2 * PER_EPOCH}
    for epoch, trains in TRAINS.items():
        state, step = whole.optimizers[epoch], epoch * PER_EPOCH
        trainable = {path for path in whole.arrays[epoch]
                     if freeze.group_of(path) in trains and path[-1] not in ("mean", "var")}  # fmt: skip
        for moment in ("mu", "nu"):
            held = [path.partition(f"/{moment}/")[2].removesuffix("/value") for path in state if f"/{moment}/" in path]
            assert sorted(held) == sorted("/".join(map(str, path)) for path in trainable), epoch
        counts = {path: int(value) for path, value in state.items() if path.endswith("count")}
        assert len(counts) == len(trains) + 1
        for part in trains:
            [mine] = [count for path, count in counts.items() if part in path.split("/")]
            assert mine == step - begins[part]
        assert max(counts.values()) == step  # the schedule's own
        assert len(state) == 2 * len(trainable) + len(counts)


def test_the_log_says_what_was_unfrozen_when(whole: Told) -> None:
    unfrozen = of(whole.story, ev.Unfrozen)
    assert [(item.epoch, item.step, item.stage) for item in unfrozen] == [(2, 5, "stage4"), (3, 10, "stage2")]
    compiled = of(whole.story, ev.Compiled)
    assert [item.trainable for item in compiled[1:]] == [item.trainable for item in unfrozen]
    assert len({item.parameters for item in compiled}) == 1
    for epoch, item in ((1, compiled[0]), (2, unfrozen[0]), (3, unfrozen[1])):
        parameters = {path: value for path, value in whole.arrays[epoch].items() if path[-1] not in ("mean", "var")}
        assert item.trainable == sum(
            value.size for path, value in parameters.items() if freeze.group_of(path) in TRAINS[epoch]
        )


def test_one_compilation_a_phase_and_none_within(whole: Told) -> None:
    epochs: list[list[int]] = [[]]
    for kind, count in whole.compiled:
        if kind in ("StepDone", "Validated"):
            epochs[-1].append(count)
        if kind == "Validated":
            epochs.append([])
    first, second, third, fourth, _ = epochs
    for counts in (second, third, fourth):
        assert counts[0] == counts[-1]
    assert first[-1] < second[0] < third[0] == fourth[-1]
    assert [kind for kind, _ in whole.compiled].count("Compiled") == 3


def test_best_weights_of_an_earlier_phase_are_evaluated_used_and_exported(
    whole: Told, phantom_films: Path, tmp_path: Path
) -> None:
    run, [first, *later] = whole.run, of(whole.story, ev.Validated)
    assert later
    evaluated = {item.part: item for item in of(whole.story, ev.Evaluated)}
    assert {item.step for item in evaluated.values()} == {PER_EPOCH}
    assert evaluated["validation"].metrics == pytest.approx(first.metrics)
    model = models.load(run)
    assert (model.step, model.network().spec.freeze) == (PER_EPOCH, "stage4")
    assert models.load_step(run, 4 * PER_EPOCH).network().spec.freeze == "stage1"
    folder = export(run, tmp_path / "models", "mine", {})
    films = sorted(phantom_films.glob("*/*.png"))[::20]
    rows = [row.as_dict() for row in classify.load(run).classify(films)]
    assert all(row["ok"] for row in rows)
    assert [row.as_dict() for row in classify.load(folder).classify(films)] == rows
    assert evaluate(run, str(phantom_films), {}, lambda event: None, Options(keep_seen=True)).counts["films"] == 60


def test_stopped_between_phases_and_within_one_it_ends_with_the_same_bits(
    settings: Config, whole: Told, tmp_path: Path
) -> None:
    run = new_run(tmp_path / "checkpoints", "broken")
    story: list[ev.Event] = []

    def done() -> int:
        return len(of(story, ev.StepDone))

    # In the validation before the second phase, and within the third.
    for stop_at in (5, 12, 99):
        batch = 4 if stop_at == 5 else 32  # several batches, so that a stop finds a gap
        stop = lambda at=stop_at: done() >= at  # noqa: E731
        for event in training(settings, run, stop, resume=done() > 0, evaluation_batch=batch):
            story.append(event)
        if stop_at == 5:
            assert not of(story, ev.Validated)
    assert [item.reason for item in of(story, ev.Stopped)] == ["requested"] * 2 + ["epochs"]
    assert len(of(story, ev.Unfrozen)) == 2
    again = by_path(run, 4 * PER_EPOCH)
    assert again.keys() == whole.arrays[4].keys()
    assert all(np.array_equal(value, whole.arrays[4][path]) for path, value in again.items())
    assert [item.loss for item in of(story, ev.StepDone)] == [item.loss for item in of(whole.story, ev.StepDone)]
    final = {item.part: (item.step, item.metrics["accuracy"]) for item in of(story, ev.Evaluated)}
    assert final == {item.part: (item.step, item.metrics["accuracy"]) for item in of(whole.story, ev.Evaluated)}


def test_stopped_while_it_compiles_for_the_next_phase_it_waits_for_no_compiler(
    settings: Config, whole: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, ended = new_run(tmp_path / "checkpoints", "compiling"), threading.Event()
    story: list[ev.Event] = []
    with monkeypatch.context() as patched:
        patched.setattr(unfreezing, "compile_step", lambda *arguments, **options: ended.wait(60))
        for event in training(settings, run, lambda: bool(of(story, ev.Unfrozen))):
            story.append(event)
        ended.set()
    [stopped] = of(story, ev.Stopped)
    assert (stopped.reason, stopped.step, stopped.epoch) == ("requested", PER_EPOCH, 1)
    story += training(settings, run, resume=True)
    again = by_path(run, 4 * PER_EPOCH)
    assert all(np.array_equal(value, whole.arrays[4][path]) for path, value in again.items())
    assert [item.loss for item in of(story, ev.StepDone)] == [item.loss for item in of(whole.story, ev.StepDone)]


def test_killed_between_two_phases_it_ends_with_the_same_bits(
    workspace: Path, phantom_films: Path, whole: Told
) -> None:
    changes = {key.replace(".", "__"): value for key, value in SETTINGS.items()}
    changes["model__init"] = "narrow"
    arguments, run = train_command(workspace, phantom_films, "killed", **changes), run_of(workspace, "killed")
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        wait_for(process, run, ev.Unfrozen, 2)  # while it compiles for the third epoch
        process.kill()
    assert not run.alive()
    assert runner.drive(run, runner.start_config(run), resume=True) == 0
    again = by_path(run, 4 * PER_EPOCH)
    assert all(np.array_equal(value, whole.arrays[4][path]) for path, value in again.items())
    state = run.read()
    assert [(item.epoch, item.step) for item in state.unfrozen] == [(2, 5), (3, 10)]
    assert [item.loss for item in state.steps] == [item.loss for item in of(whole.story, ev.StepDone)]
    assert state.evaluations["test"].metrics == of(whole.story, ev.Evaluated)[1].metrics


def test_a_resume_with_another_list_is_refused(settings: Config, whole: Told) -> None:
    model = dataclasses.replace(settings.model, unfreeze=(Unfreezing(2, "stage4"), Unfreezing(4, "stage3")))
    with pytest.raises(CheckpointError, match=r"model\.freeze=stage1, and the run's config\.toml now stage2"):
        list(fit(dataclasses.replace(settings, model=model), whole.run, resume=True))


def test_a_checkpoint_that_does_not_say_its_level_has_that_of_the_settings(settings: Config) -> None:
    from cxrtui.weights import restored

    told = {"stem_offset": True, "architecture": "v1.5", "epsilon": 1e-5}
    assert restored.restored_spec(settings, {"spec": told}).freeze == "stage4"
    assert restored.restored_spec(settings, {"spec": {**told, "freeze": "stem"}}).freeze == "stem"
    assert restored.restored_spec(settings, {}).stem_offset
