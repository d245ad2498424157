"""This package reads and writes weights on disk: published files, the shelf, and the checkpoints of runs.

To use a network of the shelf::

    from cxrtui import weights

    network = weights.load("imagenet")      # or a path to a folder of a shelf
    logits = network(images)                # float32 [N, H, W, 1 or 3], normalised
    features = network.stages(images)       # {"stem": [N, 64], …, "stage4": [N, 2048]}

To work on it, import the modules, not this package::

    files/           read the tensors of a file: safetensors, .pth, .h5, msgpack
    formats/         hold the keys of each program that writes ResNet-50 weights, one table for each
    finding.py       finds the ResNet-50 in a file; matching.py checks that every key of it fits
    port.py          reads a file of any format as arrays; grey.py folds them to one channel
    arrays.py        turns a network into arrays, and arrays into a network
    backbone.py      loads the backbone of a classifier, from a file or from the shelf
    hub/             lists published weights and fetches them
    shelf.py         reads the models folder; shelving.py changes it; manifest.py and cards.py describe a folder of it
    saved.py         reads networks from the shelf and writes them to it
    checkpoints.py   saves a run's states; digests.py checks them; states.py lists them
    restored.py      restores the network that a checkpoint holds
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cxrtui.weights.saved import Network

__all__ = ["load"]


def load(name_or_folder: str | Path, *, workspace: str | Path = ".") -> Network:
    """Return a network of the shelf, in evaluation mode; see `saved.Network`.

    Args:
        name_or_folder: a name on the shelf, or the path of a folder with ``model.toml``.
        workspace: the folder whose ``models/`` is the shelf.

    Raises:
        WeightsError: there is no such network, or its files have changed since they were written.
    """
    from cxrtui.weights import saved  # imported here, because it imports JAX

    return saved.load(name_or_folder, workspace=workspace)
