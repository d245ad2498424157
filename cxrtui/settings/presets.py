"""Presets: named sets of settings for the usual ways to train on a small collection of chest X-rays.

Each sets everything that decides which groups train and at which rates, so that it means the same over any other
settings. They are meant for a few hundred to a few thousand films and, but for ``scratch``, for pretrained initial
weights. A preset sets neither the films nor the initial weights. Discriminative rates and gradual unfreezing follow
Howard and Ruder (2018, ULMFiT, arXiv:1801.06146); a new head that learns before the backbone changes follows Kumar et
al. (2022, arXiv:2202.10054). The values of ``scratch`` were measured (docs/training.md).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cxrtui.errors import ConfigError
from cxrtui.settings.field import nearest


@dataclass(frozen=True)
class Preset:
    """A preset: its name, its title in a form, one sentence on what it does and when to use it, and its values.

    `values` holds each setting by ``section.key``, as text that ``--set`` takes.
    """

    name: str
    title: str
    about: str
    values: Mapping[str, str]


PRESETS = (
    Preset(
        "quick-look",
        "Quick look",
        "Trains the head alone for a few epochs on small images: shows within minutes whether films and classes are as "
        "you think, before a long run.",
        {
            "data.size": "128", "model.freeze": "stage4", "model.unfreeze": "", "model.dropout": "0.2",
            "optim.epochs": "5", "optim.batch_size": "32", "optim.learning_rate": "0.001",
            "optim.head_learning_rate": "0.0", "optim.stage_learning_rates": "", "optim.schedule": "cosine",
            "stop.patience": "0",
        },
    ),
    Preset(
        "transfer",
        "Transfer learning",
        "Keeps pretrained weights up to stage3 and trains stage4 and the head: the first choice for a few hundred "
        "films, or for a slow machine.",
        {
            "model.freeze": "stage3", "model.unfreeze": "", "model.dropout": "0.4", "optim.epochs": "30",
            "optim.batch_size": "32", "optim.learning_rate": "0.0001", "optim.head_learning_rate": "0.001",
            "optim.stage_learning_rates": "", "optim.schedule": "cosine", "optim.weight_decay": "0.01",
            "stop.patience": "8",
        },
    ),
    Preset(
        "gradual",
        "Gradual unfreezing",
        "Trains the head first, then stage4, stage3 and all groups, each at its own rate: for a few hundred to a few "
        "thousand films that differ much from those of the pretrained weights.",
        {
            "model.freeze": "stage4", "model.unfreeze": "3:stage4,6:stage3,9:stem", "model.dropout": "0.4",
            "optim.epochs": "30", "optim.batch_size": "32", "optim.learning_rate": "1e-05",
            "optim.head_learning_rate": "0.001", "optim.stage_learning_rates": "stage4:0.0001,stage3:4e-05",
            "optim.schedule": "cosine", "optim.weight_decay": "0.01", "stop.patience": "8",
        },
    ),
    Preset(
        "full",
        "Full fine-tuning",
        "Trains every group from the first epoch on, the head ten times as fast as the rest: for a thousand films or "
        "more, and a machine with a GPU.",
        {
            "model.freeze": "none", "model.unfreeze": "", "model.dropout": "0.3", "optim.epochs": "40",
            "optim.batch_size": "32", "optim.learning_rate": "0.0001", "optim.head_learning_rate": "0.001",
            "optim.stage_learning_rates": "", "optim.schedule": "cosine", "optim.weight_decay": "0.05",
            "optim.label_smoothing": "0.05", "stop.patience": "10",
        },
    ),
    Preset(
        "scratch",
        "From random weights",
        "Trains a small network from random weights (give --init random) on small images, with mixup and averaged "
        "weights: for a few hundred films without pretrained weights, within minutes on a CPU.",
        {
            "data.size": "64", "augment.rotation": "5.0", "augment.flip": "0.0", "augment.brightness": "0.03",
            "augment.contrast": "0.03", "augment.scale": "0.05", "augment.translation": "0.03", "augment.mixup": "0.3",
            "model.freeze": "none", "model.unfreeze": "", "model.dropout": "0.3", "model.hidden": "",
            "model.width": "16", "model.stages": "2,2,2,2", "optim.epochs": "20", "optim.batch_size": "16",
            "optim.learning_rate": "0.003", "optim.head_learning_rate": "0.0", "optim.stage_learning_rates": "",
            "optim.schedule": "onecycle", "optim.weight_decay": "1.0", "optim.ema_decay": "0.98",
            "stop.metric": "accuracy", "stop.patience": "0",
        },
    ),
)  # fmt: skip
"""All presets, from the least training to the most."""

BY_NAME = {preset.name: preset for preset in PRESETS}

KEYS = tuple(dict.fromkeys(key for preset in PRESETS for key in preset.values))
"""Every setting that some preset sets; another preset returns the others of these to their defaults."""


def values_of(name: str) -> dict[str, Any]:
    """Return the values of the preset `name`, by ``section.key``.

    Raises:
        ConfigError: there is no such preset; the message names the nearest one.
    """
    if name not in BY_NAME:
        raise ConfigError(f"No preset is called {name[:64]!r}{nearest(name, BY_NAME)}")
    return dict(BY_NAME[name].values)
