"""Mixup: what is mixed, in which shares, and the loss of a step against the definition in NumPy."""

from __future__ import annotations

from collections.abc import Callable

import jax
import numpy as np
import pytest

from cxrtui.data.augment import Strengths, augment
from cxrtui.data.loader import Batch
from cxrtui.net import freeze
from cxrtui.net.layout import Layout
from cxrtui.net.resnet import normalise
from cxrtui.settings.config import Config
from cxrtui.training.hyper import hyper_of
from cxrtui.training.initial_state import initial
from cxrtui.training.mixup import mixed, shares
from cxrtui.training.step import Program, compile_step, named

LAYOUT = Layout.over()


@pytest.mark.parametrize("alpha", [0.2, 1.0])
def test_shares_are_the_larger_ones_of_the_beta_distribution(alpha: float) -> None:
    found = np.sort(np.asarray(shares(jax.random.key(0), np.float32(alpha), 4000)))
    drawn = np.random.default_rng(0).beta(alpha, alpha, 4000)
    expected = np.sort(np.maximum(drawn, 1 - drawn))
    assert found.min() >= 0.5
    assert np.abs(found - expected).mean() < 0.01  # the distance of the two distributions (Wasserstein)


def test_a_film_is_mixed_by_its_own_share() -> None:
    values, others = np.random.default_rng(0).random((2, 3, 4, 4, 1), np.float32)
    share = np.array([1.0, 0.5, 0.75], np.float32)
    expected = [part * one + (1 - part) * two for part, one, two in zip(share, values, others, strict=True)]
    np.testing.assert_allclose(mixed(values, others, share), expected, rtol=1e-6)


@pytest.mark.slow
def test_the_loss_of_a_step_is_that_of_mixed_films_and_labels(small: Callable[..., Config]) -> None:
    config = small(augment__mixup=0.4, model__dropout=0.0)
    weights = np.array([0.7, 1.9], np.float32)
    hyper = LAYOUT.put_state(hyper_of(config, weights).at(np.float32(1e-3)))
    network = initial(config, hyper, LAYOUT)
    program = Program.of(config, network.graphdef, "none", LAYOUT)
    stored = np.random.default_rng(0).integers(0, 256, (8, 36, 36), dtype=np.uint8)
    labels = np.array([0, 1, 1, 0, 1, 0, 0, 0], np.int32)

    key, _ = jax.random.split(jax.random.fold_in(jax.random.key(0), 0))
    films = np.asarray(jax.jit(lambda: augment(stored, key, Strengths.of(config.augment), 32))())
    share = np.asarray(shares(jax.random.fold_in(key, 8), np.float32(0.4), 8))
    kept = share[:, None, None, None]
    mixture = kept * films + (1 - kept) * films[[7, 0, 1, 2, 3, 4, 5, 6]]
    # As one program: operation by operation, it would be two hundred.
    network_of = jax.jit(lambda variables, x: freeze.merge(network.graphdef, **variables)(normalise(x), train=True))
    logits = np.asarray(network_of(network.state.variables, mixture), np.float64)
    losses = np.log(np.exp(logits).sum(1, keepdims=True)) - logits
    others = labels[[7, 0, 1, 2, 3, 4, 5, 6]]
    rows = np.arange(8)
    own, other = weights[labels] * losses[rows, labels], weights[others] * losses[rows, others]
    expected = float(np.mean(share * own + (1 - share) * other))

    step = compile_step(program, network.state, hyper, batch_size=8, stored_size=36)
    _, scalars = step(network.state, Batch(*LAYOUT.put_batch((stored, labels))), hyper)
    assert named(scalars)["loss"] == pytest.approx(expected, rel=1e-5)
