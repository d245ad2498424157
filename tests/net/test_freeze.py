"""Freezing: what trains is what should, and nothing else moves."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from cxrtui.net import freeze
from cxrtui.net.classifier import Classifier, ClassifierSpec, create
from cxrtui.net.freeze import FREEZE_LEVELS
from cxrtui.net.resnet import GROUPS
from tests.net.compiled import run

pytestmark = pytest.mark.slow

IMAGES = jax.random.normal(jax.random.key(0), (4, 32, 32, 1))
LABELS = jnp.array([0, 1, 0, 1])


def flat(state: nnx.State) -> dict[tuple[Any, ...], np.ndarray]:
    return {path: np.array(variable.get_value()) for path, variable in nnx.to_flat_state(state)}


def loss_of(graphdef: Any, frozen: nnx.State, statistics: nnx.State) -> Any:
    def loss(trainable: nnx.State) -> tuple[jax.Array, nnx.State]:
        network = freeze.merge(graphdef, trainable, frozen, statistics)
        logits = network(IMAGES, train=True)
        losses = optax.softmax_cross_entropy_with_integer_labels(logits, LABELS)
        return jnp.mean(losses), freeze.running_statistics(network)

    return loss


@pytest.mark.slow
@pytest.mark.parametrize("level", ["none", "stage2", "stage4"])
def test_a_step_moves_what_trains_and_only_that(tiny: ClassifierSpec, level: str) -> None:
    graphdef, trainable, frozen, statistics = freeze.split(create(dataclasses.replace(tiny, freeze=level)))
    asleep = GROUPS[: FREEZE_LEVELS.index(level)]
    assert all(path[1] in asleep for path in flat(frozen))
    assert not any(path[1] in asleep for path in flat(trainable))
    optimizer = optax.sgd(0.1, momentum=0.9)

    @functools.partial(jax.jit, donate_argnums=(0, 2, 3))
    def step(trainable: nnx.State, frozen: nnx.State, statistics: nnx.State, state: Any) -> Any:
        loss = loss_of(graphdef, frozen, statistics)
        (_, statistics), gradients = jax.value_and_grad(loss, has_aux=True)(trainable)
        updates, state = optimizer.update(gradients, state, trainable)
        return optax.apply_updates(trainable, updates), statistics, state, gradients

    state = optimizer.init(trainable)
    assert len(jax.tree.leaves(state)) == len(jax.tree.leaves(trainable))
    before, statistics_before = flat(trainable), flat(statistics)  # the step takes the buffers
    moved, statistics_after, state, gradients = step(trainable, frozen, statistics, state)
    after, statistics_moved = flat(moved), flat(statistics_after)
    assert jax.tree.structure(gradients) == jax.tree.structure(moved)
    step(moved, frozen, statistics_after, state)
    assert step._cache_size() == 1  # no second compilation

    # Zero scales at the end of each block stop the gradient inside it in the very first step.
    assert all(not np.array_equal(before[path], after[path]) for path in before if path[0] == "head")
    for path, value in statistics_before.items():
        assert np.array_equal(value, statistics_moved[path]) == (path[1] in asleep), path


def test_frozen_layers_use_running_averages(tiny: ClassifierSpec) -> None:
    network = create(dataclasses.replace(tiny, freeze="stage4"))
    np.testing.assert_allclose(run(network, IMAGES, train=True), run(network, IMAGES), atol=1e-6)


def test_nothing_is_computed_backward_below_the_frozen_boundary(tiny: ClassifierSpec) -> None:
    def convolutions(level: str) -> int:
        graphdef, trainable, frozen, statistics = freeze.split(create(dataclasses.replace(tiny, freeze=level)))
        loss = loss_of(graphdef, frozen, statistics)
        program = jax.jit(jax.grad(loss, has_aux=True)).lower(trainable).as_text()
        return program.count("stablehlo.convolution")

    forward = 5  # 7x7 and four 3x3
    assert convolutions("stage4") == forward
    # stage4's own 3x3 adds its two gradients.
    assert convolutions("stage3") == forward + 2
    # All: two for each 3x3, one for the stem, whose input has no gradient.
    assert convolutions("none") == forward + 4 * 2 + 1


def test_a_gradient_of_everything_stops_at_the_boundary(tiny: ClassifierSpec) -> None:
    network = create(dataclasses.replace(tiny, freeze="stage1"))
    gradient = jax.grad(lambda images: jnp.sum(run(network.backbone, images, train=True, frozen=2)))(IMAGES)
    assert not gradient.any()
    gradient = jax.grad(lambda images: jnp.sum(run(network, images)))(IMAGES)  # a saliency map still has one
    assert gradient.any()


def test_masks_label_by_path(tiny: ClassifierSpec) -> None:
    _, trainable, _, _ = freeze.split(create(dataclasses.replace(tiny, stem_offset=True)))
    decays = freeze.mask(trainable, freeze.decays)
    assert jax.tree.structure(decays) == jax.tree.structure(trainable)
    for path, variable in nnx.to_flat_state(decays):
        assert variable.get_value() == (path[-1] == "kernel")
    heads = [path for path, variable in nnx.to_flat_state(freeze.mask(trainable, freeze.is_head))
             if variable.get_value()]  # fmt: skip
    assert {path[0] for path in heads} == {"head"}
    assert len(heads) == 4

    optimizer = optax.multi_transform(
        {True: optax.sgd(1.0), False: optax.set_to_zero()}, lambda params: freeze.mask(params, freeze.is_head)
    )
    state = optimizer.init(trainable)
    updates, _ = jax.jit(optimizer.update)(trainable, state, trainable)
    assert not any(update.any() for path, update in flat(updates).items() if path[0] != "head")
    assert flat(updates)["head", "layers", 0, "kernel"].any()


@pytest.mark.parametrize(("before", "after"), [("stage4", "stage2"), ("stage1", "none"), ("none", "stage4")])
def test_another_level_divides_the_same_arrays(tiny: ClassifierSpec, before: str, after: str) -> None:
    parts = freeze.split(create(dataclasses.replace(tiny, freeze=before)))
    again = freeze.at_freeze_level(*parts, freeze_level=after)
    like = freeze.split(create(dataclasses.replace(tiny, freeze=after)))
    assert again[0] == like[0]
    assert jax.tree.structure(again[1:]) == jax.tree.structure(like[1:])
    arrays = {id(leaf) for leaf in jax.tree.leaves(parts[1:])}
    assert {id(leaf) for leaf in jax.tree.leaves(again[1:])} == arrays


def test_split_and_merge_round_trip(tiny: ClassifierSpec) -> None:
    network = create(tiny)
    again = freeze.merge(*freeze.split(network))
    assert isinstance(again, Classifier)
    np.testing.assert_array_equal(run(network, IMAGES), run(again, IMAGES))
