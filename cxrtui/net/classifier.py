"""The classifier: a ResNet-50 backbone and a small head, described by one JSON-able spec."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx

from cxrtui.net.layers import EPSILON, Dropout, dropout
from cxrtui.net.resnet import ARCHITECTURES, COMPUTE_DTYPES, GROUPS, ResNet50, average_pool
from cxrtui.settings.config import FREEZE_LEVELS

# Cumulative: "stage2" freezes stem, stage1 and stage2.
assert ("none", *GROUPS) == FREEZE_LEVELS


@dataclasses.dataclass(frozen=True)
class ClassifierSpec:
    """All that decides a classifier's shape and mode, and nothing that training decides.

    Attributes:
        hidden: widths of the head's hidden layers; empty for a linear head.
        classes: logits; 0 for no head, and the pooled features ``[N, 32 width]`` come out instead.
        freeze: one of `FREEZE_LEVELS`; what stays as it is in training.
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
        """A dictionary of JSON's own types."""
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in dataclasses.asdict(self).items()
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ClassifierSpec:
        """The inverse of `as_dict`; an unknown name is a ``TypeError``.

        Older versions recorded the dropout rate as well, which no longer belongs to the network.
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
        """Logits of pooled features ``[N, inputs]``; with None nothing is dropped."""
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
        self.head = Head(self.backbone.features, spec, rngs=rngs)

    def __call__(self, images: jax.Array, *, train: bool = False, dropout: Dropout | None = None) -> jax.Array:
        """Logits.

        Args:
            images: ``[N, H, W, channels]`` float32; with one channel, normalised by `resnet.normalise`.
            train: layers that are not frozen normalise by the batch and move their running averages, and the head
                drops out. Otherwise running averages everywhere and no dropout.
            dropout: before each of the head's layers, where given; only with ``train``.

        Returns:
            ``[N, classes]`` float32.
        """
        return self.decode(images, "none", train=train, dropout=dropout)

    def encode(self, images: jax.Array, upto: str, *, train: bool = False) -> jax.Array:
        """The lower part of the network: the features of one group.

        Args:
            images: as for a call.
            upto: one of `resnet.LEVELS`; with ``none``, the images themselves come back.
            train: as for a call.

        Returns:
            ``[N, h, w, c]`` in the compute dtype.
        """
        if upto == "none":
            return images
        return self._groups(images, train=train, upto=upto)[upto]

    def decode(
        self, features: jax.Array, start: str, *, train: bool = False, dropout: Dropout | None = None
    ) -> jax.Array:
        """The upper part of the network: ``decode(encode(images, level), level)`` is ``network(images)``.

        It is so exactly, in one compiled program. Where the two are compiled apart, XLA may sum in another order what
        it had fused, above all the pooling behind ``stage4``, and the last bits may differ.

        Args:
            features: of the group `start`, as `encode` gives them.
            start: one of `resnet.LEVELS`; what is above it is computed here.
            train: as for a call.
            dropout: as for a call.

        Returns:
            Logits ``[N, classes]`` float32.
        """
        last = GROUPS[-1]
        if start != last:
            features = self._groups(features, start=start, train=train)[last]
        return self.head(average_pool(features), dropout if train else None).astype(jnp.float32)

    def outputs(self, images: jax.Array) -> dict[str, Any]:
        """All that the network computes of images, on the running averages.

        In a compiled program, what is not used of it costs nothing.

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
        """Stem and stages averaged over the image, by name: ``[N, c]`` float32, on the running averages."""
        pooled: dict[str, jax.Array] = self.outputs(images)["pooled"]
        return pooled

    def _groups(self, features: jax.Array, **options: Any) -> dict[str, jax.Array]:
        frozen = FREEZE_LEVELS.index(self.spec.freeze)
        found: dict[str, jax.Array] = self.backbone.outputs(features, frozen=frozen, **options)
        return found


def create(spec: ClassifierSpec, seed: int = 0) -> Classifier:
    """A classifier with random weights, a function of ``spec`` and ``seed`` alone.

    Same as ``Classifier(spec, nnx.Rngs(key))`` but compiled as one program, which the compilation cache keeps: a
    second process has a full ResNet-50 in a second, where the many small programs of the eager way take eight.
    """
    graphdef, state = _create(spec, jax.random.key(seed))
    network: Classifier = nnx.merge(graphdef, state)
    return network


@functools.partial(jax.jit, static_argnums=0)
def _create(spec: ClassifierSpec, key: jax.Array) -> tuple[nnx.GraphDef[Classifier], nnx.State]:
    graphdef, state = nnx.split(Classifier(spec, nnx.Rngs(key)))
    return graphdef, state
