"""Small runs on 1, 2, 3 and 8 devices of one process: ``python -m tests.training.on_devices FILMS FOLDER``.

It prints what the logs of the runs have, as one JSON object; `test_devices` reads it.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import jax

from cxrtui.evaluation import classify
from cxrtui.evaluation import model as models
from cxrtui.evaluation.scoring import score
from cxrtui.runner import save_config
from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.settings import config
from cxrtui.settings.config import Config
from cxrtui.training.decisions import Requests
from cxrtui.training.fit import fit
from tests.conftest import SMALL

# All that is random in a step is on. Adam turns the rounding of small gradients into steps of full size; SGD does not.
SETTINGS: dict[str, Any] = SMALL | {
    "optim.batch_size": 24, "optim.name": "sgd", "optim.learning_rate": 0.05, "augment.mixup": 0.2,
}  # fmt: skip


class _AfterEpoch(Requests):
    """Asks to stop after the first epoch."""

    def stop_after_epoch(self) -> bool:
        return True


def trained(run: Run, settings: Config, *, resume: bool = False, part: bool = False) -> dict[str, Any]:
    """What the log of a run has; with `part`, of one epoch."""
    run.folder.mkdir(exist_ok=True)
    save_config(run, settings)
    run.events_file.touch()
    events, used = [], 0
    for event in fit(settings, run, _AfterEpoch() if part else None, resume=resume):
        events.append(event)
        if isinstance(event, ev.EpochDone):
            used = len({device for array in jax.live_arrays() for device in array.sharding.device_set})
    compiled = next(event for event in events if isinstance(event, ev.Compiled))
    return {
        "devices": [compiled.devices, used],
        "losses": [event.loss for event in events if isinstance(event, ev.StepDone)],
        "norms": [event.gradient_norm for event in events if isinstance(event, ev.StepDone)],
        "validation": [event.metrics["loss"] for event in events if isinstance(event, ev.Validated)],
        "test": [event.metrics["auroc"] for event in events if isinstance(event, ev.Evaluated)],
        "warned": {event.code: event.message for event in events if isinstance(event, ev.Warned)},
        "places": [event.place for event in events if isinstance(event, ev.Encoding)],
    }


def predicted(run: Run, films: str, count: int) -> dict[str, Any]:
    """The probabilities of a run on films that are evaluated with changes, and on some that are classified."""
    scored = score(run, films, {}, lambda event: None, keep_seen=True, augmented=2, devices=count)
    some = sorted(Path(films).rglob("*.png"))[:3]
    rows = classify.load(run, devices=count).classify(some, refuse=False)
    return {
        "evaluated": scored.probabilities.tolist(),
        "classified": [list(row.probabilities.values()) for row in rows],
        "devices": models.load(run, devices=count).devices,
    }


def main(films: str, folder: Path) -> dict[str, Any]:
    """Train the runs, and return what their logs have by name."""

    def settings(**changes: Any) -> Config:
        values = {key.replace("__", "."): value for key, value in changes.items()}
        return config.resolve(SETTINGS, {"data.source": films}, values)

    found: dict[str, Any] = {}
    for count in (1, 2, 8):
        found[f"{count}"] = trained(Run(folder / f"{count}"), settings(run__devices=count))
    whole = Run(folder / "whole")
    found["first"] = trained(whole, settings(run__devices=8), part=True)
    for count in (1, 3):
        copy = Run(shutil.copytree(whole.folder, folder / f"resumed-{count}"))
        found[f"resumed on {count}"] = trained(copy, settings(run__devices=count), resume=True)
    for count in (1, 8):
        kept = settings(run__devices=count, train__views=1, model__freeze="stage2", augment__mixup=0, optim__epochs=1)
        found[f"features on {count}"] = trained(Run(folder / f"features-{count}"), kept)
        found[f"predicted on {count}"] = predicted(Run(folder / "1"), films, count)
    idle = fit(settings(optim__batch_size=20), Run(folder / "idle"))
    found["idle"] = next(event.message for event in idle if isinstance(event, ev.Warned))
    idle.close()
    return found


if __name__ == "__main__":
    Path(sys.argv[2]).mkdir(exist_ok=True)
    print(json.dumps(main(sys.argv[1], Path(sys.argv[2]))))
