"""A network small enough for a test."""

from __future__ import annotations

import pytest

from cxrtui.net.classifier import ClassifierSpec


@pytest.fixture
def tiny() -> ClassifierSpec:
    """Four stages of one block each, eight features wide, and no dropout."""
    return ClassifierSpec(width=8, stage_sizes=(1, 1, 1, 1), hidden=(16,), dropout=0.0)
