"""Heat maps against slow computations of their own, and what holds for their sums."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from cxrtui.data.augment import resample
from cxrtui.evaluation.evidence.explain import METHODS, STAGES, Explainer
from cxrtui.evaluation.predict import Predictor, Variables
from cxrtui.net import freeze
from cxrtui.net.classifier import Classifier, ClassifierSpec, create
from cxrtui.net.resnet import normalise

pytestmark = pytest.mark.slow

SIZE, STORED, BATCH = 64, 72, 2


def network_of(spec: ClassifierSpec) -> Classifier:
    """A network in which every variable counts: none of the zeros and ones with which one begins."""
    network, rng = create(spec), np.random.default_rng(1)

    def moved(x: jax.Array) -> jax.Array:
        return jnp.asarray(rng.uniform(0.2, 0.6, x.shape), jnp.float32) if x.ndim == 1 else x

    nnx.update(network, jax.tree.map(moved, nnx.state(network)))
    return network


def split(network: Classifier) -> tuple[object, Variables]:
    graphdef, trainable, frozen, statistics = freeze.split(network)
    return graphdef, {"trainable": trainable, "frozen": frozen, "statistics": statistics}


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (3, STORED, STORED), np.uint8)


@pytest.fixture(scope="module")
def network() -> Classifier:
    return network_of(ClassifierSpec(width=4, stage_sizes=(1, 1, 1, 1), hidden=(16,)))


def features_of(network: Classifier, images: np.ndarray) -> dict[str, np.ndarray]:
    """Features of both stages, ``[n, h, w, c]`` each."""
    graphdef, state = nnx.split(network)

    @jax.jit
    def compute(state: nnx.State, images: jax.Array) -> tuple[jax.Array, jax.Array]:
        network = nnx.merge(graphdef, state)
        inner = network.encode(normalise(resample(images, SIZE)), "stage3")
        return inner, network.backbone.outputs(inner, start="stage3")["stage4"]

    return dict(zip(STAGES, map(np.asarray, compute(state, jnp.asarray(images))), strict=True))


def head_by_hand(network: Classifier, pooled: np.ndarray) -> tuple[float, np.ndarray, float]:
    """The answer for pooled features [c], its gradient [c], and the part of the biases, layer by layer in float64."""
    layers = [(np.asarray(layer.kernel[...], np.float64), np.asarray(layer.bias[...], np.float64))
              for layer in network.head.layers]  # fmt: skip
    values, slope, part = pooled.astype(np.float64), np.eye(len(pooled)), np.zeros(len(pooled))
    for index, (kernel, bias) in enumerate(layers):
        if index:
            active = values > 0
            values, slope, part = values * active, slope * active, part * active
        values, slope, part = values @ kernel + bias, slope @ kernel, part @ kernel + bias
    return values[1] - values[0], slope[:, 1] - slope[:, 0], part[1] - part[0]


@pytest.mark.parametrize("method", METHODS)
def test_maps_of_the_last_stage_are_those_computed_by_hand(
    network: Classifier, images: np.ndarray, method: str
) -> None:
    graphdef, variables = split(network)
    found = Explainer(graphdef, SIZE, STORED, method, "stage4", BATCH)(variables, images)
    assert found.maps.shape == (3, 2, 2)
    assert found.maps.dtype == np.float32
    for features, cells, answer in zip(
        features_of(network, images)["stage4"], found.maps, found.answers, strict=True
    ):  # fmt: skip
        expected, gradient, _ = head_by_hand(network, features.mean(axis=(0, 1)))
        weights = gradient / (features.shape[0] * features.shape[1])  # of the mean over the image, at each place
        assert answer == pytest.approx(expected, rel=1e-4)
        np.testing.assert_allclose(cells, features @ weights, rtol=1e-3, atol=1e-5)


def test_maps_of_an_inner_stage_are_those_of_a_gradient_film_by_film(network: Classifier, images: np.ndarray) -> None:
    graphdef, variables = split(network)
    found = {method: Explainer(graphdef, SIZE, STORED, method, "stage3", BATCH)(variables, images).maps
             for method in METHODS}  # fmt: skip
    merged, state = nnx.split(network)

    @jax.jit
    @jax.grad
    def slopes(features: jax.Array, state: nnx.State) -> jax.Array:
        logits = nnx.merge(merged, state).decode(features, "stage3")[0]
        return logits[1] - logits[0]

    for index, values in enumerate(features_of(network, images)["stage3"]):
        gradient = np.asarray(slopes(jnp.asarray(values[None]), state))[0]
        for method in METHODS:
            expected = np.zeros(values.shape[:2])
            for channel in range(values.shape[2]):
                slope = gradient[..., channel]
                expected += values[..., channel] * (slope.mean() if method == "gradcam" else slope)
            np.testing.assert_allclose(found[method][index], expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())
    assert found["gradcam"].shape == (3, 4, 4)
    assert np.abs(found["gradcam"] - found["hirescam"]).max() > 0.01 * np.abs(found["gradcam"]).max()


def test_both_methods_agree_behind_the_last_stage(network: Classifier, images: np.ndarray) -> None:
    graphdef, variables = split(network)
    one, other = (Explainer(graphdef, SIZE, STORED, method, "stage4", BATCH)(variables, images).maps
                  for method in METHODS)  # fmt: skip
    np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("hidden", [(), (16,)])
def test_a_map_and_the_part_of_the_biases_add_up_to_the_answer(
    network: Classifier, images: np.ndarray, hidden: tuple[int, ...]
) -> None:
    if not hidden:
        network = network_of(dataclasses.replace(network.spec, hidden=()))
    graphdef, variables = split(network)
    found = Explainer(graphdef, SIZE, STORED, "hirescam", "stage4", BATCH)(variables, images)
    for features, rest in zip(features_of(network, images)["stage4"], found.rest, strict=True):
        assert rest == pytest.approx(head_by_hand(network, features.mean(axis=(0, 1)))[2], rel=1e-3, abs=1e-4)
    if not hidden:
        bias = np.asarray(network.head.layers[0].bias[...])
        np.testing.assert_allclose(found.rest, bias[1] - bias[0], rtol=1e-3, atol=1e-4)


def test_answers_are_the_log_odds_of_the_classifier(network: Classifier, images: np.ndarray) -> None:
    graphdef, variables = split(network)
    logits = np.concatenate([Predictor(graphdef, SIZE, STORED, BATCH)(variables, part)
                             for part in (images[:2], images[2:])])  # fmt: skip
    for stage in STAGES:
        answers = Explainer(graphdef, SIZE, STORED, "gradcam", stage, BATCH)(variables, images).answers
        np.testing.assert_allclose(answers, logits[:, 1] - logits[:, 0], rtol=1e-4, atol=1e-5)


def test_a_film_has_the_same_map_alone_and_in_a_batch(network: Classifier, images: np.ndarray) -> None:
    graphdef, variables = split(network)
    explainer = Explainer(graphdef, SIZE, STORED, "hirescam", "stage3", BATCH)
    together = explainer(variables, images)
    alone = [explainer(variables, image[None]) for image in images]
    np.testing.assert_allclose(together.maps, np.concatenate([one.maps for one in alone]), rtol=1e-4, atol=1e-6)
    assert len(explainer(variables, images[:0]).maps) == 0


def test_a_network_that_computes_in_bfloat16_has_maps_in_float32(network: Classifier, images: np.ndarray) -> None:
    graphdef, variables = split(network)
    exact = Explainer(graphdef, SIZE, STORED, "hirescam", "stage3", BATCH)(variables, images).maps
    graphdef, variables = split(network_of(dataclasses.replace(network.spec, dtype="bfloat16")))
    found = Explainer(graphdef, SIZE, STORED, "hirescam", "stage3", BATCH)(variables, images).maps
    assert found.dtype == np.float32
    assert 0.95 < np.corrcoef(found.ravel(), exact.ravel())[0, 1] < 1


def test_what_is_no_method_and_no_stage_is_refused(network: Classifier) -> None:
    graphdef, _ = split(network)
    with pytest.raises(ValueError, match="lime"):
        Explainer(graphdef, SIZE, STORED, "lime", "stage4")
    with pytest.raises(ValueError, match="stem"):
        Explainer(graphdef, SIZE, STORED, "gradcam", "stem")
