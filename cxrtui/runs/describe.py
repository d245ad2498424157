"""This module writes events and metrics as text: the lines of the readable log on a screen and in plain output."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from cxrtui.printable import in_list, printable_lines
from cxrtui.runs import events as ev
from cxrtui.runs.size import size_text


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


def speed_text(speed: float, devices: int) -> str:
    """Return the images per second of a training, and of each of its devices if there are several."""
    each = f" ({speed / devices:.1f} on each of {devices} devices)" if devices > 1 else ""
    return f"{speed:.1f} images/s{each}"


def start_text(event: ev.FirstStep) -> str:
    """Return how long a start took, with its parts."""
    parts = ", ".join(f"{name} {seconds:.1f}" for name, seconds in event.phases.items())
    return f"first step after {event.seconds:.1f} s" + (f" ({parts})" if parts else "")


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
            text, level = _films(event), "warning" if event.unreadable else "info"
        case ev.BatchChosen():
            text = f"{event.batch_size} films in each step"
        case ev.Compiled():
            text = f"compiled in {event.seconds:.1f} s · {event.trainable:,} of {event.parameters:,} parameters train"
            if event.devices > 1:
                text += f" · {event.devices} devices share each batch ({event.kind})"
        case ev.Unfrozen():
            text = (f"epoch {event.epoch}: {event.stage} and all above it train from here on ·"
                    f" {event.trainable:,} parameters")  # fmt: skip
        case ev.Encoding():
            text = _encoding(event)
        case ev.Encoded():
            found = f" · {event.found:,} had been kept" if event.found else ""
            text = (f"features up to {event.group}: {event.computed:,} computed in {event.seconds:.1f} s{found}"
                    f" · {size_text(event.bytes)}")  # fmt: skip
        case ev.FirstStep():
            text = start_text(event)
        case ev.EpochDone():
            late = f", {event.waiting:.1f} of them waiting for films" if event.waiting > event.seconds / 20 else ""
            text = (f"epoch {event.epoch}: train loss {event.loss:.4f} · accuracy {percent(event.accuracy)}"
                    f" · {event.seconds:.1f} s{late}")  # fmt: skip
            if event.per_device < event.images_per_second:
                text += f" · {speed_text(event.images_per_second, round(event.images_per_second / event.per_device))}"
        case ev.Validated():
            text = f"epoch {event.epoch}: validation {metrics_text(event.metrics)}"
        case ev.EarlyStopping():
            text = _early_stopping(event)
            level = "warning" if event.stopping else "good" if event.improved else "info"
        case ev.CheckpointSaved():
            text = f"checkpoint at step {event.step}" + (" (best)" if event.best else "") + f" · {event.reason}"
        case ev.Mirrored():
            text = f"copied to {event.url}: {event.files} files, {size_text(event.bytes)} in {event.seconds:.1f} s"
        case ev.Profiled():
            last = event.step + event.steps - 1
            text = f"steps {event.step} to {last} traced in {event.seconds:.1f} s, in {event.path}/ of the run"
        case ev.Paused():
            text, level = f"paused after step {event.step}", "warning"
        case ev.Resumed():
            text = f"resumed after step {event.step}" + (" from its checkpoint" if event.restored else "")
        case ev.Warned():
            text, level = event.message, "warning"
        case ev.Evaluated():
            text, level = _evaluated(event), "good"
        case ev.Stopped():
            why = {
                "epochs": "all epochs done",
                "early_stopping": "early stopping",
                "requested": "stopped on request",
                "pruned": "pruned by the search",
            }
            text, level = f"{why.get(event.reason, event.reason)} after step {event.step}", "good"
        case ev.Failed():
            text, level = event.message, "error"
        case _:
            return None
    return LogLine(event.time, level, printable_lines(text))


def _films(event: ev.DataPrepared) -> str:
    splits = "; ".join(f"{split} {sum(counts.values())} ({_counts(counts)})" for split, counts in event.counts.items())
    text = f"films: {splits}" + (" · from the prepared store" if event.cached else f" · {event.seconds:.1f} s")
    if event.left_out:
        text += " · left out: " + "; ".join(f"{count} {why}" for why, count in event.left_out.items())
    if event.unreadable:
        listed = "; ".join(f"{path}: {reason}" for path, reason in event.unreadable[:10])
        more = f"; and {len(event.unreadable) - 10} more" if len(event.unreadable) > 10 else ""
        text += f" · {len(event.unreadable)} cannot be read: {listed}{more}"
    return text


def _encoding(event: ev.Encoding) -> str:
    augmented = " augmented" if event.augmented else ""
    views = f" in {event.views}{augmented} views each" if event.views > 1 else f" in one{augmented} view each"
    where = "on the device" if event.place == "device" else f"in {event.folder}"
    return (
        f"all up to {event.group} is frozen and computed once: {event.films:,} films{views}, {event.validation:,}"
        f" validation films · features of {size_text(event.bytes)}, {where}"
    )


def _early_stopping(event: ev.EarlyStopping) -> str:
    if event.improved:
        text = f"best {event.metric} so far: {event.value:.4f} (epoch {event.epoch})"
    else:
        left = f" · patience left {event.patience_left}" if event.patience else ""
        text = f"{event.metric} {event.value:.4f} does not pass {event.to_beat:.4f} of epoch {event.best_epoch}{left}"
    return f"{text} · stopping early" if event.stopping else text


def _evaluated(event: ev.Evaluated) -> str:
    counts = event.counts
    return (
        f"{event.part}: {metrics_text(event.metrics)}{_intervals(event)} · {counts['films']} films: {counts['tp']}"
        f" true positive, {counts['fn']} missed, {counts['tn']} true negative, {counts['fp']} false alarms"
    )


def _intervals(event: ev.Evaluated) -> str:
    """Return the 95 % intervals that the log has; empty if it has none."""
    found = []
    for metric in ("accuracy", "auroc", "sensitivity", "specificity"):
        body = event.estimates.get(metric, {})
        low, high = body.get("low", math.nan), body.get("high", math.nan)
        if math.isfinite(low) and math.isfinite(high):
            ends = f"{low:.3f}–{high:.3f}" if metric == "auroc" else f"{100 * low:.1f}–{100 * high:.1f}"
            found.append(f"{'AUROC' if metric == 'auroc' else metric} {ends}")
    return f" (95 %: {', '.join(found)})" if found else ""


def _counts(found: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {in_list(label)}" for label, count in found.items())
