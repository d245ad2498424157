"""Draws the course of a training: loss, accuracy and learning rate, with the best epoch."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from cxrtui.evaluation.report.blocks import Figure
from cxrtui.evaluation.report.svg import COLOURS, drawn, legend
from cxrtui.runs.state import RunState

_MOST = 240  # points of a course by step
_MUTED, _ACCENT, _POSITIVE, _NEGATIVE = (COLOURS[name] for name in ("muted", "accent", "positive", "negative"))


def training_figures(state: RunState) -> list[Figure]:
    """Return the figures for which the log has numbers."""
    return [figure for figure in (_loss(state), _accuracy(state), _rate(state)) if figure is not None]


def _figure(key: str, title: str, alternative: str, draw: Callable[[Axes], None]) -> Figure:
    def by_epoch(axes: Axes) -> None:
        draw(axes)
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))

    return Figure(drawn(key, title, alternative, by_epoch), title)


def _by_step(state: RunState, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return epochs done, with fractions, and the means of a field of the steps over blocks of equal length."""
    values = np.array(state.steps.column(name), np.float64)
    epochs = np.array(state.steps.column("step"), np.float64) / max(1, state.steps[-1].steps_per_epoch)
    starts = np.unique(np.linspace(0, len(values), min(_MOST, len(values)), endpoint=False).astype(int))
    sizes = np.diff(np.r_[starts, len(values)])
    return epochs[np.r_[starts[1:], len(values)] - 1], np.add.reduceat(values, starts) / sizes


def _best(axes: Axes, state: RunState) -> None:
    if state.early is not None:
        axes.axvline(state.early.best_epoch, color=_POSITIVE, linestyle="-.", linewidth=1.2, label="best epoch")


def _best_text(state: RunState) -> str:
    early = state.early
    return f" The best epoch is {early.best_epoch}." if early is not None else ""


def _loss(state: RunState) -> Figure | None:
    if not len(state.steps):
        return None
    epochs, losses = _by_step(state, "loss")
    seen = [(item.epoch, item.metrics.get("loss", np.nan)) for item in state.validations]

    def draw(axes: Axes) -> None:
        axes.plot(epochs, losses, color=_MUTED, linewidth=1.0, label="training, by step")
        if seen:
            axes.plot(*zip(*seen, strict=True), "o-", color=_ACCENT, markersize=4, label="validation")
        _best(axes, state)
        axes.set(ylabel="loss", ylim=(0, None))
        legend(axes)

    text = f"The training loss goes from {losses[0]:.3g} to {losses[-1]:.3g}"
    if seen:
        (first, high), (last, low) = seen[0], seen[-1]
        text += f", that of validation from {high:.3g} in epoch {first} to {low:.3g} in epoch {last}"
    return _figure("training-loss", "Loss", f"{text}.{_best_text(state)}", draw)


def _accuracy(state: RunState) -> Figure | None:
    trained = [(item.epoch, item.accuracy) for item in state.epochs]
    seen = [(item.epoch, item.metrics.get("accuracy", np.nan)) for item in state.validations]
    areas = [(item.epoch, item.metrics.get("auroc", np.nan)) for item in state.validations]
    if not trained and not seen:
        return None

    def draw(axes: Axes) -> None:
        if trained:
            axes.plot(
                *zip(*trained, strict=True), "s-", color=_MUTED, markersize=3, linewidth=1.0, label="training accuracy"
            )
        if seen:
            axes.plot(*zip(*seen, strict=True), "o-", color=_ACCENT, markersize=4, label="validation accuracy")
        if np.isfinite([value for _, value in areas]).any():
            axes.plot(*zip(*areas, strict=True), "^--", color=_NEGATIVE, markersize=4, label="validation AUROC")
        _best(axes, state)
        axes.set(ylim=(None, 1.02))
        legend(axes)

    text = ""
    if trained:
        text = f"The training accuracy ends at {100 * trained[-1][1]:.1f} %. "
    if seen:
        text += f"That of validation ends at {100 * seen[-1][1]:.1f} %, its AUROC at {areas[-1][1]:.3f}."
    return _figure("training-accuracy", "Accuracy and AUROC", f"{text}{_best_text(state)}".strip(), draw)


def _rate(state: RunState) -> Figure | None:
    if not len(state.steps):
        return None
    epochs, rates = _by_step(state, "learning_rate")

    def draw(axes: Axes) -> None:
        axes.plot(epochs, rates, color=_ACCENT)
        axes.set(ylim=(0, None))
        axes.yaxis.set_major_formatter(lambda rate, place: f"{rate:g}")

    text = f"The learning rate begins at {rates[0]:.3g}, is {rates.max():.3g} at most and ends at {rates[-1]:.3g}."
    return _figure("training-rate", "Learning rate", text, draw)
