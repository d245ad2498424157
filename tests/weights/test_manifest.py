from __future__ import annotations

from typing import Any

import pytest

from cxrtui.weights.cards import network_card
from cxrtui.weights.manifest import Manifest


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({}, "ResNet-50 v1.5"),
        ({"width": 64, "stage_sizes": (3, 4, 6, 3)}, "ResNet-50 v1.5"),
        ({"width": 8, "stage_sizes": [3, 4, 6, 3]}, "ResNet v1.5, width 8, stages of 3,4,6,3 blocks"),
        ({"width": 64, "stage_sizes": [1, 1, 1, 1]}, "ResNet v1.5, width 64, stages of 1,1,1,1 blocks"),
    ],
)
def test_a_network_is_called_resnet_50_only_if_it_is_one(spec: dict[str, Any], words: str) -> None:
    manifest = Manifest("mine", "cxrtui", "v1.5", 2, 1, {}, spec)
    assert manifest.network == words
    assert f"- architecture: {words}, 2 classes" in network_card(manifest)
