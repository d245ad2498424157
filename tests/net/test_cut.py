"""Where a network is cut: what lies there is what the network computes."""

from __future__ import annotations

import dataclasses

import jax
import jax.numpy as jnp
import pytest
from flax import nnx

from cxrtui.net.classifier import Classifier, ClassifierSpec
from cxrtui.net.cut import Cut
from cxrtui.settings.transfer import STAGES


@pytest.mark.parametrize(("size", "dtype"), [(33, "float32"), (70, "bfloat16")])
def test_a_cut_knows_the_features_that_the_network_has_there(tiny: ClassifierSpec, size: int, dtype: str) -> None:
    for level in STAGES:
        spec = dataclasses.replace(tiny, freeze=level, dtype=dtype)
        cut = Cut.of(spec, size)
        assert cut is not None
        images = jax.ShapeDtypeStruct((3, size, size, 1), jnp.float32)

        def encoded(images: jax.Array, spec: ClassifierSpec = spec, cut: Cut = cut) -> jax.Array:
            features: jax.Array = Classifier(spec, nnx.Rngs(0)).encode(images, cut.name)
            return features

        features = nnx.eval_shape(encoded, images)
        assert (features.shape, str(features.dtype)) == ((3, *cut.shape), cut.dtype)
        assert cut.nbytes * 3 == features.size * features.dtype.itemsize
    assert Cut.of(tiny, size) is None
