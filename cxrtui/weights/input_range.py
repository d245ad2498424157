"""Finds the range of grey that a one-channel network was trained on. Its keys do not tell; the file or the user must.

torchxrayvision, whose films go from -1024 to 1024, has the same keys as torchvision's network trained on grey films
that are normalised as ImageNet's. With the wrong range a network gives wrong features and no error. Imports no JAX.
"""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path

from cxrtui.errors import UsageError
from cxrtui.weights.formats.format import Normalisation

XRAYVISION = Normalisation((1024.0,), (1.0,), scale=2048.0, order="grey")
NAMED = {
    "-1024:1024": XRAYVISION,
    "imagenet": Normalisation((0.449,), (0.226,), order="grey"),  # the means of ImageNet's three
    "0:1": Normalisation((0.0,), (1.0,), order="grey"),
    "-1:1": Normalisation((1.0,), (1.0,), scale=2.0, order="grey"),
    "0:255": Normalisation((0.0,), (1.0,), scale=255.0, order="grey"),
}
HOW = (
    "-1024:1024 (torchxrayvision), imagenet (grey less 0.449, over 0.226), MEAN/STD such as 0.485/0.229, or black and "
    "white as LOW:HIGH such as 0:1"
)

# The findings that torchxrayvision's networks predict, as its checkpoints list them.
_FINDINGS = frozenset((
    "Atelectasis", "Consolidation", "Infiltration", "Pneumothorax", "Edema", "Emphysema", "Fibrosis", "Effusion",
    "Pneumonia", "Pleural_Thickening", "Cardiomegaly", "Nodule", "Mass", "Hernia", "Lung Lesion", "Fracture",
    "Lung Opacity", "Enlarged Cardiomediastinum",
))  # fmt: skip
# The names of its published files begin with the training collections: pc-nih-rsna-siim-vin-resnet50-….pt
_FILE = re.compile(r"(?i)(.*[-_.])?(torchxrayvision|xrv)([-_.].*)?|(pc|nih|chex|mimic_\w+)-(\w+-)*resnet50-.*\.pt")


def parse(text: str) -> Normalisation:
    """Return the normalisation that `--range` asks for.

    Raises:
        UsageError: the text is no range.
    """
    word = text.strip().lower().replace("\N{MINUS SIGN}", "-").replace(" ", "")
    word = {"torchxrayvision": "-1024:1024", "xrv": "-1024:1024"}.get(word, word)
    if word in NAMED:
        return NAMED[word]
    number = r"[-+]?\d+(?:\.\d*)?(?:e[-+]?\d+)?"
    if match := re.fullmatch(rf"({number}):({number})", word):
        low, high = float(match[1]), float(match[2])
        if low != high and math.isfinite(low) and math.isfinite(high):
            # The input is grey * (high - low) + low; if white is the lower value, high is below low.
            return Normalisation((-low,), (1.0,), scale=high - low, order="grey")
    if match := re.fullmatch(rf"({number})/({number})", word):
        mean, std = float(match[1]), float(match[2])
        if 0 < std < math.inf and math.isfinite(mean):
            return Normalisation((mean,), (std,), order="grey")
    raise UsageError(f"The range of one-channel input must be {HOW}; it cannot be {text!r}.")


def stated_by(file: Path, keys: Iterable[str], lists: Mapping[str, list[str]], metadata: str = "") -> str:
    """Return what in a file says that torchxrayvision wrote it; empty if nothing does.

    Args:
        file: its name.
        keys: of its tensors.
        lists: of strings that stand beside them, by name.
        metadata: of the file, as text.
    """
    if any(key.rpartition(".")[2] == "op_threshs" for key in keys):
        return "its op_threshs"
    for name in ("pathologies", "targets"):
        listed = [word for word in lists.get(name, ()) if word]
        if len(listed) >= 3 and set(listed) <= _FINDINGS:
            return f"its list of {name}"
    if re.search(r"(?i)torchxrayvision|\bxrv\b", metadata):
        return "its metadata"
    return "its name" if _FILE.fullmatch(file.name) else ""


def asked(file: Path) -> str:
    """Return the message of the error for a range that neither the user nor the file tells."""
    command = f"cxrtui weights port {shlex.quote(str(file))} --out NAME --range RANGE"
    return (
        f"{file} is a network for one channel, and its keys do not tell what range of grey it was trained on; put it "
        f"on the shelf with: {command}, where RANGE is {HOW}"
    )
