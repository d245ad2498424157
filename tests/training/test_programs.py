from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import pytest

from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.settings.config import Config
from tests.training.test_fit import fit


@pytest.mark.slow
def test_the_same_settings_train_with_the_same_program_and_no_others(
    small: Callable[..., Config], new_run: Callable[..., Run]
) -> None:
    traced: list[str] = []
    jax.monitoring.register_event_duration_secs_listener(
        lambda name, seconds, **named: traced.append(named.get("fun_name", "")) if "jaxpr_trace" in name else None
    )

    def until_compiled(name: str, **changes: Any) -> list[str]:
        traced.clear()
        stream = fit(small(**{"optim__epochs": 1, "optim__batch_size": 6, **changes}), new_run(name))
        next(event for event in stream if isinstance(event, ev.Compiled))
        stream.close()
        return sorted(name for name in traced if name in ("step", "forward"))

    assert "step" in until_compiled("first")
    assert until_compiled("again") == []
    for changes in ({"run__seed": 1}, {"optim__epochs": 2}, {"augment__rotation": 1.0}):
        assert until_compiled(next(iter(changes)), **changes) == ["step"]
