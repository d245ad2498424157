"""The output of frozen groups, computed once: what trains on it, what is kept of it, and what of it is used again."""

from __future__ import annotations

import dataclasses
import functools
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from cxrtui.data.loader import StreamLoader
from cxrtui.data.prepared.prepare import prepare
from cxrtui.errors import ConfigError
from cxrtui.evaluation import model as models
from cxrtui.net.cut import Cut
from cxrtui.net.layout import Layout
from cxrtui.runner import save_config
from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.settings.config import Config, resolve
from cxrtui.training import features
from cxrtui.training import fit as fitting
from cxrtui.training.encoding import Encoder, View
from cxrtui.training.feature_files import FeatureFiles
from cxrtui.training.hyper import hyper_of
from cxrtui.training.initial_state import NetworkState, initial
from tests.conftest import SMALL
from tests.data.conftest import drain
from tests.training.asks import Asks

Small, NewRun = Callable[..., Config], Callable[..., Run]
STILL = {f"augment__{name}": 0 for name in ("rotation", "flip", "brightness", "contrast", "scale", "translation")}
FROZEN = {"model__freeze": "stage4", "optim__epochs": 2, "stop__patience": 0}


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache for the features alone."""
    folder = tmp_path / "features"
    monkeypatch.setattr("cxrtui.training.feature_files.cache_root", lambda: tmp_path)
    return folder


def train(config: Config, run: Run, **options: Any) -> list[ev.Event]:
    save_config(run, config)
    run.events_file.touch()
    return list(fitting.fit(config, run, **options))


def of(story: list[ev.Event], kind: type[Any]) -> list[Any]:
    return [event for event in story if isinstance(event, kind)]


def losses(story: list[ev.Event]) -> list[float]:
    return [event.loss for event in of(story, ev.StepDone)]


def warned(story: list[ev.Event]) -> list[str]:
    return [event.code for event in of(story, ev.Warned) if event.code.startswith(("features", "without"))]


@pytest.mark.slow
def test_without_augmentation_it_trains_as_the_plain_path_does(small: Small, new_run: NewRun, cache: Path) -> None:
    plain = train(small(**FROZEN, **STILL), new_run("plain"))
    story = train(small(**FROZEN, **STILL, train__views=5), new_run("prefix"))
    assert losses(story) == pytest.approx(losses(plain), rel=1e-5)
    for ours, theirs in zip(of(story, ev.Validated), of(plain, ev.Validated), strict=True):
        assert ours.metrics == pytest.approx(theirs.metrics, rel=1e-5)
    [announced], [done] = of(story, ev.Encoding), of(story, ev.Encoded)
    films = announced.films + announced.validation
    # Nothing changes the films, so that one view is all; 32 times the width of 4, float32.
    assert (announced.views, announced.augmented, announced.bytes) == (1, False, films * 128 * 4)
    assert (done.computed, done.found) == (films, 0)
    assert max(event.done for event in of(story, ev.Preparing) if event.stage == "computing features") == films
    assert not of(plain, ev.Encoding)
    assert not warned(story)


@pytest.mark.slow
def test_a_stopped_run_resumes_to_the_same_bits_also_without_its_cache(
    small: Small, new_run: NewRun, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = small(**FROZEN, train__views=2)
    whole, broken = new_run("whole"), new_run("broken")
    story = train(config, whole)
    assert [(event.views, event.augmented) for event in of(story, ev.Encoding)] == [(2, True)]
    assert losses(story)[:5] != losses(story)[5:]
    for file in cache.iterdir():
        file.unlink()
    seen: list[ev.Event] = []

    def while_features_are_computed() -> bool:
        return any(isinstance(event, ev.Preparing) and event.stage == "computing features" for event in seen)

    def within_the_first_epoch() -> bool:
        return len(of(seen, ev.StepDone)) == 3

    for stop in (while_features_are_computed, within_the_first_epoch):
        resume, seen[:] = bool(seen), []
        for event in fitting.fit(config, broken, Asks(stop), resume=resume):
            seen.append(event)
        assert isinstance(seen[-1], ev.Stopped)
        assert (seen[-1].reason, seen[-1].step) == ("requested", 0 if not resume else 4)
    # Once more from the beginning of the cache, and in files instead of on the device.
    for file in cache.iterdir():
        file.unlink()
    monkeypatch.setattr(features, "free_memory", lambda layout: 0)
    again = train(config, broken, resume=True)
    assert of(again, ev.Encoding)[0].place == "disk"
    assert of(again, ev.Encoded)[0].computed > 0
    assert losses(again) == losses(story)[4:]
    assert [event.metrics for event in of(again, ev.Validated)] == [event.metrics for event in of(story, ev.Validated)]
    mine, theirs = (jax.tree.leaves(models.load(run).variables) for run in (whole, broken))
    assert all(np.array_equal(a, b) for a, b in zip(mine, theirs, strict=True))
    assert not warned(again)


@pytest.mark.slow
def test_what_was_kept_is_used_again_and_what_is_damaged_is_made_again(
    small: Small, new_run: NewRun, cache: Path
) -> None:
    first = train(small(**FROZEN, train__views=2), new_run("first"))
    validation, *views = sorted(cache.iterdir(), key=lambda path: path.stat().st_size)
    whole = {path: path.read_bytes() for path in (validation, *views)}
    films = of(first, ev.Encoding)[0]
    assert len(views) == 2
    # One bit, and half of the file; another head of the network changes nothing below it.
    views[0].write_bytes(whole[views[0]][:-1] + bytes([whole[views[0]][-1] ^ 1]))
    views[1].write_bytes(whole[views[1]][:5000])
    validation.write_bytes(b"{}" + whole[validation][2:])
    second = train(small(**FROZEN, train__views=2, optim__learning_rate=2e-3), new_run("second"))
    assert of(second, ev.Encoded)[0].computed == 2 * films.films + films.validation
    assert {path: path.read_bytes() for path in cache.iterdir()} == whole
    third = train(small(**FROZEN, train__views=2), new_run("third"))
    assert (of(third, ev.Encoded)[0].computed, of(third, ev.Encoded)[0].found) == (
        0,
        2 * films.films + films.validation,
    )
    assert losses(third) == losses(first)


@pytest.mark.slow
def test_where_features_cannot_be_kept_it_trains_all_the_same(
    small: Small, new_run: NewRun, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.write_text("no folder")
    config = small(**FROZEN | {"optim__epochs": 1}, train__views=1)
    on_device = train(config, new_run("device"))
    assert warned(on_device) == ["features-not-kept"]
    assert of(on_device, ev.Encoding)[0].place == "device"
    monkeypatch.setattr(features, "free_memory", lambda layout: 0)
    nowhere = train(config, new_run("nowhere"))
    assert warned(nowhere) == ["without-features"]
    too_large = train(dataclasses.replace(config, train=dataclasses.replace(config.train, cache_gb=0.0)), new_run("no"))
    assert warned(too_large) == ["without-features"]
    plain = train(small(**FROZEN | {"optim__epochs": 1}), new_run("plain"))
    assert losses(nowhere) == losses(too_large) == losses(plain) != losses(on_device)


@pytest.mark.slow
def test_the_key_changes_with_all_that_the_features_depend_on_and_with_nothing_else(small: Small) -> None:
    layout, config = Layout.over(), small(**FROZEN, train__views=2)
    _, prepared = drain(prepare(config))
    train, validation = (StreamLoader(prepared.splits[name], layout) for name in ("train", "validation"))

    @functools.cache
    def made(config: Config) -> NetworkState:
        return initial(config, hyper_of(config, np.ones(2, np.float32)), layout)

    def key(
        changed: Config = config, made_by: Config = config, source: StreamLoader = train, number: int | None = 0,
        pixels: str = "pixels", **options: int,
    ) -> str:  # fmt: skip
        network = made(made_by)
        cut = Cut.of(network.spec, changed.data.size)
        assert cut is not None
        encoder = Encoder(changed, network, cut, layout, **{"batch": 8, "stored_size": 40} | options)
        return encoder.key(View("view", source, number), pixels)

    other = small(**FROZEN, train__views=2, augment__rotation=3.0)
    assert key(number=None) == key(other, number=None)
    assert key() == key(small(**FROZEN, train__views=9, optim__learning_rate=1.0, model__dropout=0.9))
    wider = small(**FROZEN, model__hidden=())  # a head of another shape, on the same frozen groups
    assert key() == key(wider, wider)
    different = [
        key(), key(number=1), key(number=None), key(other), key(pixels="others"), key(source=validation),
        key(batch=16), key(stored_size=48), key(small(**FROZEN, run__seed=1)), key(small(**FROZEN, data__size=64)),
        key(made_by=small(**FROZEN, run__seed=1)), key(made_by=small(**FROZEN | {"model__freeze": "stage3"})),
    ]  # fmt: skip
    assert len(set(different)) == len(different)


def test_old_files_make_room_for_new_ones(tmp_path: Path) -> None:
    files = FeatureFiles(21_000, tmp_path / "features")
    rows = np.arange(1000, dtype=np.float32).reshape(10, 100)
    for age, key in enumerate(("oldest", "old", "in-use")):
        files.write(key, rows)
        os.utime(files.path(key), (age, age))
    files.write("too-large", np.zeros(21_001, np.uint8))
    files.make_room(4000, ["oldest"])
    assert {path.stem for path in files.folder.iterdir()} == {"oldest", "in-use"}
    _, opened = drain(files.open("oldest", rows.shape, "float32"))  # type: ignore[arg-type]
    assert np.array_equal(opened.array, rows)
    assert files.path("oldest").stat().st_mtime > 10  # it was used now
    assert "train.cache_gb" in files.lack(21_001)
    assert "free" in FeatureFiles(1 << 62, tmp_path).lack(1 << 60)
    assert not files.lack(4000)


def test_films_that_are_mixed_have_no_features_to_keep() -> None:
    with pytest.raises(ConfigError, match=r"train\.views .*augment\.mixup"):
        resolve(SMALL, {"model.freeze": "stage4", "train.views": 2, "augment.mixup": 0.2})
    resolve(SMALL, {"train.views": 2, "augment.mixup": 0.2})  # nothing is frozen
