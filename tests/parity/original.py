"""What a network of another program is to the comparison."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

STAGES = ("stem", "stage1", "stage2", "stage3", "stage4")
Sizes = tuple[int, int, int, int]


@dataclass
class Original:
    """A network of another program.

    Attributes:
        save: writes its weights.
        evaluate: input ``[N, H, W, C]`` to logits (or pooled features) and pooled stages.
        train: one forward pass that moves the running averages.
        keys: of its file, with shapes.
        momentum: what of the running averages a step keeps.
        unbiased: whether the running variance is of the unbiased one.
        prepare: films in [0, 1] as its input, by its own code; without one, our table's normalisation is taken.
        side: of the films, where it takes none but squares.
        classes: logits; 0 for a network without a head.
    """

    file_name: str
    layout: str
    save: Callable[[Path], object]
    evaluate: Callable[[np.ndarray], tuple[np.ndarray, dict[str, np.ndarray]]]
    train: Callable[[np.ndarray], None]
    keys: dict[str, tuple[int, ...]] = field(default_factory=dict)
    momentum: float = 0.9
    unbiased: bool = True
    prepare: Callable[[np.ndarray], np.ndarray] | None = None
    side: int = 0
    classes: int = 7
