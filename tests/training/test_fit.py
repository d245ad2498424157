import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import jax
import numpy as np
import pytest

from cxrtui.errors import DataError, DivergedError, WeightsError
from cxrtui.evaluation import model as models
from cxrtui.runner import save_config
from cxrtui.runs import events as ev
from cxrtui.runs import listing
from cxrtui.runs.folder import Run
from cxrtui.runs.log import append
from cxrtui.settings.config import Config, resolve
from cxrtui.training import fit as fitting
from cxrtui.training import loop
from cxrtui.weights.checkpoints import Checkpoints
from tests.compilations import compiled
from tests.conftest import SMALL
from tests.training.asks import Asks

Small = Callable[..., Config]
NewRun = Callable[..., Run]


def fit(config: Config, run: Run, *asked: Callable[[], bool], **options: Any) -> Iterator[ev.Event]:
    """Training in a folder that holds what the runner would have put there."""
    save_config(run, config)
    run.events_file.touch()
    return fitting.fit(config, run, Asks(*asked), **options)


def weights_of(run: Run) -> list[np.ndarray]:
    """Parameters and statistics of the run's latest checkpoint."""
    step = Checkpoints(run.state, read_only=True).latest()
    assert step is not None
    model = models.load_step(run, step)
    return [np.asarray(leaf) for leaf in jax.tree.leaves(model.variables)]


@pytest.mark.slow
def test_a_run_tells_its_whole_story(small: Small, new_run: NewRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "_LATE", 0.0)  # so that any time that a step waits for films is too long
    monkeypatch.setattr(loop, "_LATE_SHARE", 0.0)
    run = new_run()
    append(run.events_file, ev.Warned(code=ev.SPLIT_LEAKS, message="The split of s.csv leaks."))
    story = list(fit(small(), run))
    kinds = [type(event).__name__ for event in story if not isinstance(event, ev.Preparing)]
    steps = [event for event in story if isinstance(event, ev.StepDone)]
    assert kinds[0] == "DataPrepared"
    assert kinds[-1] == "Stopped"
    assert kinds.count("EpochDone") == kinds.count("Validated") == kinds.count("EarlyStopping") == 3
    assert [event.step for event in steps] == list(range(1, len(steps) + 1))
    assert all(math.isfinite(event.loss) and event.images_per_second > 0 for event in steps)
    for before, last in zip(steps[3::5], steps[4::5], strict=True):  # of an epoch: done before its reading begins
        assert last.images_per_second <= before.images_per_second
    assert all(0 < event.waiting <= event.seconds for event in story if isinstance(event, ev.EpochDone))
    (late,) = [event for event in story if isinstance(event, ev.Warned) and event.code == "films-late"]
    assert late.message.startswith("In epoch 1 the device waited ")
    evaluated = [event for event in story if isinstance(event, ev.Evaluated)]
    assert [event.part for event in evaluated] == ["validation", "test"]
    verdict = next(event for event in reversed(story) if isinstance(event, ev.EarlyStopping))
    assert {event.step for event in evaluated} == {verdict.best_step}
    # The best weights, evaluated at the end, score on validation what they scored when they were new.
    best = next(event for event in story if isinstance(event, ev.Validated) and event.step == verdict.best_step)
    assert evaluated[0].metrics == pytest.approx(best.metrics)
    body = json.loads((run.evaluation / "test.json").read_text())
    assert body["counts"] == evaluated[1].counts
    assert next(iter(body.items())) == ("leaks", "The split of s.csv leaks.")
    assert len((run.evaluation / "test.csv").read_text().splitlines()) == 1 + evaluated[1].counts["films"]


@pytest.mark.slow
def test_the_same_seed_gives_the_same_bits_and_another_does_not(small: Small, new_run: NewRun) -> None:
    runs = [new_run(name) for name in ("a", "b", "c")]
    for run, seed in zip(runs, (0, 0, 1), strict=True):
        list(fit(small(run__seed=seed, optim__epochs=1), run))
    first, second, other = map(weights_of, runs)
    assert all(np.array_equal(x, y) for x, y in zip(first, second, strict=True))
    assert not all(np.array_equal(x, y) for x, y in zip(first, other, strict=True))


@pytest.fixture(scope="module")
def undisturbed(phantom_films: Path, tmp_path_factory: pytest.TempPathFactory) -> list[np.ndarray]:
    """What two epochs end with that nothing interrupts."""
    config = resolve(SMALL, {"data.source": str(phantom_films), "optim.epochs": 2, "stop.patience": 0})
    run = listing.new_run(tmp_path_factory.mktemp("undisturbed"), "whole")
    list(fit(config, run))
    return weights_of(run)


@pytest.mark.slow
@pytest.mark.parametrize(("stop_at", "feed"), [(1, "stream"), (4, "device"), (5, "device"), (7, "stream")])
def test_a_stopped_run_resumes_to_the_same_bits(
    small: Small, new_run: NewRun, undisturbed: list[np.ndarray], stop_at: int, feed: str
) -> None:
    broken = new_run("broken")
    config = small(optim__epochs=2, stop__patience=0, data__feed=feed)
    steps = 0

    def enough() -> bool:
        return steps >= stop_at

    story = []
    for event in fit(config, broken, enough):
        story.append(event)
        steps += isinstance(event, ev.StepDone)
    assert story[-1] == replace(story[-1], reason="requested")  # type: ignore[type-var]
    assert not any(isinstance(event, ev.Evaluated) for event in story)
    again = list(fit(config, broken, resume=True))
    assert isinstance(again[0], ev.Resumed)
    assert again[0].step == story[-1].step >= stop_at  # type: ignore[attr-defined]
    assert all(np.array_equal(x, y) for x, y in zip(undisturbed, weights_of(broken), strict=True))
    losses = {event.step: event.loss for event in (*story, *again) if isinstance(event, ev.StepDone)}
    assert len(losses) == 10
    final = [event.metrics for event in again if isinstance(event, ev.Evaluated)]
    assert len(final) == 2


@pytest.mark.slow
def test_a_run_that_stops_after_its_epoch_resumes_to_the_same_bits(small: Small, new_run: NewRun) -> None:
    whole, broken = new_run("whole"), new_run("broken")
    config = small(optim__epochs=3, stop__patience=0)
    list(fit(config, whole))
    story: list[ev.Event] = []

    def in_the_second_epoch() -> bool:
        return any(isinstance(event, ev.StepDone) and event.step > 5 for event in story)

    save_config(broken, config)
    broken.events_file.touch()
    for event in fitting.fit(config, broken, Asks(stop_after_epoch=in_the_second_epoch)):
        story.append(event)
    assert [event.epoch for event in story if isinstance(event, ev.Validated)] == [1, 2]
    saved = story[-2]
    assert isinstance(saved, ev.CheckpointSaved)
    assert (saved.step, saved.reason) == (10, "epoch")
    assert story[-1] == ev.Stopped(reason="requested", step=10, epoch=2, time=ANY)
    again = list(fit(config, broken, resume=True))
    assert [event.step for event in again if isinstance(event, ev.StepDone)] == [11, 12, 13, 14, 15]
    assert all(np.array_equal(x, y) for x, y in zip(weights_of(whole), weights_of(broken), strict=True))


@pytest.mark.slow
def test_a_stop_after_the_epoch_is_taken_back_while_its_checkpoint_is_written(small: Small, new_run: NewRun) -> None:
    run = new_run("run")
    config = small(optim__epochs=2, stop__patience=0)
    story: list[ev.Event] = []

    def until_the_checkpoint_is_there() -> bool:
        return not any(isinstance(event, ev.CheckpointSaved) for event in story)

    save_config(run, config)
    run.events_file.touch()
    for event in fitting.fit(config, run, Asks(stop_after_epoch=until_the_checkpoint_is_there)):
        story.append(event)
    assert isinstance(story[-1], ev.Stopped)
    assert (story[-1].reason, story[-1].epoch) == ("epochs", 2)


@pytest.mark.slow
def test_a_stop_in_the_last_validation_loses_no_best_weights(small: Small, new_run: NewRun) -> None:
    whole, broken = new_run("whole"), new_run("broken")
    # Patience 1 and an AUROC that must rise by half: epoch 1 is the best whatever comes, and the only one.
    config = small(optim__epochs=1)
    list(fit(config, whole))
    in_validation = False

    def now() -> bool:
        return in_validation

    story = []
    for event in fit(config, broken, now, evaluation_batch=4):  # more than one batch, so that a stop finds a gap
        story.append(event)
        in_validation = any(isinstance(item, ev.EpochDone) for item in story)
    assert not any(isinstance(event, ev.Validated) for event in story)
    again = list(fit(config, broken, resume=True))
    steps = {event.step for event in again if isinstance(event, ev.Evaluated)}
    assert steps == {Checkpoints(broken.state, read_only=True).best()} == {5}
    assert Checkpoints(broken.state, read_only=True).progress(5)["best_step"] == 5
    assert any(isinstance(event, ev.CheckpointSaved) and event.best for event in again)


@pytest.mark.slow
def test_a_resume_does_not_need_the_first_weights_again(small: Small, new_run: NewRun, tmp_path: Path) -> None:
    from tests.weights.torchvision_file import saved, torchvision_tensors

    weights = saved(torchvision_tensors(4, (1, 1, 1, 1)), tmp_path)
    run = new_run()
    config = small(model__init=str(weights), optim__epochs=2, stop__patience=0)
    steps = 0

    def enough() -> bool:
        return steps >= 3

    for event in fit(config, run, enough):
        steps += isinstance(event, ev.StepDone)
    weights.unlink()
    again = list(fit(config, run, resume=True))
    assert isinstance(again[-1], ev.Stopped)
    assert again[-1].reason == "epochs"
    assert models.load(run).variables


def test_a_resumed_run_whose_checkpoints_are_gone_says_that_it_begins_anew(small: Small, new_run: NewRun) -> None:
    run = new_run()
    run.append(ev.CheckpointSaved(step=7, epoch=1, best=True, reason="epoch"))
    stream = fit(small(), run, resume=True)
    assert next(stream) == ev.Resumed(step=0, restored=True, time=ANY)
    warned = next(stream)
    assert isinstance(warned, ev.Warned)
    assert (warned.code, "step 7 is not in" in warned.message) == ("checkpoint-lost", True)
    stream.close()


@pytest.mark.slow
def test_a_finished_run_resumes_to_its_evaluation_alone(small: Small, new_run: NewRun) -> None:
    run = new_run()
    config = small(optim__epochs=1)
    first = [event for event in fit(config, run) if isinstance(event, ev.Evaluated)]
    again = list(fit(config, run, resume=True))
    assert not any(isinstance(event, ev.StepDone) for event in again)
    assert [event.metrics for event in again if isinstance(event, ev.Evaluated)] == [item.metrics for item in first]
    assert again[-1] == replace(again[-1], reason="epochs")  # type: ignore[type-var]


@pytest.mark.slow
def test_pauses_and_saves_between_any_steps_change_no_bit(small: Small, new_run: NewRun) -> None:
    whole, paused = new_run("whole"), new_run("paused")
    config = small(optim__epochs=1)
    list(fit(config, whole))
    story: list[ev.Event] = []
    standing = 0

    def should_pause() -> bool:
        """Before every step: a pause in which whoever pulls does so twice."""
        nonlocal standing
        standing = 0 if standing == 3 else standing + 1
        return standing > 0

    for event in fit(config, paused, lambda: False, lambda: standing == 3, should_pause):
        story.append(event)
    kinds = [type(event).__name__ for event in story if not isinstance(event, ev.Preparing)]
    pauses = [place for place, kind in enumerate(kinds) if kind == "Paused"]
    assert len(pauses) > 4
    for place in pauses:
        assert "StepDone" not in kinds[place : kinds.index("Resumed", place)]
    assert kinds.count("CheckpointSaved") > 4
    assert all(np.array_equal(x, y) for x, y in zip(weights_of(whole), weights_of(paused), strict=True))


@pytest.mark.slow
def test_a_step_is_never_told_to_be_faster_than_it_was(small: Small, new_run: NewRun) -> None:
    paces = []
    for event in fit(small(optim__epochs=1), new_run()):
        if isinstance(event, ev.StepDone):
            paces.append(event.images_per_second)
            time.sleep(0.2)  # the device goes on meanwhile, and has the next step done
    assert len(paces) == 5
    assert max(paces[1:]) <= 8 / 0.2


@pytest.mark.slow
def test_a_run_goes_back_to_an_older_checkpoint(small: Small, new_run: NewRun) -> None:
    from cxrtui.errors import CheckpointError
    from cxrtui.weights import states

    run = new_run()
    config = small(optim__epochs=3, stop__patience=0)
    first = {event.step: event.loss for event in fit(config, run) if isinstance(event, ev.StepDone)}
    whole = weights_of(run)
    older, latest = Checkpoints(run.state, read_only=True).steps()
    file = max((run.state / str(latest)).rglob("*/d/*"), key=lambda path: path.stat().st_size)
    file.write_bytes(file.read_bytes()[::-1])
    with pytest.raises(CheckpointError, match=f"step {latest} is damaged .*--step {older}"):
        list(fit(config, run, resume=True))
    (run.state / f"{older - 1}.removing").mkdir()  # left by a process that was killed
    states.go_back(run.state, older)
    again = {event.step: event.loss for event in fit(config, run, resume=True) if isinstance(event, ev.StepDone)}
    assert again == {step: loss for step, loss in first.items() if step > older}
    assert all(np.array_equal(x, y) for x, y in zip(whole, weights_of(run), strict=True))
    assert {item.name for item in run.state.iterdir()} <= {str(step) for step in range(latest + 1)}


@pytest.mark.slow
def test_early_stopping_ends_the_run_and_keeps_the_best(small: Small, new_run: NewRun) -> None:
    # A rate of zero never improves: the first epoch stays the best.
    config = small(optim__epochs=9, optim__learning_rate=0.0, stop__patience=2,
                   stop__metric="auroc", stop__min_delta=0.5)  # fmt: skip
    story = list(fit(config, new_run()))
    verdicts = [event for event in story if isinstance(event, ev.EarlyStopping)]
    assert [event.patience_left for event in verdicts] == [2, 1, 0]
    assert verdicts[-1].stopping
    assert story[-1] == replace(story[-1], reason="early_stopping", epoch=3)  # type: ignore[type-var]
    assert {event.step for event in story if isinstance(event, ev.Evaluated)} == {verdicts[0].best_step}


@pytest.mark.slow
def test_a_loss_that_is_not_finite_names_its_step(small: Small, new_run: NewRun) -> None:
    config = small(optim__learning_rate=10.0, optim__name="sgd", optim__clip=0.0, optim__warmup=0.0,
                   optim__schedule="constant", optim__epochs=60, stop__patience=0, optim__momentum=0.999,
                   optim__weight_decay=1.0)  # fmt: skip
    with pytest.raises(DivergedError, match=r"(loss|gradient norm) of .*step \d+ .*learning_rate") as caught:
        list(fit(config, new_run()))
    assert caught.value.exit_code == 2  # settings that the user can change, and no fault of ours


@pytest.mark.slow
def test_frozen_layers_keep_every_bit(small: Small, new_run: NewRun) -> None:
    from cxrtui.net import build, freeze
    from cxrtui.net.classifier import create

    run = new_run()
    config = small(model__freeze="stage2", optim__epochs=1)
    story = list(fit(config, run))
    compiled = next(event for event in story if isinstance(event, ev.Compiled))
    assert 0 < compiled.trainable < compiled.parameters
    begun = freeze.split(create(build.spec_of(config), config.run.seed))
    weights = models.load(run).variables
    for before, after in zip(jax.tree.leaves(begun[2]), jax.tree.leaves(weights["frozen"]), strict=True):
        assert np.array_equal(before, after)
    moved = [
        not np.array_equal(before, after)
        for before, after in zip(jax.tree.leaves(begun[1]), jax.tree.leaves(weights["trainable"]), strict=True)
    ]
    assert sum(moved) > len(moved) // 2


@pytest.mark.slow
def test_a_changed_film_stops_a_resume(small: Small, new_run: NewRun, phantom_films: Path, tmp_path: Path) -> None:
    import shutil

    films = tmp_path / "films"
    shutil.copytree(phantom_films, films)
    run = new_run()
    config = small(data__source=str(films), optim__epochs=1)
    list(fit(config, run))
    film = sorted(films.glob("negative/*.png"))[0]
    other = sorted(films.glob("positive/*.png"))[0]
    film.write_bytes(other.read_bytes())
    with pytest.raises(DataError, match="not those that run"):
        list(fit(config, run, resume=True))


def test_no_weights_say_how_to_get_some(small: Small, new_run: NewRun, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"weights fetch imagenet.*--init random"):
        next(fit(small(model__init="imagenet"), new_run()))
    with pytest.raises(WeightsError, match="absent"):
        list(fit(small(model__init=str(tmp_path / "absent.safetensors")), new_run("other")))


@pytest.mark.slow
def test_no_step_compiles_anything(small: Small, new_run: NewRun) -> None:
    per_epoch: list[list[str]] = []
    with compiled() as names:
        for event in fit(small(optim__epochs=4, stop__patience=0), new_run()):
            if isinstance(event, ev.EpochDone):
                per_epoch.append(names.copy())
    assert sum("train_step" in name for name in per_epoch[0]) <= 1  # none, where another test had the same program
    assert per_epoch[1] == per_epoch[2] == per_epoch[3]


@pytest.mark.slow
def test_a_reason_to_stop_is_the_one_that_is_reported(small: Small, new_run: NewRun) -> None:
    run = new_run()
    save_config(run, small())
    seen: list[ev.Event] = []
    asks = Asks(lambda: any(isinstance(event, ev.Validated) for event in seen), reason="pruned")
    for event in fitting.fit(small(), run, asks):
        seen.append(event)
    assert isinstance(seen[-1], ev.Stopped)
    assert (seen[-1].reason, seen[-1].step) == ("pruned", 5)
    assert Checkpoints(run.state, read_only=True).latest() == 5
    assert not any(isinstance(event, ev.Evaluated) for event in seen)
