"""Runs epochs, validations and the final evaluation, as generators over one `Session`."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Generator

import jax

from cxrtui.data.loader import make_loader
from cxrtui.errors import Cancelled, cancelled_when
from cxrtui.runs import events as ev
from cxrtui.training.readings import Readings, diverged
from cxrtui.training.session import Session
from cxrtui.training.unfreezing import unfreeze
from cxrtui.weights import restored


def train(session: Session) -> Generator[ev.Event, None, str]:
    """Train epoch by epoch until there is a reason to stop, and return that reason."""
    position, decisions = session.position, session.decisions
    if reason := decisions.stop():
        yield from session.save("stopping")
        return reason
    while True:
        stopped = yield from session.pause()
        if stopped:
            return decisions.stop()
        if not position.validated:
            interrupted = yield from _validate(session)
            if interrupted:
                return decisions.stop()
        if position.stopper.stopping:
            return "early_stopping"
        if position.step >= session.total_steps:
            return "epochs"
        # This waits until a step follows, because a checkpoint of this step has its arrays split by the old level.
        if session.next_freeze_level != session.network.spec.freeze:
            yield from unfreeze(session)
        interrupted = yield from _epoch(session)
        if interrupted:
            return decisions.stop()


def _epoch(session: Session) -> Generator[ev.Event, None, bool]:
    """Train the rest of this epoch; return True if a stop was requested. Scalars are read one step late."""
    config, position, per_epoch, step = session.config, session.position, session.steps_per_epoch, session.step
    assert step is not None
    decisions, layout = session.decisions, session.call.layout
    epoch, first = position.step // per_epoch + 1, position.step % per_epoch
    rates = session.rates.of(per_epoch * (epoch - 1), per_epoch * epoch)
    readings = Readings(config, position, epoch, rates)
    for batch in session.train.epoch(config.run.seed, epoch, config.optim.batch_size, first):
        hyper = session.hyper.at(layout.put_state(rates[position.step % per_epoch]))
        with jax.transfer_guard("disallow"):
            state, scalars = step(session.network.state, batch, hyper)
        session.network = dataclasses.replace(session.network, state=state)
        if readings.pending:
            yield readings.read()
        position.step += 1
        readings.dispatched(position.step, scalars)
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
    yield ev.EpochDone(epoch=epoch, step=position.step, loss=position.epoch_loss / per_epoch,
                       accuracy=position.epoch_correct / per_epoch, seconds=position.epoch_seconds)  # fmt: skip
    position.epoch_loss = position.epoch_correct = position.epoch_seconds = 0.0
    position.validated = False
    return False


def _validate(session: Session) -> Generator[ev.Event, None, bool]:
    """Evaluate the validation split, then stop early or save a checkpoint; return True if a stop was requested."""
    position, decisions = session.position, session.decisions
    clock = time.monotonic()
    variables = session.to_evaluate(session.network.state.variables, session.network.spec.freeze)
    check = cancelled_when(decisions.stopping)
    try:
        result = yield from session.evaluator.evaluate(variables, session.validation, "validating", check)
    except Cancelled:
        yield from session.save("stopping")
        return True
    epoch = position.step // session.steps_per_epoch
    if not math.isfinite(result.metrics["loss"]):
        where = f"loss of the validation after step {position.step}"
        raise diverged(session.config, where, result.metrics["loss"], epoch)
    yield ev.Validated(epoch=epoch, step=position.step, metrics=result.metrics, seconds=time.monotonic() - clock)
    position.stopper, found = position.stopper.after(epoch, position.step, result.metrics)
    yield found
    position.validated = True
    stop = decisions.stopping()
    yield from session.save("stopping" if stop else "epoch")
    return stop and not position.stopper.stopping and position.step < session.total_steps


def evaluate(session: Session) -> Generator[ev.Event, None, str]:
    """Evaluate the best weights on validation and test, and write the results to the log and to `evaluation/`.

    Returns:
        The reason to stop, if there was one before all was evaluated; else an empty string.
    """
    position, call = session.position, session.call
    spec, variables = session.network.spec, session.network.state.variables
    best = position.stopper.best_step or position.step
    if best != position.step:
        progress = call.checkpoints.progress(best)
        spec, _, variables = restored.restored(call.config, call.checkpoints, best, progress, call.layout)
    variables = session.to_evaluate(variables, spec.freeze)
    check = cancelled_when(call.decisions.stopping)
    test = make_loader(session.prepared.splits["test"], call.layout, call.config.data.feed)
    for name, loader in (("validation", session.validation), ("test", test)):
        try:
            result = yield from session.evaluator.evaluate(variables, loader, "evaluating", check)
        except Cancelled:
            return call.decisions.stop()
        if not math.isfinite(result.metrics["loss"]) and len(loader.split):
            raise diverged(call.config, f"loss of the {name} films", result.metrics["loss"], session.epoch)
        result.write(call.run.evaluation, name, loader.split, session.prepared.labels, best)
        yield ev.Evaluated(part=name, step=best, metrics=result.metrics, counts=result.counts,
                           threshold=result.threshold)  # fmt: skip
    return ""
