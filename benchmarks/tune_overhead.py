"""What a trial of `cxrtui tune` costs beside the training itself.

The peer is Optuna's own loop around `fit`: the same settings, films and network, a study in memory, no run logs, no
claims, no journal on disk. Both train each trial in this process, in turn, after a first one that compiles::

    python benchmarks/tune_overhead.py --trials 6
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

os.environ.setdefault("JAX_PLATFORMS", "cpu")

import optuna

from cxrtui.data.phantoms import generate
from cxrtui.runner import drive
from cxrtui.runs import events
from cxrtui.runs.listing import new_run
from cxrtui.search.optuna_study import TrialRecord
from cxrtui.search.study import Plan, new_study
from cxrtui.search.worker import Worker
from cxrtui.settings.config import Config, with_values
from cxrtui.settings.space import searched
from cxrtui.settings.tuning import TuneConfig
from cxrtui.training.fit import fit

SPACE = (searched("optim.learning_rate", "1e-4..1e-2:log"), searched("model.dropout", "0.1..0.5"))


class Clock:
    """Notes when trials begin and end; see `cxrtui.search.worker.Listener`."""

    def __init__(self) -> None:
        self.began, self.took = 0.0, list[float]()

    def on_event(self, line: str, event: events.Event) -> None:  # noqa: D102
        pass

    def on_begin(self, trial: TrialRecord, again: bool) -> None:  # noqa: D102
        self.began = time.perf_counter()

    def on_end(self, trial: TrialRecord, best: TrialRecord | None) -> None:  # noqa: D102
        self.took.append(time.perf_counter() - self.began)

    def on_finale(self, trial: TrialRecord, seeds: int) -> None:  # noqa: D102
        pass


def peer(folder: Path, base: Config, splits: Path, trials: int) -> list[float]:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=0))
    took = []
    for number in range(trials):
        began = time.perf_counter()
        trial = study.ask()
        settings = with_values(base, {
            "optim.learning_rate": trial.suggest_float("optim.learning_rate", 1e-4, 1e-2, log=True),
            "model.dropout": trial.suggest_float("model.dropout", 0.1, 0.5),
            "data.splits": str(splits), "run.evaluate": "validation",
        })  # fmt: skip
        value = 0.0
        for event in fit(settings, new_run(folder / "checkpoints", f"peer-{number}")):
            if isinstance(event, events.Validated):
                trial.report(event.metrics["auroc"], event.epoch)
            elif isinstance(event, events.Evaluated):
                value = event.metrics["auroc"]
        study.tell(trial, value)
        took.append(time.perf_counter() - began)
    return took


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=6)
    parser.add_argument("--epochs", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        generate(folder / "films", count=200, seed=0, size=96)
        os.environ["CXRTUI_CACHE_DIR"] = str(folder / "cache")
        base = with_values(Config(), {
            "data.source": str(folder / "films"), "data.size": 64, "model.init": "random", "model.width": 8,
            "model.stages": "1,1,1,1", "model.hidden": "16", "optim.epochs": args.epochs, "optim.batch_size": 16,
            "stop.patience": 0,
        })  # fmt: skip
        ours, theirs = list[float](), list[float]()
        for turn in range(2):
            tune = TuneConfig(trials=args.trials // 2 + (turn == 0), pruner="none", seeds=0)
            study, clock = new_study(folder / "checkpoints", f"s{turn}", Plan(tune, base, SPACE)), Clock()
            Worker(study, drive, lambda: False, clock).work()
            ours += clock.took[1:] if turn == 0 else clock.took  # the very first trial compiles
            theirs += peer(folder / f"peer{turn}", base, study.splits_file, args.trials // 2)
    mean, other = statistics.median(ours), statistics.median(theirs)
    print(f"a trial of {args.epochs} epochs, median: cxrtui tune {mean:.2f} s ({min(ours):.2f} to {max(ours):.2f}), "
          f"Optuna's loop around fit {other:.2f} s ({min(theirs):.2f} to {max(theirs):.2f}): {mean / other:.2f} times, "
          f"{mean - other:+.2f} s a trial")  # fmt: skip


if __name__ == "__main__":
    main()
