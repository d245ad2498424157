"""The step that is linked while films are read is the one that the run compiles otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cxrtui.net.programs import kind
from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.settings.config import Config
from cxrtui.training import ahead, fit, step

Small, NewRun = Callable[..., Config], Callable[..., Run]


def losses(config: Config, run: Run) -> list[float]:
    return [event.loss for event in fit.fit(config, run) if isinstance(event, ev.StepDone)]


@pytest.mark.slow
@pytest.mark.parametrize("changes", [{}, {"train__views": 1, "model__freeze": "stage4", "optim__ema_decay": 0.9}])
def test_what_is_linked_ahead_is_what_is_compiled(
    small: Small, new_run: NewRun, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    asked: dict[str, list[Any]] = {"link": [], "compile": []}

    def noted(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(program: Any, state: Any, hyper: Any, **sizes: int) -> Any:
            asked[name].append((program, kind(state), kind(hyper), sizes))
            return function(program, state, hyper, **sizes)

        return call

    monkeypatch.setattr(ahead, "link_step", noted("link", step.link_step))
    monkeypatch.setattr(fit, "compile_step", noted("compile", step.compile_step))
    assert losses(small(optim__epochs=1, **changes), new_run())
    assert len(asked["link"]) == 1
    assert asked["link"] == asked["compile"]


@pytest.mark.slow
def test_what_goes_wrong_there_is_not_the_end_of_a_run(
    small: Small, new_run: NewRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*arguments: object, **options: object) -> None:
        raise RuntimeError("torn")

    monkeypatch.setattr(ahead, "link_step", fails)
    assert losses(small(optim__epochs=1), new_run())
