"""An original and its port side by side, as largest relative differences.

python -m tests.parity.compare             the table, on whole ResNet-50s
python -m tests.parity.compare --golden    the golden values of small ones, written anew

Names of originals after either restrict it to them. docs/weights.md says what must be installed.
"""

from __future__ import annotations

import functools
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx

from cxrtui.net.classifier import Classifier
from cxrtui.net.resnet import normalise
from cxrtui.weights import port, saved
from cxrtui.weights.formats import FORMATS, Normalisation
from tests.parity.formula import frame, pixels
from tests.parity.original import Original
from tests.parity.originals import FLAVOUR, ORIGINALS

WHOLE, SMALL = (3, 4, 6, 3), (2, 1, 1, 1)
GOLDEN = Path(__file__).parent / "golden"


def normalised(films: np.ndarray, how: Normalisation) -> np.ndarray:
    """Films in [0, 1] as the original's input, float64; colour channels are RGB."""
    if how.order == "BGR":
        films = films[..., ::-1]
    return (films * how.scale - np.array(how.mean)) / np.array(how.std)


def grey_input(films: np.ndarray) -> np.ndarray:
    return np.asarray(normalise(jnp.asarray(films, jnp.float32)))


def like(sizes: tuple[int, ...]) -> port.PortOptions:
    return port.PortOptions(stages=sizes)


def difference(ours: Any, theirs: Any) -> float:
    """The largest difference, relative to the largest value."""
    ours, theirs = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
    assert ours.shape == theirs.shape
    return float(np.abs(ours - theirs).max() / np.abs(theirs).max())


@jax.jit
def trained(network: Any, images: jax.Array) -> nnx.State:
    copy: Classifier = nnx.merge(*network, copy=True)
    copy(images, train=True)
    return nnx.state(copy, nnx.BatchStat)


def pixels_in(path: tuple[Any, ...], architecture: str, films: np.ndarray) -> int:
    """Over how many values a batch normalisation averages."""
    count, height, width, _ = films.shape
    halvings = 1
    if path[1] != "stem":
        stage = int(path[1][-1])
        early = path[4] == "norm1" and path[3] == 0 and stage > 1 and architecture == "v1.5"
        halvings = stage + (0 if early else 1)
    for _ in range(halvings):
        height, width = (height + 1) // 2, (width + 1) // 2
    return count * height * width


def batch_statistics(before: Any, after: Any, momentum: float, unbiased: bool, spec: Any, films: Any) -> dict:
    """Means and biased variances of the batch, from how far the running averages moved."""
    found = {}
    for path, old in before.items():
        if path[-1] in ("mean", "var"):
            moved = (after[path].astype(np.float64) - momentum * old) / (1 - momentum)
            if path[-1] == "var" and unbiased:
                n = pixels_in(path, spec.architecture, films)
                moved *= (n - 1) / n
            found[path] = moved
    return found


def compare(name: str, original: Original, sizes: tuple[int, ...], folder: Path) -> dict[str, float]:
    """Logits, stages, batch normalisation's updates, and grey films against RGB ones, as relative differences."""
    file = folder / original.file_name
    original.save(file)
    format = FORMATS[FLAVOUR.get(name, name)]
    classifier, manifest = saved.read_network(file, like(sizes))
    assert manifest.format == format.name

    def films(channels: int) -> np.ndarray:
        return pixels(channels, *(frame(sizes) if original.side == 0 else (2, original.side, original.side)))

    def prepared(films: np.ndarray) -> np.ndarray:
        how = original.prepare or functools.partial(normalised, how=format.normalisation)
        return how(films)

    theirs = prepared(films(format.channels))
    ours = normalised(films(3), format.normalisation) if format.channels == 3 else grey_input(films(1))
    network = saved.Network(classifier, manifest)
    logits, stages = original.evaluate(theirs)
    found = network.stages(ours)
    result = {
        "logits": difference(network(ours), logits),
        "stages": max(difference(found[stage], pooled) for stage, pooled in stages.items()),
    }
    theirs_grey = prepared(np.repeat(films(1), format.channels, axis=-1))
    result["grey"] = difference(network(grey_input(films(1))), original.evaluate(theirs_grey)[0])

    before = port.read(file, like(sizes)).arrays
    moved = trained(nnx.split(classifier), jnp.asarray(ours, jnp.float32))
    after = {path: np.asarray(variable[...]) for path, variable in nnx.to_flat_state(moved)}
    original.train(theirs)
    original.save(file)
    after_theirs = port.read(file, like(sizes)).arrays
    args = classifier.spec, ours
    us = batch_statistics(before, after, 0.9, True, *args)
    them = batch_statistics(before, after_theirs, original.momentum, original.unbiased, *args)
    result["BN updates"] = max(difference(us[path], them[path]) for path in them)
    return result


def golden(name: str, original: Original) -> dict[str, Any]:
    """Keys of the original's file, and what it answers."""
    format = FORMATS[FLAVOUR.get(name, name)]
    logits, stages = original.evaluate(normalised(pixels(format.channels), format.normalisation))

    def told(values: np.ndarray) -> list[list[float]]:
        return [[float(f"{value:.7g}") for value in row] for row in values[:, :16]]

    return {
        "file": original.file_name,
        "classes": original.classes,
        "keys": {key: list(shape) for key, shape in original.keys.items()},
        "logits": told(logits),
        "stages": {stage: told(pooled) for stage, pooled in stages.items()},
    }


def main() -> None:
    names = [name for name in sys.argv[1:] if not name.startswith("-")] or list(ORIGINALS)
    if "--golden" not in sys.argv:
        print("| format | logits | stages | BN updates | grey films |\n| --- | --- | --- | --- | --- |")
    for name in names:
        if "--golden" in sys.argv:
            (GOLDEN / f"{name}.json").write_text(json.dumps(golden(name, ORIGINALS[name](SMALL))) + "\n")
            continue
        with tempfile.TemporaryDirectory() as folder:
            row = compare(name, ORIGINALS[name](WHOLE), WHOLE, Path(folder))
        print(f"| {name} | " + " | ".join(f"{row[key]:.1e}" for key in ("logits", "stages", "BN updates", "grey"))
              + " |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
