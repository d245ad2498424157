"""What Orbax leaves in asyncio's log after a failure that was raised already."""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import logging
from pathlib import Path

import pytest

from cxrtui.weights.orbax_noise import of_orbax_task

pytestmark = pytest.mark.slow


def _reported(code: str, file: str, caplog: pytest.LogCaptureFixture) -> logging.LogRecord:
    """What asyncio logs of a task of `code`'s function ``fail``, defined in `file`, that fails and is not awaited."""
    found: dict[str, object] = {}
    exec(compile(code, file, "exec"), found)

    async def forget() -> None:
        task = asyncio.ensure_future(found["fail"]())  # type: ignore[operator]
        await asyncio.sleep(0.01)
        assert task.done()

    with caplog.at_level(logging.ERROR, logger="asyncio"):
        asyncio.run(forget())
        gc.collect()
    (record,) = (item for item in caplog.records if item.name == "asyncio")
    return record


@pytest.mark.parametrize(("orbax", "of_it"), [(True, True), (False, False)])
def test_the_error_of_a_second_array_is_told_from_those_of_others(
    orbax: bool, of_it: bool, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("asyncio"), "filters", [])  # those that an earlier test in this process set
    specification = importlib.util.find_spec("orbax.checkpoint")
    assert specification is not None
    assert specification.origin is not None
    file = str(Path(specification.origin).with_name("serialization.py")) if orbax else "other.py"
    record = _reported("async def fail():\n    raise ValueError('OUT_OF_RANGE: Error writing')\n", file, caplog)
    assert of_orbax_task(record) is of_it
