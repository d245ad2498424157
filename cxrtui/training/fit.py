"""Training as a generator of events: no threads of its own, no printing, no screen.

Whoever pulls decides: a caller that stops pulling has paused the run, one that closes the generator has ended it.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor

from cxrtui.data.loader import make_feed, steps_per_epoch
from cxrtui.data.prepared.prepare import Prepared, prepare
from cxrtui.errors import Cancelled, DataError, OtherFilmsError, cancelled_when
from cxrtui.evaluation.judge import Judge
from cxrtui.net import backend
from cxrtui.runs import advice
from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.runs.glance import summary
from cxrtui.settings import transfer
from cxrtui.settings.config import Config
from cxrtui.training.began import began, check_there
from cxrtui.training.first_weights import first_weights
from cxrtui.training.loop import evaluate, train
from cxrtui.training.losses import class_weights
from cxrtui.training.restore import Restored, restore
from cxrtui.training.session import Ask, Position, Session
from cxrtui.training.start import resumed, start
from cxrtui.training.step import compile_step
from cxrtui.training.stopping import Stopper
from cxrtui.weights.checkpoints import Checkpoints


def _never() -> bool:
    return False


def fit(
    config: Config,
    run: Run,
    should_stop: Ask = _never,
    should_checkpoint: Ask = _never,
    should_pause: Ask = _never,
    *,
    resume: bool = False,
) -> Generator[ev.Event, None, None]:
    """Train, watch the validation part, stop early, and evaluate the best weights, as a stream of events.

    The result is a function of configuration, films and device alone: the order of the films, the augmentation and
    dropout follow from (seed, epoch, step), so that a resumed run ends with the same bits as one left alone.

    Args:
        config: what to do.
        run: where `splits.csv`, `state/` and `evaluation/` are written; its log is the caller's to write.
        should_stop: asked between steps; True ends the run with a checkpoint and `Stopped(reason="requested")`.
        should_checkpoint: asked between steps; True saves a checkpoint.
        should_pause: asked between steps; True yields `Paused` with nothing under way, and `Resumed` once it is False.
            Whoever pulls meanwhile gets the checkpoints that are asked for, and no step.
        resume: go on from the run's latest checkpoint, or from the start where there is none.

    Raises:
        DataError, WeightsError, CheckpointError: what is needed is missing or does not fit.
        DivergedError: the loss is no longer finite; the message names the step.
    """
    backend.prepare()
    checkpoints = Checkpoints(run.state)
    latest = checkpoints.latest() if resume else None
    begun = Restored(Position(Stopper(config.stop))) if latest is None else restore(config, checkpoints, latest)
    position = begun.position
    if latest is not None:
        checkpoints.prune()  # a process that was killed may have left one too many
    if resume:
        yield ev.Resumed(step=position.step, epoch=begun.epoch, restored=True)
        yield from begun.warnings
        if latest is None and (lost := summary(run).checkpoint) is not None:
            yield ev.Warned(code="checkpoint-lost", message=f"The checkpoint of step {lost.step} is not in {run.state} "
                            "any more, nor is any other; the run begins anew.")  # fmt: skip
    try:
        try:
            if latest is None:
                yield from first_weights(config, cancelled_when(should_stop))
            known = began(run) if resume else None
            if resume:
                check_there(config, run)
            divided = config if known is not None and known.content else _with_own_split(config, run)
            prepared = yield from prepare(
                divided, splits_out=run.splits_file, began=known, check_cancelled=cancelled_when(should_stop)
            )
        except Cancelled:
            yield ev.Stopped(reason="requested", step=position.step, epoch=0)
            return
        if divided is not config and begun.fingerprint not in ("", prepared.fingerprint):  # an older version's run
            raise OtherFilmsError(
                f"The films of {', '.join(config.data.source)} are not those that run {run.name} began with; bring "
                f"the old ones back, say where they lie with: {advice.resume(run, data=True)} (or start a new run)."
            )
        session = yield from _set_up(config, run, prepared, checkpoints, position, latest,
                                     should_stop, should_checkpoint, should_pause)  # fmt: skip
        reason = yield from train(session)
        yield from session.committed(wait=True)
        if reason != "requested":
            interrupted = yield from evaluate(session)
            reason = "requested" if interrupted else reason
        yield ev.Stopped(reason=reason, step=position.step, epoch=session.epoch)
    finally:
        checkpoints.close()


def _with_own_split(config: Config, run: Run) -> Config:
    """A run that has its split already keeps it."""
    if run.splits_file.exists():
        return dataclasses.replace(config, data=dataclasses.replace(config.data, splits=str(run.splits_file)))
    return config


def _set_up(
    config: Config, run: Run, prepared: Prepared, checkpoints: Checkpoints, position: Position, latest: int | None,
    should_stop: Ask, should_checkpoint: Ask, should_pause: Ask,
) -> Generator[ev.Event, None, Session]:  # fmt: skip
    """First weights or a checkpoint's, and both programs compiled, side by side."""
    part = prepared.parts["train"]
    if len(part) < 2:
        raise DataError("Fewer than two films are left to train on; add films or make data.validation smaller.")
    steps = steps_per_epoch(len(part), config.optim.batch_size)
    total = steps * config.optim.epochs
    yield ev.Preparing(stage="compiling")
    began = time.monotonic()
    begun = start(config, total) if latest is None else resumed(config, total, checkpoints, latest)
    level, step = begun.spec.freeze, None
    weights = class_weights(part.labels, config.optim.class_weights)
    judge = Judge(begun.graphdef, config.data.size, prepared.side, weights, config.optim.label_smoothing)
    with ThreadPoolExecutor(1) as second:
        compiling = second.submit(judge.predictor.compile, begun.state.weights)
        if level == transfer.level_in(position.step // steps + 1, config.model.freeze, config.model.unfreeze):
            step = compile_step(begun.graphdef, config, total, level, weights, begun.state, prepared.side)
        compiling.result()
    if step is not None:  # else resumed just before an epoch in which more trains, which compiles its own
        parameters, trainable = begun.state.counts
        yield ev.Compiled(seconds=time.monotonic() - began, parameters=parameters, trainable=trainable)
    feed = make_feed(part, config.data.feed)
    validation = make_feed(prepared.parts["validation"], config.data.feed)
    return Session(config, run, should_stop, should_checkpoint, should_pause, checkpoints, prepared, weights,
                   begun.spec, begun.graphdef, begun.state, step, position, steps, judge, level, feed,
                   validation)  # fmt: skip
