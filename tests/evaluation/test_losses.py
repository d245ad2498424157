import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cxrtui.evaluation.losses import class_weights, cross_entropy, mean_loss


def test_two_units_are_binary_cross_entropy() -> None:
    logits = jnp.asarray([[0.3, -1.2], [2.0, 0.1], [-0.5, 0.5]], jnp.float32)
    labels = jnp.asarray([1, 0, 1], jnp.int32)
    losses = cross_entropy(logits, labels, jnp.ones(2, jnp.float32))
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
    right, wrong = (cross_entropy(logits, jnp.asarray([k], jnp.int32), ones)[0] for k in (0, 1))
    np.testing.assert_allclose(
        cross_entropy(logits, label, ones, np.float32(0.2))[0], 0.9 * right + 0.1 * wrong, rtol=1e-5
    )


def test_evaluation_has_the_loss_of_training() -> None:
    random = np.random.default_rng(0)
    logits = random.normal(size=(50, 2)).astype(np.float32) * 10
    labels = random.integers(0, 2, 50).astype(np.int32)
    weights, smoothing = np.asarray([0.5, 2.0], np.float32), np.float32(0.1)
    of_training = jax.jit(lambda *arguments: cross_entropy(*arguments).mean())(logits, labels, weights, smoothing)
    assert mean_loss(logits, labels, weights, smoothing) == pytest.approx(float(of_training), rel=1e-6)
    # By the formula, in float64.
    exact = logits.astype(np.float64)
    logs = exact - np.log(np.exp(exact).sum(axis=1, keepdims=True))
    targets = np.eye(2)[labels] * 0.9 + 0.05
    expected = np.mean(-(targets * logs).sum(axis=1) * weights[labels])
    assert mean_loss(logits, labels, weights, smoothing) == pytest.approx(expected, rel=1e-6)


def test_a_loss_of_no_images_is_not_a_number() -> None:
    assert np.isnan(mean_loss(np.zeros((0, 2), np.float32), np.zeros(0, np.int32), np.ones(2, np.float32), None))
