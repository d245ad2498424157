"""Whole ResNet-50s against the originals' own code: `make parity`. Skips what is not installed; see docs/weights.md."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path

import jax
import numpy as np
import pytest

from cxrtui.weights.files.torch_file import read_torch
from tests.parity.flax_original import VARIABLE
from tests.parity.originals import NEEDS, ORIGINALS

LIMITS = {"logits": 1e-4, "stages": 1e-4, "BN updates": 1e-4, "grey": 1e-4}


@pytest.mark.slow
@pytest.mark.parity
@pytest.mark.filterwarnings("ignore")  # theirs
@pytest.mark.parametrize("name", ORIGINALS)
def test_parity(name: str, tmp_path: Path) -> None:
    if name == "flax" and VARIABLE not in os.environ:
        pytest.skip(f"{VARIABLE} names no Python with transformers' Flax")
    if name != "flax" and find_spec(NEEDS[name]) is None:
        pytest.skip(f"{NEEDS[name]} is not installed")
    from tests.parity.compare import WHOLE, compare

    # The strictness of the other tests is for our code; Keras on JAX relies on promotion.
    with jax.numpy_rank_promotion("allow"), jax.numpy_dtype_promotion("standard"):
        found = compare(name, ORIGINALS[name](WHOLE), WHOLE, tmp_path)
    assert found == {key: pytest.approx(0, abs=limit) for key, limit in LIMITS.items()}


@pytest.mark.parity
@pytest.mark.filterwarnings("ignore")  # theirs
@pytest.mark.parametrize("zipped", [True, False], ids=["of torch 1.6", "of torch 0.1.10"])
def test_files_that_torch_writes(zipped: bool, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    values = {"a": torch.arange(6.0).reshape(2, 3).t(), "b": torch.tensor(3), "c": torch.ones(2, dtype=torch.bfloat16)}
    values["d"] = values["a"][1:]  # of the same storage
    values["e"] = torch.nn.Parameter(torch.zeros(0))
    torch.save({"state_dict": values, "epoch": 1}, tmp_path / "a.pth", _use_new_zipfile_serialization=zipped)
    tensors = read_torch(tmp_path / "a.pth")
    assert list(tensors) == [f"state_dict.{key}" for key in values]
    for key, value in values.items():
        np.testing.assert_array_equal(np.asarray(tensors[f"state_dict.{key}"], np.float32), value.detach().float())
