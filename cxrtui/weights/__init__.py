"""Weights on disk, in and out: published files, the shelf, and the checkpoints of runs.

To use a network of the shelf::

    from cxrtui import weights

    network = weights.load("imagenet")      # or a path to a folder of a shelf
    logits = network(images)                # float32 [N, H, W, 1 or 3], normalised
    features = network.stages(images)       # {"stem": [N, 64], …, "stage4": [N, 2048]}

To work on it, import the modules, not this package::

    files/           tensors of a file, whatever wrote it: safetensors, .pth, .h5, msgpack
    formats/         whose key is where: one table for each program that writes ResNet-50 weights
    finding.py       where in a file a ResNet-50 is; matching.py: whether it fits to the last key
    port.py          reads a file of any format as arrays; grey.py folds them to one channel
    arrays.py        a network as arrays, and arrays as a network
    backbone.py      what a classifier begins with, from a file or from the shelf
    hub/             published weights: the catalogue of them, and how they are fetched
    shelf.py         the models folder; shelving.py: onto it and off it; manifest.py and cards.py: what a folder says
    saved.py         networks from and to the shelf
    checkpoints.py   a run's saved states; digests.py: whether they are as written; states.py: which there are
    restored.py      the network that a checkpoint holds
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cxrtui.weights.saved import Network

__all__ = ["load"]


def load(name_or_folder: str | Path, *, workspace: str | Path = ".") -> Network:
    """A network of the shelf, in evaluation mode; see `saved.Network`.

    Args:
        name_or_folder: a name on the shelf, or the path of a folder with ``model.toml``.
        workspace: whose ``models/`` is the shelf.

    Raises:
        WeightsError: there is none, or it is not what was put there.
    """
    from cxrtui.weights import saved  # JAX only now

    return saved.load(name_or_folder, workspace=workspace)
