import jax.numpy as jnp
import numpy as np
import pytest

from cxrtui.training.losses import class_weights, cross_entropy


def test_two_units_are_binary_cross_entropy() -> None:
    logits = jnp.asarray([[0.3, -1.2], [2.0, 0.1], [-0.5, 0.5]], jnp.float32)
    labels = jnp.asarray([1, 0, 1], jnp.int32)
    losses = cross_entropy(logits, labels, jnp.ones(2, jnp.float32), 0.0)
    probability = 1 / (1 + np.exp(-np.asarray(logits[:, 1] - logits[:, 0], np.float64)))
    truth = np.asarray(labels)
    expected = -(truth * np.log(probability) + (1 - truth) * np.log(1 - probability))
    np.testing.assert_allclose(losses, expected, rtol=1e-5)


def test_balanced_weights_give_both_classes_the_same_say() -> None:
    labels = np.asarray([0] * 6 + [1] * 2, np.int32)
    weights = class_weights(labels, "balanced")
    assert weights[labels].sum() == pytest.approx(8.0)
    assert weights[0] * 6 == pytest.approx(weights[1] * 2)
    np.testing.assert_array_equal(class_weights(labels, "none"), [1, 1])
    np.testing.assert_array_equal(class_weights(np.zeros(3, np.int32), "balanced"), [1, 1])


def test_smoothing_mixes_in_the_uniform_distribution() -> None:
    logits = jnp.asarray([[3.0, -1.0]], jnp.float32)
    label = jnp.asarray([0], jnp.int32)
    ones = jnp.ones(2, jnp.float32)
    right, wrong = (cross_entropy(logits, jnp.asarray([k], jnp.int32), ones, 0.0)[0] for k in (0, 1))
    np.testing.assert_allclose(cross_entropy(logits, label, ones, 0.2)[0], 0.9 * right + 0.1 * wrong, rtol=1e-5)
