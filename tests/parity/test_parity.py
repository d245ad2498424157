"""Whole ResNet-50s against the originals' own code. Needs torch, timm, transformers or keras; skips without.

python -m pytest -m parity tests/parity
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.parity.originals import NEEDS, ORIGINALS

LIMITS = {"logits": 1e-4, "stages": 1e-4, "BN updates": 1e-4, "grey": 1e-4}


@pytest.mark.slow
@pytest.mark.parity
@pytest.mark.filterwarnings("ignore")  # theirs
@pytest.mark.parametrize("name", ORIGINALS)
def test_parity(name: str, tmp_path: Path) -> None:
    pytest.importorskip(NEEDS[name], exc_type=ImportError)
    from tests.parity.compare import WHOLE, compare

    found = compare(name, ORIGINALS[name](WHOLE), WHOLE, tmp_path)
    assert found == {key: pytest.approx(0, abs=limit) for key, limit in LIMITS.items()}
