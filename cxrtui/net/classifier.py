"""Defines the classifier: a ResNet-50 backbone and a small head, described by one spec that JSON can hold."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from cxrtui import resources
from cxrtui.net.layers import Dropout, dropout
from cxrtui.net.normalisation import EPSILON
from cxrtui.net.programs import Programs
from cxrtui.net.resnet import ARCHITECTURES, COMPUTE_DTYPES, GROUPS, ResNet50, average_pool
from cxrtui.net.shapes import in_shapes_only, shapes_only
from cxrtui.net.traced import CompiledFunction, compile_once
from cxrtui.settings.config import FREEZE_LEVELS

# The levels are cumulative: "stage2" freezes stem, stage1 and stage2.
assert ("none", *GROUPS) == FREEZE_LEVELS

_PROGRAMS: Programs[CompiledFunction] = Programs()
POOLED = "pooled"  # a cut behind the average pooling, where features take the least memory


@dataclasses.dataclass(frozen=True)
class ClassifierSpec:
    """Everything that decides a classifier's shape and mode, and nothing that training decides.

    Attributes:
        hidden: widths of the head's hidden layers; empty for a linear head.
        classes: number of logits; with 0 there is no head, and the network returns the pooled features
            ``[N, 32 width]``.
        freeze: one of `FREEZE_LEVELS`: the groups that training does not change.
        width: features of the stem, 64 in ResNet-50.
        stage_sizes: blocks in each stage.
        dtype: compute dtype, ``float32`` or ``bfloat16``; parameters are float32 in either.
        stem_offset: whether the stem carries a border kernel; `weights.arrays.fill` sets it.
        channels: of the images, 1 or 3.
        architecture: ``v1.5`` or ``v1``, see `resnet`.
        epsilon: of every batch normalisation.

    Raises:
        ValueError: for a value outside these.
    """

    hidden: tuple[int, ...] = (256,)
    classes: int = 2
    freeze: str = "none"
    width: int = 64
    stage_sizes: tuple[int, ...] = (3, 4, 6, 3)
    dtype: str = "float32"
    stem_offset: bool = False
    channels: int = 1
    architecture: str = "v1.5"
    epsilon: float = EPSILON

    def __post_init__(self) -> None:
        if self.freeze not in FREEZE_LEVELS:
            raise ValueError(f"freeze must be one of {', '.join(FREEZE_LEVELS)}, not {self.freeze!r}")
        if self.dtype not in COMPUTE_DTYPES:
            raise ValueError(f"dtype must be one of {', '.join(COMPUTE_DTYPES)}, not {self.dtype!r}")
        if self.architecture not in ARCHITECTURES:
            raise ValueError(f"architecture must be one of {', '.join(ARCHITECTURES)}, not {self.architecture!r}")
        if self.channels not in (1, 3) or not 0.0 < self.epsilon < 1.0:
            raise ValueError("channels must be 1 or 3, and epsilon between 0 and 1")
        if self.classes < 0 or (self.classes == 0 and self.hidden):
            raise ValueError("classes must be positive, or 0 without hidden layers for a network without a head")
        if min((self.width, *self.hidden, *self.stage_sizes)) < 1 or len(self.stage_sizes) != 4:
            raise ValueError("width, hidden and the four stage_sizes must be positive")

    def as_dict(self) -> dict[str, Any]:
        """Return a dictionary of JSON's own types."""
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in dataclasses.asdict(self).items()
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ClassifierSpec:
        """Invert `as_dict`; an unknown name raises ``TypeError``.

        Older versions recorded the dropout rate too, which is no longer a part of the spec.
        """
        frozen: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in values.items()
            if name != "dropout"
        }
        return cls(**frozen)


class Head(nnx.Module):
    """Dropout and dense layers, ReLU between them, in float32: ``[N, inputs]`` to logits ``[N, classes]``."""

    def __init__(self, inputs: int, spec: ClassifierSpec, *, rngs: nnx.Rngs) -> None:
        widths = (inputs, *spec.hidden, spec.classes) if spec.classes else (inputs,)
        self.layers = nnx.List([nnx.Linear(widths[i], widths[i + 1], rngs=rngs) for i in range(len(widths) - 1)])

    def __call__(self, features: jax.Array, how: Dropout | None) -> jax.Array:
        """Return the logits of pooled features ``[N, inputs]``; with None nothing is dropped."""
        for index, layer in enumerate(self.layers):
            if index > 0:
                features = jax.nn.relu(features)
            if how is not None:
                features = dropout(features, how._replace(key=jax.random.fold_in(how.key, index)))
            features = layer(features)
        return features


class Classifier(nnx.Module):
    """Backbone, global average pooling, head.

    Example::

        network = Classifier(ClassifierSpec(freeze="stage1"), nnx.Rngs(0))
        logits = network(normalise(pixels))                                # [N, 2] float32
        logits = network(images, train=True, dropout=Dropout(jax.random.key(step), np.float32(0.3)))
    """

    def __init__(self, spec: ClassifierSpec, rngs: nnx.Rngs) -> None:
        self.spec = spec
        self.backbone = ResNet50(
            channels=spec.channels,
            width=spec.width,
            stage_sizes=spec.stage_sizes,
            dtype=spec.dtype,
            offset=spec.stem_offset,
            architecture=spec.architecture,
            epsilon=spec.epsilon,
            rngs=rngs,
        )
        features = self.backbone.features
        if in_shapes_only():  # Flax's own layers draw
            self.head = nnx.eval_shape(lambda: Head(features, spec, rngs=nnx.Rngs(0)))
        else:
            self.head = Head(features, spec, rngs=rngs)

    def __call__(self, images: jax.Array, *, train: bool = False, dropout: Dropout | None = None) -> jax.Array:
        """Return the logits.

        Args:
            images: ``[N, H, W, channels]`` float32; with one channel, normalised by `resnet.normalise`.
            train: if True, layers that are not frozen normalise by the batch and update their running averages, and
                the head applies dropout. Otherwise all layers use running averages, without dropout.
            dropout: is applied before each of the head's layers; used only with ``train``.

        Returns:
            ``[N, classes]`` float32.
        """
        return self.decode(images, "none", train=train, dropout=dropout)

    def encode(self, images: jax.Array, upto: str, *, train: bool = False) -> jax.Array:
        """Apply the lower groups of the network, and return the features of one group.

        Args:
            images: as for a call.
            upto: one of `resnet.CUTS`; with ``none``, the images themselves are returned. With ``pooled``, all of the
                backbone is applied, and the features of ``stage4`` are averaged over the image.
            train: as for a call.

        Returns:
            ``[N, h, w, c]`` in the compute dtype; with ``pooled``, ``[N, c]`` float32.
        """
        if upto == "none":
            return images
        if upto == POOLED:
            return average_pool(self.encode(images, GROUPS[-1], train=train))
        return self._groups(images, train=train, upto=upto)[upto]

    def decode(
        self, features: jax.Array, start: str, *, train: bool = False, dropout: Dropout | None = None
    ) -> jax.Array:
        """Apply the upper groups of the network: ``decode(encode(images, cut), cut)`` is ``network(images)``.

        Both are equal to the bit in one compiled program. If the two are compiled separately, XLA may sum in another
        order, above all in the pooling behind ``stage4``, and the last bits may differ.

        Args:
            features: of the group `start`, as `encode` returns them.
            start: one of `resnet.CUTS` or ``pooled``; the groups above it are computed here.
            train: as for a call.
            dropout: as for a call.

        Returns:
            Logits ``[N, classes]`` float32.
        """
        last = GROUPS[-1]
        if start not in (last, POOLED):
            features = self._groups(features, start=start, train=train)[last]
        pooled = features if start == POOLED else average_pool(features)
        with jax.named_scope("head"):
            logits: jax.Array = self.head(pooled, dropout if train else None)
            return logits.astype(jnp.float32)

    def outputs(self, images: jax.Array) -> dict[str, Any]:
        """Return all features and logits that the network computes of images, with the running averages.

        In a compiled program, XLA removes the results that are not used.

        Args:
            images: as for a call.

        Returns:
            ``spatial``: by group, features ``[N, h, w, c]`` in the compute dtype; ``pooled``: by group, their float32
            mean over the image ``[N, c]``; ``logits``: ``[N, classes]`` float32.
        """
        spatial = self._groups(images)
        pooled = {group: average_pool(features) for group, features in spatial.items()}
        return {"spatial": spatial, "pooled": pooled, "logits": self.decode(spatial[GROUPS[-1]], GROUPS[-1])}

    def stages(self, images: jax.Array) -> dict[str, jax.Array]:
        """Return the features of stem and stages, averaged over the image, by name; see `ResNet50.stages`."""
        pooled: dict[str, jax.Array] = self.outputs(images)["pooled"]
        return pooled

    def _groups(self, features: jax.Array, **options: Any) -> dict[str, jax.Array]:
        frozen = FREEZE_LEVELS.index(self.spec.freeze)
        found: dict[str, jax.Array] = self.backbone.outputs(features, frozen=frozen, **options)
        return found


def abstract(spec: ClassifierSpec) -> Classifier:
    """Return a classifier with shapes and dtypes in place of arrays."""
    with shapes_only():
        return Classifier(spec, nnx.Rngs(0))


def create(spec: ClassifierSpec, seed: int = 0, *, backbone: bool = True) -> Classifier:
    """Return a classifier with random variables, which depend only on ``spec`` and ``seed``.

    Without `backbone`, its variables are zeros, for one that is filled next: to draw them takes a second.

    It equals ``Classifier(spec, nnx.Rngs(key))`` but is compiled as one program, which the cache keeps. A second
    process then has a full ResNet-50 in one second; without this, the many small programs take eight.
    """
    graphdef, expected = nnx.split(abstract(spec))

    def drawn(key: jax.Array) -> nnx.State:
        network = Classifier(spec, nnx.Rngs(key))
        if not backbone:
            nnx.update(network.backbone, jax.tree.map(jnp.zeros_like, nnx.state(network.backbone)))
        state: nnx.State = nnx.state(network)
        return state

    key = jax.random.key(seed)

    def compiled() -> CompiledFunction:
        return compile_once("create", drawn, (key,), expected, of=(spec, backbone), sharding=None)

    # It is rarely asked for again, and a network's takes 0.1 GB.
    program = compiled() if resources.is_small() else _PROGRAMS.get((spec, backbone), compiled)
    network: Classifier = nnx.merge(graphdef, program(key))
    return network
