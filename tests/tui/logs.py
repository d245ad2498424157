"""Logs as trainings leave them in events.jsonl, the same at each call: of runs that never were, and of a real one."""

from __future__ import annotations

import gzip
import math
import random
from pathlib import Path

from cxrtui.runs import codec
from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.settings.config import Config

START = 1_764_000_000.0
STEPS = 24


def begin(run: str = "demo", at: float = START) -> list[ev.Event]:
    config = Config().as_dict()
    return [
        ev.Preparing(stage="starting JAX", time=at - 3),
        ev.RunStarted(run=run, seed=0, config=config, device={"kind": "cpu, 2 cores"}, versions={}, time=at),
    ]


def preparing(run: str = "demo") -> list[ev.Event]:
    return [*begin(run), *(ev.Preparing(stage="decoding", done=done, total=1125, time=START + 1 + done / 200)
                           for done in range(0, 500, 100))]  # fmt: skip


def ready(run: str = "demo", at: float = START) -> list[ev.Event]:
    counts = {
        "train": {"No_findings": 350, "COVID-19": 87},
        "validation": {"No_findings": 75, "COVID-19": 19},
        "test": {"No_findings": 75, "COVID-19": 18},
    }
    return [
        *begin(run, at),
        ev.DataPrepared(source="/data/darkcovidnet", fingerprint="abc", counts=counts, labels=list(counts["test"]),
                        patients={"train": 300, "validation": 70, "test": 72}, seconds=4.2, time=at + 5),
        ev.Preparing(stage="compiling", time=at + 5),
        ev.Compiled(seconds=11.3, parameters=24_032_450, trainable=24_032_450, time=at + 17),
        ev.Warned(code="patients-unknown", message="125 films carry no patient: leakage by patient cannot be excluded",
                  time=at + 17),
    ]  # fmt: skip


def epoch_of(number: int, epochs: int, best: tuple[float, int], patience: int, *, at: float, last: bool = False,
             steps: int = STEPS) -> tuple[list[ev.Event], tuple[float, int]]:  # fmt: skip
    """One epoch's events and the best (loss, epoch) after it."""
    noise = random.Random(number)
    out: list[ev.Event] = []
    fit = 1 - math.exp(-number / 3.5)
    for index in range(steps):
        step = (number - 1) * steps + index + 1
        part = 1 - math.exp(-(number - 1 + index / steps) / 3.5)
        out.append(ev.StepDone(
            step=step, epoch=number, epochs=epochs, steps_per_epoch=steps,
            loss=0.72 - 0.55 * part + noise.gauss(0, 0.05),
            accuracy=min(1.0, 0.55 + 0.4 * part + noise.gauss(0, 0.04)), learning_rate=1e-3 * (1 - part) + 1e-5,
            gradient_norm=1.2 - part, images_per_second=31.4, time=at + index,
        ))  # fmt: skip
    at += steps
    step = number * steps
    loss = 0.70 - 0.42 * fit + 0.035 * max(0, number - 7) + noise.gauss(0, 0.004)
    metrics = {"loss": loss, "accuracy": 0.58 + 0.36 * fit, "auroc": 0.6 + 0.37 * fit, "sensitivity": 0.5 + 0.39 * fit,
               "specificity": 0.62 + 0.34 * fit}  # fmt: skip
    improved = loss < best[0]
    before = best[0]
    best = (loss, number) if improved else best
    left = patience - (number - best[1])
    out += [
        ev.EpochDone(epoch=number, step=step, loss=0.72 - 0.55 * fit, accuracy=0.55 + 0.4 * fit,
                     seconds=float(steps), time=at),
        ev.Validated(epoch=number, step=step, metrics=metrics, seconds=1.5, time=at + 1.5),
        ev.EarlyStopping(epoch=number, metric="loss", value=loss, improved=improved, best=best[0], best_epoch=best[1],
                         best_step=best[1] * steps, to_beat=best[0] if improved else before, patience=patience,
                         patience_left=left, stopping=last, time=at + 1.5),
        ev.CheckpointSaved(step=step, epoch=number, best=improved, reason="epoch", seconds=0.4, time=at + 2),
    ]  # fmt: skip
    return out, best


def trained(epochs_done: int, *, epochs: int = 30, patience: int = 5, run: str = "demo", at: float = START,
            steps: int = STEPS) -> list[ev.Event]:  # fmt: skip
    """Up to the end of `epochs_done` epochs."""
    out, best, clock = ready(run, at), (math.inf, 0), at + 20
    for number in range(1, epochs_done + 1):
        more, best = epoch_of(number, epochs, best, patience, at=clock, last=number - best[1] >= patience, steps=steps)
        out += more
        clock = out[-1].time
    return out


def midway(run: str = "demo") -> list[ev.Event]:
    """Eight steps into epoch 10."""
    done = trained(9, run=run)
    more, _ = epoch_of(10, 30, (0.0, 7), 5, at=done[-1].time)
    return done + more[:8]


def paused(run: str = "demo") -> list[ev.Event]:
    events = midway(run)
    return [*events, ev.Paused(step=9 * STEPS + 8, time=events[-1].time + 1)]


def stopped(run: str = "demo") -> list[ev.Event]:
    events = midway(run)
    step, at = 9 * STEPS + 8, events[-1].time
    return [*events, ev.CheckpointSaved(step=step, epoch=10, best=False, reason="requested", time=at + 1),
            ev.Stopped(reason="requested", step=step, epoch=10, time=at + 1)]  # fmt: skip


def failed(run: str = "demo") -> list[ev.Event]:
    events = trained(3, run=run)
    return [*events, ev.Failed(error="FloatingPointError", exit_code=1, step=75, traceback="traceback.txt",
                               message="The loss became nan at step 75; lower optim.learning_rate.",
                               time=events[-1].time + 3)]  # fmt: skip


def finished(run: str = "demo") -> list[ev.Event]:
    """Stopped early at epoch 12."""
    events = trained(12, run=run)
    at = events[-1].time
    val = {"tp": 17, "fn": 2, "tn": 71, "fp": 4, "positive": 19, "negative": 75, "films": 94}
    test = {"tp": 15, "fn": 3, "tn": 72, "fp": 3, "positive": 18, "negative": 75, "films": 93}
    return [
        *events,
        ev.Evaluated(part="validation", step=7 * STEPS, threshold=0.5, counts=val, time=at + 2, metrics={
            "loss": 0.31, "accuracy": 88 / 94, "auroc": 0.957, "sensitivity": 17 / 19, "specificity": 71 / 75}),
        ev.Evaluated(part="test", step=7 * STEPS, threshold=0.5, counts=test, time=at + 4, metrics={
            "loss": 0.33, "accuracy": 87 / 93, "auroc": 0.948, "sensitivity": 15 / 18, "specificity": 72 / 75}),
        ev.Stopped(reason="early_stopping", step=12 * STEPS, epoch=12, time=at + 5),
    ]  # fmt: skip


def recorded(name: str, *, until_step: int | None = None) -> list[ev.Event]:
    """The log of a real run, kept in `recorded/`; with `until_step`, as it was right after that step."""
    lines = gzip.decompress((Path(__file__).parent / "recorded" / f"{name}.jsonl.gz").read_bytes()).splitlines()
    found = [event for event in map(codec.decode, lines) if event is not None]
    if until_step is None:
        return found
    end = next(
        place for place, event in enumerate(found) if isinstance(event, ev.StepDone) and event.step == until_step
    )
    return found[: end + 1]


def write(checkpoints: Path, name: str, events: list[ev.Event], *, state: bool = False) -> Run:
    """A run folder with this log."""
    run = Run(checkpoints / name)
    run.folder.mkdir(parents=True)
    run.config_file.write_text("")
    run.events_file.write_text("".join(codec.encode(event) + "\n" for event in events))
    if state:
        (run.state / "1").mkdir(parents=True)
    return run
