"""Draws the course of a training: loss, accuracy and learning rate, with the best epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from cxrtui.evaluation.report.blocks import Figure
from cxrtui.evaluation.report.svg import COLOURS, drawn, legend
from cxrtui.runs.state import RunState

_MOST = 240  # points of a course by step
_LARGEST = 1e12
"""A loss or a rate beyond this has diverged as well as an infinite one, and would flatten all else."""
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


def diverged(state: RunState) -> int:
    """Return in how many steps the loss is no finite number, or beyond all measure."""
    return int(np.isnan(_measurable(state.steps.column("loss"))).sum())


def _measurable(values: Sequence[float], least: float = -_LARGEST, most: float = _LARGEST) -> NDArray[np.float64]:
    """Return the values, NaN in place of those that are infinite or not from `least` to `most`."""
    found = np.array(values, np.float64)
    return np.where((found >= least) & (found <= most), found, np.nan)


def _of_epochs(items: Iterable[tuple[int, float]], least: float, most: float) -> list[tuple[int, float]]:
    """Return epochs with their values, see `_measurable`; empty if no value is one."""
    epochs, values = tuple(zip(*items, strict=True)) or ((), ())
    found = _measurable(values, least, most)
    return list(zip(epochs, found.tolist(), strict=True)) if np.isfinite(found).any() else []


def in_words(value: float, form: str = ".3g", unit: str = "") -> str:
    """Return a number in words; one that is not finite is said to be none."""
    return f"{value:{form}}{unit}" if np.isfinite(value) else "no finite number"


def _by_step(state: RunState, name: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return epochs done, with fractions, and the means of a field of the steps over blocks of equal length.

    A block that has a value which is not `_measurable` is NaN, and its curve has a gap there.
    """
    values = _measurable(state.steps.column(name))
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
    seen = _of_epochs(((item.epoch, item.metrics.get("loss", np.nan)) for item in state.validations),
                      -_LARGEST, _LARGEST)  # fmt: skip
    if not seen and not np.isfinite(losses).any():
        return None

    def draw(axes: Axes) -> None:
        axes.plot(epochs, losses, color=_MUTED, linewidth=1.0, label="training, by step")
        if seen:
            axes.plot(*zip(*seen, strict=True), "o-", color=_ACCENT, markersize=4, label="validation")
        _best(axes, state)
        axes.set(ylabel="loss", ylim=(0, None))
        legend(axes)

    text = f"The training loss goes from {in_words(losses[0])} to {in_words(losses[-1])}"
    if seen:
        (first, high), (last, low) = seen[0], seen[-1]
        text += f", that of validation from {in_words(high)} in epoch {first} to {in_words(low)} in epoch {last}"
    return _figure("training-loss", "Loss", f"{text}.{_best_text(state)}", draw)


def _accuracy(state: RunState) -> Figure | None:
    trained = _of_epochs(((item.epoch, item.accuracy) for item in state.epochs), 0.0, 1.0)
    seen, areas = (
        _of_epochs(((item.epoch, item.metrics.get(name, np.nan)) for item in state.validations), 0.0, 1.0)
        for name in ("accuracy", "auroc")
    )
    if not trained and not seen:
        return None

    def draw(axes: Axes) -> None:
        if trained:
            axes.plot(
                *zip(*trained, strict=True), "s-", color=_MUTED, markersize=3, linewidth=1.0, label="training accuracy"
            )
        if seen:
            axes.plot(*zip(*seen, strict=True), "o-", color=_ACCENT, markersize=4, label="validation accuracy")
        if areas:
            axes.plot(*zip(*areas, strict=True), "^--", color=_NEGATIVE, markersize=4, label="validation AUROC")
        _best(axes, state)
        axes.set(ylim=(None, 1.02))
        legend(axes)

    text = ""
    if trained:
        text = f"The training accuracy ends at {in_words(100 * trained[-1][1], '.1f', ' %')}. "
    if seen:
        text += f"That of validation ends at {in_words(100 * seen[-1][1], '.1f', ' %')}"
        text += f", its AUROC at {in_words(areas[-1][1], '.3f')}." if areas else "."
    return _figure("training-accuracy", "Accuracy and AUROC", f"{text}{_best_text(state)}".strip(), draw)


def _rate(state: RunState) -> Figure | None:
    if not len(state.steps):
        return None
    epochs, rates = _by_step(state, "learning_rate")
    finite = rates[np.isfinite(rates)]
    if not len(finite):
        return None

    def draw(axes: Axes) -> None:
        axes.plot(epochs, rates, color=_ACCENT)
        axes.set(ylim=(0, None))
        axes.yaxis.set_major_formatter(lambda rate, place: f"{rate:g}")

    text = (f"The learning rate begins at {in_words(rates[0])}, is {finite.max():.3g} at most and ends at "
            f"{in_words(rates[-1])}.")  # fmt: skip
    return _figure("training-rate", "Learning rate", text, draw)
