"""What a program is compiled for before the arrays are there must be what they are; and optimizers begin at zero."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import pytest

from cxrtui.net.layout import Layout
from cxrtui.net.programs import kind
from cxrtui.settings.config import Config
from cxrtui.training.hyper import hyper_of
from cxrtui.training.initial_state import beginning, initial, outline
from cxrtui.training.optimizer import counted_groups, optimizer


@pytest.mark.parametrize("changes", [
    {"optim__name": "adamw", "optim__clip": 1.0},
    {"optim__name": "sgd", "optim__ema_decay": 0.9, "model__freeze": "stage3"},
    {"optim__name": "adam", "model__freeze": "stage4", "model__unfreeze": "2:stage4"},
])  # fmt: skip
def test_the_outline_of_a_state_is_the_states_own(small: Callable[..., Config], changes: dict[str, Any]) -> None:
    config, layout = small(**changes), Layout.over()
    hyper, begun = layout.put_state(hyper_of(config, np.ones(2, np.float32))), beginning(config)
    expected, network = outline(config, hyper, layout, begun.spec), initial(config, hyper, layout, begun)
    assert (expected.graphdef, expected.spec) == (network.graphdef, network.spec)
    assert kind(expected.state) == kind(network.state)
    own = optimizer(config.optim.name, hyper, counted_groups(config, begun.spec.freeze)).init(network.state.trainable)
    assert jax.tree.all(jax.tree.map(np.array_equal, own, network.state.optimizer))
