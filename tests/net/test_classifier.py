"""The classifier and its spec."""

from __future__ import annotations

import json
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from cxrtui.net.classifier import Classifier, ClassifierSpec, abstract, create
from cxrtui.net.layers import Dropout
from cxrtui.net.programs import kind
from cxrtui.net.resnet import CUTS
from tests.net.compiled import run

pytestmark = pytest.mark.slow


def test_spec_survives_json() -> None:
    spec = ClassifierSpec(hidden=(64, 32), freeze="stage2", dtype="bfloat16", stem_offset=True)
    assert ClassifierSpec.from_dict(json.loads(json.dumps(spec.as_dict()))) == spec
    with pytest.raises(TypeError, match="depth"):
        ClassifierSpec.from_dict({"depth": 50})
    assert ClassifierSpec.from_dict({**spec.as_dict(), "dropout": 0.3}) == spec  # as older versions wrote it


@pytest.mark.parametrize(
    "wrong",
    [{"freeze": "stage5"}, {"dtype": "int8"}, {"hidden": (0,)}, {"stage_sizes": (1, 1)}],
)
def test_spec_refuses_what_cannot_be(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ClassifierSpec(**wrong)


@pytest.mark.parametrize("spec", [
    ClassifierSpec(width=4, stage_sizes=(1, 2, 1, 1), stem_offset=True, freeze="stage2"),
    ClassifierSpec(width=4, stage_sizes=(1, 1, 1, 1), hidden=(), classes=0, channels=3, architecture="v1"),
])  # fmt: skip
def test_the_abstract_network_is_what_tracing_gives(spec: ClassifierSpec) -> None:
    traced = nnx.split(nnx.eval_shape(lambda: Classifier(spec, nnx.Rngs(0))))
    found = nnx.split(abstract(spec))
    assert found[0] == traced[0]
    assert kind(found[1]) == kind(traced[1])


@pytest.mark.parametrize(("hidden", "parameters"), [((256,), 2048 * 256 + 256 + 256 * 2 + 2), ((), 2048 * 2 + 2)])
def test_head_size(hidden: tuple[int, ...], parameters: int) -> None:
    network = nnx.eval_shape(lambda: Classifier(ClassifierSpec(hidden=hidden), nnx.Rngs(0)))
    assert sum(leaf.size for leaf in jax.tree.leaves(nnx.state(network.head))) == parameters


def test_logits_and_dropout(tiny: ClassifierSpec) -> None:
    network = create(tiny)
    images = jax.random.normal(jax.random.key(0), (3, 32, 32, 1))
    logits = run(network, images)
    assert (logits.shape, logits.dtype) == ((3, 2), jnp.float32)
    half, other, most = (
        Dropout(jax.random.key(seed), jnp.float32(rate)) for seed, rate in ((1, 0.5), (2, 0.5), (1, 0.9))
    )
    np.testing.assert_array_equal(logits, run(network, images, dropout=half))  # not in evaluation

    first = run(network, images, train=True, dropout=half)
    np.testing.assert_array_equal(first, run(network, images, train=True, dropout=half))
    assert not np.array_equal(first, run(network, images, train=True, dropout=other))
    assert not np.array_equal(first, run(network, images, train=True, dropout=most))
    assert not np.array_equal(first, run(network, images, train=True))


def test_create_depends_on_the_seed_alone(tiny: ClassifierSpec) -> None:
    first, again, other = (jax.tree.leaves(nnx.state(create(tiny, seed))) for seed in (0, 0, 1))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


@pytest.fixture(scope="module")
def cut() -> tuple[Classifier, jax.Array]:
    """A narrow network whose stages have one block or two, and images of an odd size."""
    spec = ClassifierSpec(width=4, stage_sizes=(1, 2, 1, 1), hidden=(8,), freeze="stem", stem_offset=True)
    return create(spec, seed=3), jax.random.normal(jax.random.key(0), (3, 45, 38, 1))


@pytest.mark.parametrize("train", [False, True])
def test_a_network_cut_in_two_is_the_whole_exactly(cut: tuple[Classifier, jax.Array], train: bool) -> None:
    graphdef, state = nnx.split(cut[0])
    dropout = Dropout(jax.random.key(1), jnp.float32(0.5)) if train else None

    @jax.jit
    def both(state: nnx.State, images: jax.Array) -> tuple[jax.Array, dict[str, jax.Array]]:
        def network() -> Classifier:  # a new one each time: training moves its running averages
            return nnx.merge(graphdef, state, copy=True)

        def rejoined(group: str) -> jax.Array:
            features = network().encode(images, group, train=train)
            return network().decode(features, group, train=train, dropout=dropout)

        return network()(images, train=train, dropout=dropout), {group: rejoined(group) for group in CUTS}

    whole, parts = both(state, cut[1])
    assert whole.any()
    for group in CUTS:
        np.testing.assert_array_equal(parts[group], whole, group)


def test_one_dictionary_holds_all_that_the_network_computes(cut: tuple[Classifier, jax.Array]) -> None:
    network, images = cut
    outputs = run(network, images, method="outputs")
    assert sorted(outputs) == ["logits", "pooled", "spatial"]
    assert {group: features.shape for group, features in outputs["spatial"].items()} == {
        "stem": (3, 12, 10, 4), "stage1": (3, 12, 10, 16), "stage2": (3, 6, 5, 32), "stage3": (3, 3, 3, 64),
        "stage4": (3, 2, 2, 128),
    }  # fmt: skip
    for group, features in outputs["spatial"].items():
        np.testing.assert_allclose(outputs["pooled"][group], np.asarray(features).mean((1, 2)), rtol=1e-5, atol=1e-6)
    # Another program each: what XLA fuses, it may sum in another order.
    alone = run(network, images, method="encode", upto="stage1")
    np.testing.assert_allclose(outputs["spatial"]["stage1"], alone, rtol=1e-4, atol=1e-5)
    logits = run(network, outputs["spatial"]["stage3"], method="decode", start="stage3")
    np.testing.assert_allclose(outputs["logits"], logits, rtol=1e-4, atol=1e-6)


def test_a_map_of_a_stage_has_a_gradient(cut: tuple[Classifier, jax.Array]) -> None:
    """Grad-CAM asks for it (Selvaraju et al., 2017): of a logit, by the features of a stage."""
    network, _ = cut
    features = jax.random.normal(jax.random.key(2), (3, 3, 3, 64))
    gradient = jax.grad(lambda features: run(network, features, method="decode", start="stage3")[0, 1])(features)
    assert gradient.shape == features.shape
    assert gradient[0].any()
    assert not gradient[1:].any()
