"""The network room: a ResNet-50 for one-channel X-rays, its classifier head, and weights from elsewhere.

Knows nothing of training, evaluation, data or the faces. To use a network of the shelf::

    from cxrtui import net

    network = net.load("imagenet")          # or a path to a folder of a shelf
    logits = network(images)                # float32 [N, H, W, 1 or 3], normalised
    features = network.stages(images)       # {"stem": [N, 64], …, "stage4": [N, 2048]}

To work on it, import the modules, not this package::

    layers.py      convolution, batch normalisation, max pooling, dropout
    resnet.py      ResNet50: stem and four stages
    classifier.py  ClassifierSpec, Classifier: backbone and head
    freeze.py      split and merge for a training step, at any freeze level; which parameters decay, whose they are
    flavours/      whose key is where: one table for each program that writes ResNet-50 weights
    files.py       tensors of a file; torch_file.py (with torch_pickle.py) and keras_file.py read .pth and .h5
    matching.py    whose a file is, and whether it fits to the last key
    port.py        a file of any flavour into our network, exactly
    manifest.py    model.toml of a folder of the shelf
    saved.py       networks from and to the shelf
    backend.py     compilation cache, device description, compute dtype
    checkpoints.py  a run's saved states
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cxrtui.net.saved import Network

__all__ = ["load"]


def load(name_or_folder: str | Path, *, workspace: str | Path = ".") -> Network:
    """A network of the shelf, in evaluation mode; see `saved.Network`.

    Args:
        name_or_folder: a name on the shelf, or the path of a folder with ``model.toml``.
        workspace: whose ``models/`` is the shelf.

    Raises:
        WeightsError: there is none, or it is not what was put there.
    """
    from cxrtui.net import saved  # JAX only now

    return saved.load(name_or_folder, workspace=workspace)
