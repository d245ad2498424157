"""Runs epochs, validations and the final evaluation, as generators over one `Session`."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Generator

import jax
import numpy as np

from cxrtui.data.loader import Loader, make_loader
from cxrtui.errors import Cancelled, cancelled_when
from cxrtui.evaluation import operation as operations
from cxrtui.evaluation.evaluator import EvalResult
from cxrtui.evaluation.measured import measured
from cxrtui.evaluation.operation import Operation, set_operation
from cxrtui.evaluation.trained_on import leaks
from cxrtui.net import hosts
from cxrtui.runs import events as ev
from cxrtui.statistics.ranking import roc_points, score_histogram
from cxrtui.training import features
from cxrtui.training.rates import WINDOW
from cxrtui.training.readings import Readings, diverged
from cxrtui.training.session import Session
from cxrtui.training.unfreezing import unfreeze
from cxrtui.weights import restored

_LATE, _LATE_SHARE = 5.0, 0.2
"""Seconds, and share, of an epoch that are spent waiting for films from which a warning says so."""


def train(session: Session) -> Generator[ev.Event, None, str]:
    """Train epoch by epoch until there is a reason to stop, and return that reason."""
    position, decisions = session.position, session.decisions
    if reason := decisions.stop():
        yield from session.save("stopping")
        return reason
    trained = not position.validated  # whether an epoch has ended in this process
    while True:
        stopped = yield from session.pause()
        if stopped:
            return decisions.stop()
        if not position.validated:
            interrupted = (yield from features.ready(session)) or (yield from _validate(session))
            if interrupted:
                return decisions.stop()
        if position.stopper.stopping:
            return "early_stopping"
        if position.step >= session.total_steps:
            return "epochs"
        if trained and decisions.asked_to_stop_after_epoch():
            yield from session.committed(wait=True)  # the request can be taken back while the checkpoint is written
            if reason := decisions.stop_after_epoch():
                return reason
        # This waits until a step follows, because a checkpoint of this step has its arrays split by the old level.
        if session.next_freeze_level != session.network.spec.freeze:
            try:
                yield from unfreeze(session)
            except Cancelled:
                return decisions.stop()
        interrupted = (yield from features.ready(session)) or (yield from _epoch(session))
        if interrupted:
            return decisions.stop()
        trained = True


def _epoch(session: Session) -> Generator[ev.Event, None, bool]:
    """Train the rest of this epoch; return True if a stop was requested. Scalars are read one step late."""
    config, position, per_epoch, step = session.config, session.position, session.steps_per_epoch, session.step
    assert step is not None
    decisions, layout, trace = session.decisions, session.call.layout, session.trace
    epoch, first = position.step // per_epoch + 1, position.step % per_epoch
    readings = Readings(config, position, epoch, per_epoch, session.rates)
    hyper = session.hyper.at(layout.put_state(session.rates.window(position.step)))
    loader = session.train if session.prefix is None else session.prefix.train
    for batch in readings.timed(trace.batches(loader.epoch(config.run.seed, epoch, config.optim.batch_size, first))):
        if position.step % WINDOW == 0:
            hyper = hyper.at(layout.put_state(session.rates.window(position.step)))
        with trace.step(position.step), jax.transfer_guard("disallow"):
            leaves, scalars = step.onward(session.network.leaves, batch, hyper)
        session.network = dataclasses.replace(session.network, leaves=leaves)
        if readings.pending:
            yield readings.read()
        position.step += 1
        readings.dispatched(position.step, scalars)
        if found := trace.done(scalars):
            yield found
        yield from session.committed()
        stop = decisions.stopping()
        saving = "stopping" if stop else decisions.checkpoint()
        if saving or decisions.pause():
            yield readings.read(last=True)
            if position.step % per_epoch == 0:
                break  # all of them are handled between the epochs
            if saving:
                yield from session.save(saving)
            if stop:
                return True
            stopped = yield from session.pause()
            if stopped:
                return True
            readings.restart()
    if readings.pending:
        yield readings.read(last=True)
    if found := trace.end():
        yield found
    speed = per_epoch * config.optim.batch_size / max(position.epoch_seconds, 1e-9)
    yield ev.EpochDone(epoch=epoch, step=position.step, loss=position.epoch_loss / per_epoch,
                       accuracy=position.epoch_correct / per_epoch, seconds=position.epoch_seconds,
                       images_per_second=speed, per_device=speed / layout.count,
                       waiting=position.epoch_waiting)  # fmt: skip
    yield from _late(session, epoch)
    position.epoch_loss = position.epoch_correct = position.epoch_seconds = position.epoch_waiting = 0.0
    position.validated = False
    return False


def _late(session: Session, epoch: int) -> Generator[ev.Event, None, None]:
    """Yield a warning, once, if much of the epoch was spent waiting for films."""
    waiting, seconds = session.position.epoch_waiting, session.position.epoch_seconds
    if not session.told_late and waiting >= max(_LATE, _LATE_SHARE * seconds):
        session.told_late = True
        yield ev.Warned(code="films-late", message=f"In epoch {epoch} the device waited {waiting:.0f} of {seconds:.0f} "
                        "s for films; bring the cache folder (CXRTUI_CACHE_DIR) to a faster disk, give the run more "
                        "cores, or keep the films on the device (data.feed=device) if they fit.")  # fmt: skip


def _validate(session: Session) -> Generator[ev.Event, None, bool]:
    """Evaluate the validation split, then stop early or save a checkpoint; return True if a stop was requested."""
    position, decisions = session.position, session.decisions
    clock = time.monotonic()
    evaluator, loader, variables = session.evaluator, session.validation, session.network.state.evaluated
    if session.prefix is None:
        variables = session.to_evaluate(variables, session.network.spec.freeze)
    else:
        evaluator, loader = session.prefix.evaluator, session.prefix.validation
    check = cancelled_when(decisions.stopping)
    try:
        result = yield from evaluator.evaluate(variables, loader, "validating", check)
    except Cancelled:
        yield from session.save("stopping")
        return True
    epoch = position.step // session.steps_per_epoch
    if not math.isfinite(result.metrics["loss"]):
        where = f"loss of the validation after step {position.step}"
        raise diverged(session.config, where, result.metrics["loss"], epoch)
    labels = session.validation.split.labels
    yield ev.Validated(
        epoch=epoch, step=position.step, metrics=result.metrics, seconds=time.monotonic() - clock,
        counts=result.counts, scores=score_histogram(labels, result.probabilities),
        roc=np.round(roc_points(labels, result.probabilities), 5).tolist(),
    )  # fmt: skip
    position.stopper, found = position.stopper.after(epoch, position.step, result.metrics)
    yield found
    position.validated = True
    stop = decisions.stopping()
    yield from session.save("stopping" if stop else "epoch")
    return stop and not position.stopper.stopping and position.step < session.total_steps


def evaluate(session: Session) -> Generator[ev.Event, None, str]:
    """Evaluate the best weights on the splits of `run.evaluate`, and write the results to the log and to `evaluation/`.

    Returns:
        The reason to stop, if there was one before all was evaluated; else an empty string.
    """
    position, call = session.position, session.call
    spec, variables = session.network.spec, session.network.state.evaluated
    best = position.stopper.best_step or position.step
    if best != position.step:
        progress = call.checkpoints.progress(best)
        spec, _, variables = restored.restored(call.config, call.checkpoints, best, progress, call.layout)
    variables = session.to_evaluate(variables, spec.freeze)
    check = cancelled_when(call.decisions.stopping)
    operation = Operation()
    test = make_loader(session.prepared.splits["test"], call.layout, call.config.data.feed)
    for name, loader in (("validation", session.validation), ("test", test)):
        if name not in call.config.run.evaluate:
            continue
        split = loader.split
        try:
            result = yield from session.evaluator.evaluate(variables, loader, "evaluating", check)
            if not math.isfinite(result.metrics["loss"]) and len(split):
                raise diverged(call.config, f"loss of the {name} films", result.metrics["loss"], session.epoch)
        except Cancelled:
            return call.decisions.stop()
        stopped = ""
        if hosts.leads():
            try:
                operation = yield from _reported(session, name, loader, result, best, operation)
            except Cancelled:
                stopped = call.decisions.stop_alone()
        if stopped := hosts.told(stopped):
            return str(stopped)
    return ""


def _reported(
    session: Session, name: str, loader: Loader, result: EvalResult, best: int, operation: Operation
) -> Generator[ev.Event, None, Operation]:
    """Measure a result, and write it to the log and to `evaluation/`; return the operating point that it has.

    Raises:
        Cancelled: there was a reason to stop.
    """
    call, split = session.call, loader.split
    if name == "validation":
        operation = set_operation(call.config.run, split.labels, result.probabilities)
        yield from _about(operation)
        operations.write(call.run, best, operation)
    result = result.at(operation, split.labels)
    check = cancelled_when(lambda: bool(call.decisions.stop_alone()))
    measures = yield from measured(split, result.probabilities, operation, check)
    result.write(call.run.evaluation, name, split, session.prepared.labels, best, measures, leaks(call.run))
    yield measures.evaluated(name, best, result.metrics, result.counts)
    return operation


def _about(operation: Operation) -> Generator[ev.Event, None, None]:
    """Yield a warning for what could not be set on the validation films."""
    if operation.calibration.why:
        yield ev.Warned(code="not-calibrated", message=f"The probabilities are not calibrated: "
                        f"{operation.calibration.why}.")  # fmt: skip
    if operation.why:
        yield ev.Warned(code="operating-point", message=f"The operating point is {operation.threshold:g}, for the rule "
                        f"could not be applied: {operation.why}.")  # fmt: skip
