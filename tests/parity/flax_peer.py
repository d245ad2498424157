"""The other side of `flax_original`: run by a Python that has transformers 4.49 with Flax, and no cxrtui.

python -m tests.parity.flax_peer FOLDER create SIZES | evaluate | train
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import jax
import numpy as np
from flax.traverse_util import flatten_dict, unflatten_dict
from transformers import FlaxResNetForImageClassification, ResNetConfig

from tests.parity.formula import CLASSES, weight
from tests.parity.original import STAGES


def create(folder: Path, sizes: list[int]) -> None:
    config = ResNetConfig(depths=sizes, num_labels=CLASSES)
    model = FlaxResNetForImageClassification(config, input_shape=(1, 64, 56, 3))
    flat = flatten_dict(model.params)
    # The trees params and batch_stats become one, as where they are read.
    keys = {path: ".".join(path[1:]) for path in flat}
    model.params = unflatten_dict({path: weight(key, flat[path].shape, "HWIO") for path, key in keys.items()})
    model.save_pretrained(folder)
    (folder / "keys.json").write_text(json.dumps({key: flat[path].shape for path, key in keys.items()}))


def evaluate(folder: Path) -> None:
    model = FlaxResNetForImageClassification.from_pretrained(folder)
    out = model(_images(folder), output_hidden_states=True)
    stages = {name: np.asarray(state).mean((2, 3)) for name, state in zip(STAGES, out.hidden_states, strict=True)}
    np.savez(folder / "answer.npz", logits=np.asarray(out.logits), **stages)


def train(folder: Path) -> None:
    model = FlaxResNetForImageClassification.from_pretrained(folder)
    _, moved = model(_images(folder), train=True)
    model.params = {**model.params, "batch_stats": jax.tree_util.tree_map(np.asarray, moved["batch_stats"])}
    model.save_pretrained(folder)


def _images(folder: Path) -> np.ndarray:
    return np.load(folder / "images.npy").transpose(0, 3, 1, 2)  # its entrance takes torch's order


if __name__ == "__main__":
    place, act, *arguments = sys.argv[1:]
    {"create": create, "evaluate": evaluate, "train": train}[act](Path(place), *map(json.loads, arguments))
