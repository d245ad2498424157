"""Test-time augmentation: the mean probability of a film and of random changes of it, as in the training.

The changes are those of the run's own settings `augment`, so that the network has learnt to bear them (Krizhevsky et
al., NeurIPS 2012, averaged crops and reflections in the same way). Their draws depend on the seed and the order of the
films alone.
"""

from __future__ import annotations

import functools
from collections.abc import Generator
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from cxrtui.data.augment import Strengths, augment_each, fold_each
from cxrtui.data.loader import Loader
from cxrtui.errors import CheckCancelled, UsageError
from cxrtui.evaluation.model import Model
from cxrtui.evaluation.predict import Variables, in_order, softmax
from cxrtui.net import freeze
from cxrtui.net.backend import compiler_options
from cxrtui.net.layout import Layout
from cxrtui.net.resnet import normalise
from cxrtui.runs.events import Preparing

SEED = 0
MOST = 64
"""Changes of a film at most."""
_DRAWN = 32  # films that draw from one key, each by its place among them


def _forward(
    graphdef: Any, size: int, layout: Layout, variables: Variables, images: jax.Array, key: jax.Array,
    places: jax.Array, strengths: Strengths,
) -> jax.Array:  # fmt: skip
    """Return logits float32 ``[B, 2]`` of stored images, uint8 ``[B, S, S]``, each changed by its place, uint32.

    The draws are those of batches of `_DRAWN` films, whatever the batch.
    """
    network = freeze.merge(graphdef, variables["trainable"], variables["frozen"], variables["statistics"])
    inside = places % _DRAWN
    keys = jax.vmap(jax.random.fold_in)(fold_each(key, places - inside), inside)
    logits: jax.Array = network(normalise(augment_each(images, keys, strengths, size)))
    whole: jax.Array = jax.lax.with_sharding_constraint(logits, layout.state)
    return whole


def changed(
    model: Model, loader: Loader, layout: Layout, passes: int, batch: int, check_cancelled: CheckCancelled
) -> Generator[Preparing, None, NDArray[np.float64]]:
    """Return the mean probability of the positive class over `passes` random changes of each film, float64 ``[N]``.

    Args:
        model: its `config.augment` says how strong the changes are.
        loader: of the films.
        layout: of the devices.
        passes: how many changes of each film, from 1 to `MOST`.
        batch: images in each call.
        check_cancelled: is asked after each batch.

    Raises:
        UsageError: the model was trained without augmentation.
        Cancelled: `check_cancelled` said so.
    """
    strengths = Strengths.of(model.config.augment)
    if strengths == Strengths():
        raise UsageError(f"{model.name} was trained without augmentation, so that there is none for --tta to take.")
    program = jax.jit(
        functools.partial(_forward, model.graphdef, model.size, layout), compiler_options=compiler_options()
    )
    strengths = layout.put_state(strengths)
    count = len(loader.split)
    total = np.zeros(count)
    for number in range(passes):
        key = layout.put_state(jax.random.fold_in(jax.random.key(SEED), number))
        for start, films in zip(range(0, count, batch), loader.batches(in_order(count, batch)), strict=True):
            drawn = layout.put_batch(np.arange(start, start + batch, dtype=np.uint32))
            rows = np.asarray(program(model.variables, films.images, key, drawn, strengths))[: count - start]
            total[start : start + len(rows)] += softmax(rows)[:, 1]
            yield Preparing(stage="evaluating changed films", done=number * count + start + len(rows),
                            total=passes * count)  # fmt: skip
            check_cancelled()
    mean: NDArray[np.float64] = total / passes
    return mean
