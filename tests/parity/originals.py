"""The originals' own networks with weights by formula: built, saved and run by the code that published them."""

from __future__ import annotations

from collections.abc import Callable

from tests.parity.flax_original import flax
from tests.parity.keras_originals import keras, keras2016, keras_h5, radimagenet
from tests.parity.original import Original, Sizes
from tests.parity.torch_originals import timm, torchvision, torchxrayvision, transformers

ORIGINALS: dict[str, Callable[[Sizes], Original]] = {
    "torchvision": torchvision,
    "timm": timm,
    "torchxrayvision": torchxrayvision,
    "transformers": transformers,
    "keras": keras,
    "keras_h5": keras_h5,
    "keras2016": keras2016,
    "radimagenet": radimagenet,
    "flax": flax,
}
FLAVOUR = {"timm": "torchvision", "keras_h5": "keras"}
# Modules that a peer needs here; Flax's peer runs in another environment.
NEEDS = {"torchvision": "torchvision", "timm": "timm", "torchxrayvision": "torchxrayvision",
         "transformers": "transformers", "keras": "keras", "keras_h5": "keras", "keras2016": "keras_applications",
         "radimagenet": "keras"}  # fmt: skip
