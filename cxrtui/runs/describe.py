"""This module writes events and metrics as text: the lines of the readable log on a screen and in plain output."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from cxrtui.printable import in_list, printable_lines
from cxrtui.runs import events as ev


@dataclass(frozen=True)
class LogLine:
    """One line of the readable log; `level` is info, good, warning or error."""

    time: float
    level: str
    text: str


def percent(value: float) -> str:
    """Return a fraction as the log and the screens write it: ``93.6 %``, or a dash if it is undefined."""
    return "–" if math.isnan(value) else f"{100 * value:.1f} %"


def metrics_text(metrics: dict[str, float]) -> str:
    """Return the metrics on one line; the loss is left out if there is none."""
    auroc = metrics.get("auroc", float("nan"))
    loss = f"loss {metrics['loss']:.4f} · " if "loss" in metrics else ""
    return (
        f"{loss}accuracy {percent(metrics.get('accuracy', float('nan')))}"
        f" · AUROC {'–' if math.isnan(auroc) else f'{auroc:.3f}'}"
        f" · sensitivity {percent(metrics.get('sensitivity', float('nan')))}"
        f" · specificity {percent(metrics.get('specificity', float('nan')))}"
    )


def describe(event: ev.Event) -> LogLine | None:
    """Return the event as a line for people, or None for an event that only moves a bar or a chart."""
    text, level = "", "info"
    match event:
        case ev.RunStarted():
            text = f"run {event.run}, seed {event.seed}, on {event.device.get('kind', 'an unknown device')}"
        case ev.Fetching():
            size = f", {event.bytes / 1e6:.0f} MB" if event.bytes else ""
            text = (f"{event.name} is not on the shelf and is fetched from Hugging Face: {event.source}{size},"
                    f" licence {event.licence}")  # fmt: skip
        case ev.Fetched():
            sound = "what was published" if event.verified else "trusted, for no checksum was known beforehand"
            text, level = f"{event.name} is on the shelf, {sound} · SHA-256 {event.sha256}", "good"
        case ev.FirstWeights():
            left = f" · left: {'; '.join(event.left)}" if event.left else ""
            text = f"initial weights of {event.source}: {event.taken}{left}"
        case ev.DataPrepared():
            splits = "; ".join(
                f"{split} {sum(counts.values())} ({_counts(counts)})" for split, counts in event.counts.items()
            )
            text = f"films: {splits}" + (" · from the prepared store" if event.cached else f" · {event.seconds:.1f} s")
            if event.left_out:
                text += " · left out: " + "; ".join(f"{count} {why}" for why, count in event.left_out.items())
            if event.unreadable:
                level = "warning"
                listed = "; ".join(f"{path}: {reason}" for path, reason in event.unreadable[:10])
                more = f"; and {len(event.unreadable) - 10} more" if len(event.unreadable) > 10 else ""
                text += f" · {len(event.unreadable)} cannot be read: {listed}{more}"
        case ev.Compiled():
            text = f"compiled in {event.seconds:.1f} s · {event.trainable:,} of {event.parameters:,} parameters train"
        case ev.Unfrozen():
            text = (f"epoch {event.epoch}: {event.stage} and all above it train from here on ·"
                    f" {event.trainable:,} parameters")  # fmt: skip
        case ev.EpochDone():
            text = (f"epoch {event.epoch}: train loss {event.loss:.4f} · accuracy {percent(event.accuracy)}"
                    f" · {event.seconds:.1f} s")  # fmt: skip
        case ev.Validated():
            text = f"epoch {event.epoch}: validation {metrics_text(event.metrics)}"
        case ev.EarlyStopping():
            if event.improved:
                text, level = f"best {event.metric} so far: {event.value:.4f} (epoch {event.epoch})", "good"
            else:
                left = f" · patience left {event.patience_left}" if event.patience else ""
                text = (f"{event.metric} {event.value:.4f} does not pass {event.to_beat:.4f} of epoch"
                        f" {event.best_epoch}{left}")  # fmt: skip
            if event.stopping:
                text, level = text + " · stopping early", "warning"
        case ev.CheckpointSaved():
            text = f"checkpoint at step {event.step}" + (" (best)" if event.best else "") + f" · {event.reason}"
        case ev.Paused():
            text, level = f"paused after step {event.step}", "warning"
        case ev.Resumed():
            text = f"resumed after step {event.step}" + (" from its checkpoint" if event.restored else "")
        case ev.Warned():
            text, level = event.message, "warning"
        case ev.Evaluated():
            counts = event.counts
            text, level = (f"{event.part}: {metrics_text(event.metrics)} · {counts['films']} films:"
                           f" {counts['tp']} true positive, {counts['fn']} missed, {counts['tn']} true negative,"
                           f" {counts['fp']} false alarms"), "good"  # fmt: skip
        case ev.Stopped():
            why = {"epochs": "all epochs done", "early_stopping": "early stopping", "requested": "stopped on request"}
            text, level = f"{why.get(event.reason, event.reason)} after step {event.step}", "good"
        case ev.Failed():
            text, level = event.message, "error"
        case _:
            return None
    return LogLine(event.time, level, printable_lines(text))


def _counts(found: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {in_list(label)}" for label, count in found.items())
