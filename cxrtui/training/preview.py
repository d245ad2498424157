"""Makes a few training films as the network sees them: decoded, resampled and augmented as in a step of training.

As a program it gets a configuration as the first line of stdin and then a step a line, and answers each (`previewing`).
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from cxrtui.data.augment import Strengths, augment
from cxrtui.data.films import printable
from cxrtui.data.images.decode import stored_size
from cxrtui.data.images.decoding.films import read_film, rest
from cxrtui.data.loader import epoch_order, steps_per_epoch
from cxrtui.data.pool import OnProgress, no_progress
from cxrtui.data.sources.corrections import read_corrected
from cxrtui.data.sources.labels import select
from cxrtui.errors import ConfigError, CxrtuiError, DataError, FilmError
from cxrtui.settings.config import Config, resolve
from cxrtui.training.previewing import Preview

COUNT = 8
NICE = 10
_TRIES = 4  # films that are tried for each one that is shown


def augmented(config: Config, step: int, on_progress: OnProgress = no_progress) -> Preview:
    """Return `COUNT` films as training step `step` (from 0) sees the first of its batch.

    The augmentation of a film is a function of (seed, step, place in the batch), and is the one of that step. The films
    are drawn from all that count, because the split is made only when a run prepares its films.

    Args:
        config: of the run.
        step: of the run, from 0.
        on_progress: called while films are read; it may raise an error to end the work.

    Raises:
        DataError: the source or its labels cannot be used, or no film can be read.
        ConfigError: a pattern is wrong.
    """
    data = config.data
    collection = read_corrected(data, data.source, on_progress)
    chosen, labels, _ = select(collection, data.positive, data.negative, views=data.views)
    if not chosen:
        raise DataError("No film is of a class and view that counts.")
    steps = steps_per_epoch(len(chosen), COUNT)
    drawn = epoch_order(config.run.seed, step // steps + 1, len(chosen), COUNT)
    order = np.roll(drawn.reshape(-1), -(step % steps) * COUNT)
    images, names, shown = list[NDArray[np.uint8]](), list[str](), list[str]()
    size = stored_size(data.size)
    try:
        for place in order[: COUNT * _TRIES]:
            on_progress("decoding films", len(images), COUNT)
            film, index = chosen[int(place)]
            try:
                images.append(read_film(film.path, size, data.resize_mode, film.display, lambda: False).values)
            except FilmError:
                continue
            names.append(printable(film.path.name))
            shown.append(labels.names[index])
            if len(images) == COUNT:
                break
    finally:
        rest()
    if not images:
        raise DataError("None of the films that were tried can be read; look at the data for the reasons.")
    on_progress("augmenting", 0, 0)
    return Preview(changed(np.stack(images), config, step), tuple(names), tuple(shown))


def changed(images: NDArray[np.uint8], config: Config, step: int) -> NDArray[np.uint8]:
    """Return stored images as step `step` (from 0) of a run gives them to the network, before normalisation.

    Args:
        images: uint8 ``[n, S, S]``, the first of the batch.
        config: its sections augment, data (size) and run (seed) are read.
        step: of the run.

    Returns:
        uint8 ``[n, size, size]``.
    """
    key, _ = jax.random.split(jax.random.fold_in(jax.random.key(config.run.seed), np.int32(step)))  # as in `train_step`
    pixels = jax.jit(augment, static_argnames="size")(images, key, Strengths.of(config.augment), size=config.data.size)
    return np.asarray(np.round(np.asarray(pixels)[..., 0] * 255.0), np.uint8)


def serve(values: dict[str, str]) -> None:
    """Answer the steps on stdin until it ends."""
    out = sys.stdout.buffer

    def say(**answer: Any) -> None:
        out.write(json.dumps(answer).encode() + b"\n")
        out.flush()

    for line in sys.stdin:
        step = int(line)

        def on_progress(*progress: Any, mine: int = step) -> None:
            say(step=mine, progress=progress)

        try:
            found = augmented(resolve(values), step, on_progress)
        except CxrtuiError as error:
            say(step=step, error=str(error), config=isinstance(error, ConfigError))
        except Exception as error:  # the one who asked must hear of it
            say(step=step, error=f"{type(error).__name__}: {error}", config=False)
        else:
            say(step=step, shape=found.images.shape, names=found.names, labels=found.labels)
            out.write(found.images.tobytes())
            out.flush()


def main() -> None:
    """Read the configuration, and answer steps."""
    with contextlib.suppress(OSError, AttributeError):
        os.nice(NICE)
    serve(json.loads(sys.stdin.readline()))


if __name__ == "__main__":
    main()
