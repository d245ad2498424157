"""transformers' Flax network, in an environment of its own: no JAX of today runs it.

``CXRTUI_PARITY_FLAX`` names the Python of that environment (dependency group ``parity-flax``).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import weakref
from pathlib import Path

import numpy as np

from tests.parity.original import STAGES, Original, Sizes

VARIABLE = "CXRTUI_PARITY_FLAX"
FILE = "flax_model.msgpack"


def flax(sizes: Sizes) -> Original:
    python = os.environ[VARIABLE]
    folder = tempfile.mkdtemp()
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith(("JAX_", "PYTHON"))}

    def peer(*arguments: str) -> None:
        """One act of `flax_peer` on the folder, where it keeps its weights as transformers saves them."""
        subprocess.run([Path(python).absolute(), "-m", "tests.parity.flax_peer", folder, *arguments], check=True,
                       cwd=Path(__file__).parents[2], env=surroundings, capture_output=True)  # fmt: skip

    def give(images: np.ndarray) -> None:
        np.save(Path(folder) / "images.npy", images.astype(np.float32))

    def evaluate(images: np.ndarray) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        give(images)
        peer("evaluate")
        with np.load(Path(folder) / "answer.npz") as answer:
            return answer["logits"], {name: answer[name] for name in STAGES}

    def train(images: np.ndarray) -> None:
        give(images)
        peer("train")

    peer("create", json.dumps(sizes))
    keys = {key: tuple(shape) for key, shape in json.loads((Path(folder) / "keys.json").read_text()).items()}
    original = Original(FILE, "HWIO", lambda path: shutil.copy(Path(folder) / FILE, path), evaluate, train, keys,
                        unbiased=False)  # fmt: skip
    weakref.finalize(original, shutil.rmtree, folder)
    return original
