"""A tiny training by each preset, through its last epoch."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.settings.config import Config
from cxrtui.settings.presets import PRESETS, Preset, values_of
from cxrtui.training.fit import fit

pytestmark = pytest.mark.slow


TRAINED = [preset for preset in PRESETS if preset.name in ("transfer", "gradual")]  # the others train what these do


@pytest.mark.parametrize("preset", TRAINED, ids=lambda preset: preset.name)
def test_a_preset_trains(preset: Preset, small: Callable[..., Config], new_run: Callable[..., Run]) -> None:
    epochs = 9 if preset.name == "gradual" else 2  # in its ninth all groups train
    values = values_of(preset.name) | {"data.size": 32, "optim.epochs": epochs, "stop.patience": 0}
    events = list(fit(small(**values), new_run()))
    epoch_ends = [event for event in events if isinstance(event, ev.EpochDone)]
    assert [event.epoch for event in epoch_ends] == list(range(1, epochs + 1))
    compiled = [event for event in events if isinstance(event, ev.Compiled)]
    trainable = [event.trainable for event in compiled]
    assert trainable == sorted(trainable)
    assert len(compiled) == (4 if preset.name == "gradual" else 1)
    assert (trainable[-1] == compiled[-1].parameters) == (preset.name in ("gradual", "full"))
