"""Accuracy with frozen groups: films that pass through them in every epoch, and features of some views computed once.

    python benchmarks/frozen_accuracy.py darkcovidnet/ --seeds 5 --epochs 20 --views 8

FOLDER has the films of Ozturk et al.: COVID-19, No_findings, Pneumonia. A small network is first trained for a few
epochs on Pneumonia against No_findings; its weights are the initial ones of all that follows, COVID-19 against
No_findings, with the splits, the order and the head of each seed. So the initial weights know the films without
findings: the figures compare two ways to train, and say nothing about unseen films.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from cxrtui.evaluation.export import export
from cxrtui.runner import save_config
from cxrtui.runs import events as ev
from cxrtui.runs import listing
from cxrtui.settings.config import resolve
from cxrtui.training.fit import fit

NETWORK: dict[str, Any] = {
    "data.size": 64, "model.width": 16, "model.stages": (2, 2, 2, 2), "model.hidden": (), "optim.batch_size": 16,
    "stop.patience": 0, "data.negative": ("No_findings",), "optim.schedule": "cosine",
}  # fmt: skip


def trained(folder: Path, name: str, values: dict[str, Any]) -> tuple[Any, dict[str, float]]:
    """Train a run, and return it with figures of its last validation and of its test, and its seconds an epoch."""
    config, run = resolve(NETWORK, values), listing.new_run(folder / "checkpoints", name)
    save_config(run, config)
    run.events_file.touch()
    figures, clock, epochs = dict[str, float](), time.perf_counter(), list[float]()
    for event in fit(config, run):
        if isinstance(event, (ev.CheckpointSaved, ev.Encoded)):
            clock = time.perf_counter()
        elif isinstance(event, ev.Validated):
            epochs.append(time.perf_counter() - clock)
            figures |= {"validation loss": event.metrics["loss"], "validation AUROC": event.metrics["auroc"]}
        elif isinstance(event, ev.Evaluated) and event.part == "test":
            figures |= {"test accuracy": event.metrics["accuracy"], "test AUROC": event.metrics["auroc"]}
    return run, figures | {"epoch, s": statistics.median(epochs)}


def main() -> None:
    """Train and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("films", help="the folder")
    parser.add_argument("--seeds", type=int, default=5, help="how many")
    parser.add_argument("--epochs", type=int, default=20, help="of each training")
    parser.add_argument("--first-epochs", type=int, default=4, help="of the training that makes the initial weights")
    parser.add_argument("--views", type=int, default=8, help="train.views")
    parser.add_argument("--levels", default="stage4,stage3", help="model.freeze, by commas")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ.setdefault("CXRTUI_CACHE_DIR", str(folder / "cache"))
        films = {"data.source": options.films}
        run, _ = trained(folder, "first", films | {
            "model.init": "random", "data.positive": ("Pneumonia",), "optim.epochs": options.first_epochs,
            "optim.learning_rate": 2e-3,
        })  # fmt: skip
        export(run, folder / "models", "first", {})
        for level in options.levels.split(","):
            found: dict[str, list[dict[str, float]]] = {"plain": [], "views": []}
            for seed in range(options.seeds):
                for way, views in (("plain", 0), ("views", options.views)):
                    _, figures = trained(folder, f"{level}-{way}-{seed}", films | {
                        "model.init": str(folder / "models" / "first"), "data.positive": ("COVID-19",),
                        "model.freeze": level, "train.views": views, "optim.epochs": options.epochs, "run.seed": seed,
                        "optim.learning_rate": 1e-3,
                    })  # fmt: skip
                    found[way].append(figures)
                    told = " · ".join(f"{what} {value:.4f}" for what, value in figures.items())
                    print(f"{level} seed {seed} {way}: {told}", flush=True)
            for what in found["plain"][0]:
                plain, views = ([figures[what] for figures in found[way]] for way in ("plain", "views"))
                gaps = [one - other for one, other in zip(views, plain, strict=True)]
                means = [
                    f"{statistics.mean(items):.4f} ± {statistics.stdev(items):.4f}" for items in (plain, views, gaps)
                ]
                print(f"{level} | {what} | plain {means[0]} | {options.views} views {means[1]} | difference {means[2]}")


if __name__ == "__main__":
    main()
