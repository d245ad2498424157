"""Computes heat maps: which areas of a film speak for the positive class, and how much.

The network is cut in two behind a stage. The lower half gives the features of that stage once; the upper half is small,
and its gradient is the gradient of the answer with respect to the features.

- The answer that is explained is the difference of the two logits, positive minus negative. It is the log odds of the
  probability that `classify` prints. A shift of both logits by the same amount changes neither.
- Grad-CAM (Selvaraju et al. 2017, arXiv:1610.02391) weights each channel by the mean of its gradient over the image.
- HiResCAM (Draelos and Carin 2020, arXiv:2011.08891) multiplies the features by the gradient at each place.

Behind ``stage4`` comes the mean over the image, so a channel's gradient is the same at every place, and the two methods
are the same there, up to rounding. They differ behind ``stage3``, whose maps have twice the resolution.

A map is signed, in units of log odds: above zero an area speaks for the positive class, below zero for the negative
one. The ReLU of both papers is left to what draws a map. At ``stage4`` a map and `Explanation.rest` add up to the
answer, for a linear head and for one with hidden layers: hidden layers of ReLU are linear around one film. For a linear
head the rest is the same for all films (the difference of two biases); with hidden layers it is the part of their
biases that reaches the answer for this film.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from cxrtui.data.augment import resample
from cxrtui.evaluation.predict import Variables
from cxrtui.net import freeze
from cxrtui.net.backend import compiler_options
from cxrtui.net.layout import Layout
from cxrtui.net.programs import Programs, kind
from cxrtui.net.resnet import normalise

METHODS = ("gradcam", "hirescam")
STAGES = ("stage3", "stage4")

Program = Callable[[Variables, Any], tuple[jax.Array, jax.Array]]
_PROGRAMS: Programs[Program] = Programs()


@dataclass(frozen=True, eq=False)
class Explanation:
    """Heat maps of N films.

    Attributes:
        maps: float32 ``[N, h, w]``, log odds; positive where an area speaks for the positive class.
        answers: float32 ``[N]``, log odds: the logit of the positive class minus that of the negative one.
    """

    maps: NDArray[np.float32]
    answers: NDArray[np.float32]

    @property
    def rest(self) -> NDArray[np.float32]:
        """What the maps leave of the answers, float32 ``[N]``; at ``stage4`` this is the part of the head's biases."""
        rest: NDArray[np.float32] = self.answers - self.maps.sum(axis=(1, 2))
        return rest


class Explainer:
    """Compiled heat maps for one network, input size, method, stage and batch; variables are an argument.

    Args:
        graphdef: the network's description.
        size: of the network's input, pixels.
        stored_size: of the stored images, pixels.
        method: one of `METHODS`.
        stage: one of `STAGES`, behind which the network is cut.
        batch: images in each call; fewer are padded.
        layout: of the devices; by default only the first one.

    Raises:
        ValueError: the method or the stage is not one of these.
    """

    def __init__(
        self, graphdef: Any, size: int, stored_size: int, method: str = "gradcam", stage: str = "stage4",
        batch: int = 8, layout: Layout | None = None,
    ) -> None:  # fmt: skip
        if method not in METHODS or stage not in STAGES:
            raise ValueError(f"no heat map by {method!r} of {stage!r}; {METHODS} of {STAGES} are known")
        self.graphdef, self.size, self.stored_size = graphdef, size, stored_size
        self.method, self.stage, self.batch = method, stage, batch
        self.layout = layout or Layout.over()

    def __call__(self, variables: Variables, images: NDArray[np.uint8]) -> Explanation:
        """Return the heat maps of any number of stored images, uint8 ``[n, stored_size, stored_size]``."""
        program = self._program(variables)
        maps, answers = [], []
        for start in range(0, len(images), self.batch):
            part = images[start : start + self.batch]
            count = len(part)
            if count < self.batch:
                padding = np.zeros((self.batch - count, self.stored_size, self.stored_size), np.uint8)
                part = np.concatenate([part, padding])
            found, answer = program(variables, self.layout.put_batch(part))
            maps.append(np.asarray(found)[:count])
            answers.append(np.asarray(answer)[:count])
        if not maps:
            return Explanation(np.zeros((0, 0, 0), np.float32), np.zeros(0, np.float32))
        return Explanation(np.concatenate(maps), np.concatenate(answers))

    def _program(self, variables: Variables) -> Program:
        images = self.layout.abstract_batch((self.batch, self.stored_size, self.stored_size), np.uint8)
        fixed = (self.graphdef, self.size, self.layout, self.method, self.stage)

        def compiled() -> Program:
            program: Program = (
                jax.jit(functools.partial(_explain, *fixed)).lower(variables, images).compile(compiler_options())
            )
            return program

        return _PROGRAMS.get((*fixed, self.stored_size, self.batch, kind(variables)), compiled)


def _explain(
    graphdef: Any, size: int, layout: Layout, method: str, stage: str, variables: Variables, images: jax.Array
) -> tuple[jax.Array, jax.Array]:
    """Return maps float32 ``[B, h, w]`` and answers float32 ``[B]`` of stored images, uint8 ``[B, S, S]``."""
    network = freeze.merge(graphdef, variables["trainable"], variables["frozen"], variables["statistics"])
    # In float32, so that the gradient and the sums are not rounded to the compute dtype.
    features = network.encode(normalise(resample(images, size)), stage).astype(jnp.float32)

    def answer(features: jax.Array) -> jax.Array:
        logits = network.decode(features, stage)
        return logits[:, 1] - logits[:, 0]

    # Without batch statistics an answer depends on its own features alone: one pullback gives all gradients.
    answers, pull = jax.vjp(answer, features)
    (gradient,) = pull(jnp.ones_like(answers))
    if method == "gradcam":
        gradient = jnp.broadcast_to(jnp.mean(gradient, axis=(1, 2), keepdims=True), gradient.shape)
    maps = jnp.sum(gradient * features, axis=-1)
    whole: tuple[jax.Array, jax.Array] = jax.lax.with_sharding_constraint((maps, answers), layout.state)
    return whole
