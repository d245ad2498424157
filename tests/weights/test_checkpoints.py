from __future__ import annotations

import asyncio
import gc
import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from cxrtui.errors import CheckpointError
from cxrtui.weights.checkpoints import Checkpoints


async def _two_torn_arrays(reason: str) -> None:
    """As Orbax reads arrays: all at once, and the first error ends the loop under the others."""

    async def read() -> None:
        raise ValueError(reason)

    tasks = [asyncio.ensure_future(read()) for _ in range(2)]
    await asyncio.sleep(0)
    await tasks[0]


@pytest.mark.parametrize(("reason", "kept"), [("torn [tensorstore_spec='{}']", 0), ("another fault", 1)])
def test_only_the_other_errors_of_a_torn_checkpoint_are_kept_quiet(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, reason: str, kept: int
) -> None:
    with pytest.raises(CheckpointError, match="is damaged"):
        Checkpoints(tmp_path, read_only=True).weights(1, {})
    with caplog.at_level(logging.ERROR, "asyncio"), pytest.raises(ValueError, match=reason[:4]):
        asyncio.run(_two_torn_arrays(reason))
    gc.collect()
    assert len([record for record in caplog.records if record.name == "asyncio"]) == kept


@pytest.mark.parametrize("read_only", [True, False])
@pytest.mark.parametrize("kind", [os.mkfifo, lambda path: path.symlink_to(path.name), Path.touch])
def test_what_is_no_folder_holds_no_checkpoints(tmp_path: Path, kind: Callable[[Path], None], read_only: bool) -> None:
    kind(tmp_path / "state")
    with pytest.raises(CheckpointError, match="state is no folder of checkpoints; check what is there"):
        Checkpoints(tmp_path / "state", read_only=read_only)
