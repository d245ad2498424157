"""Epochs, validations and the final evaluation, as generators over one `Session`."""

from __future__ import annotations

import math
import time
from collections.abc import Generator

import jax
import jax.numpy as jnp
import numpy as np

from cxrtui.data.loader import make_feed
from cxrtui.errors import DivergedError
from cxrtui.runs import events as ev
from cxrtui.settings.config import Config
from cxrtui.training.optimizer import leading_rate, own_rates, schedule
from cxrtui.training.session import Session
from cxrtui.training.unfreezing import unfreeze
from cxrtui.weights import restored


def train(session: Session) -> Generator[ev.Event, None, str]:
    """Epochs until there is a reason to stop, which is returned."""
    position = session.position
    if session.should_stop():
        yield from session.save("stopping")
        return "requested"
    while True:
        stopped = yield from session.pause()
        if stopped:
            return "requested"
        if not position.validated:
            interrupted = yield from _validate(session)
            if interrupted:
                return "requested"
        if position.stopper.stopping:
            return "early_stopping"
        if position.step >= session.total_steps:
            return "epochs"
        # Only now that a step follows: a checkpoint of this very step has its arrays divided by the level before.
        if session.next_level != session.spec.freeze:
            yield from unfreeze(session)
        interrupted = yield from _epoch(session)
        if interrupted:
            return "requested"


def _epoch(session: Session) -> Generator[ev.Event, None, bool]:
    """The rest of the epoch under way; True where a stop was asked for. Scalars are read one step late.

    A step's images a second are reckoned from one reading to the next, with whoever pulls in between. The device works
    on the next step meanwhile, so that time left out there would make that one look faster than it was; only where
    nothing is under way, after a pause or a save, does the clock begin anew.
    """
    config, position, per_epoch, step = session.config, session.position, session.steps_per_epoch, session.step
    assert step is not None
    epoch, first = position.step // per_epoch + 1, position.step % per_epoch
    batch = config.optim.batch_size
    numbers = jnp.arange(per_epoch * (epoch - 1), per_epoch * epoch, dtype=jnp.int32)
    rates = np.asarray(jax.vmap(schedule(config.optim, session.total_steps))(numbers))
    pending: tuple[int, dict[str, jax.Array]] | None = None
    clock, before = time.monotonic(), 0.0

    def read(*, last: bool = False) -> ev.StepDone:
        """The step that was dispatched before; with `last` the one just dispatched, and none is under way then."""
        nonlocal clock, before
        assert pending is not None
        number, scalars = pending
        values = {name: float(value) for name, value in jax.device_get(scalars).items()}
        for name in ("loss", "gradient_norm"):
            if not math.isfinite(values[name]):
                raise _diverged(config, f"{name.replace('_', ' ')} of step {number}", values[name], epoch)
        now = time.monotonic()
        seconds, clock = now - clock, now
        # Where a dispatch waits for the device, as on a CPU it may, the last step was done before its clock began.
        shown, before = max(seconds, before if last else 0.0), 0.0 if last else seconds
        position.epoch_loss += values["loss"]
        position.epoch_correct += values["accuracy"]
        position.epoch_seconds += seconds
        return ev.StepDone(
            step=number, epoch=epoch, epochs=config.optim.epochs, steps_per_epoch=per_epoch, loss=values["loss"],
            accuracy=values["accuracy"], learning_rate=float(rates[(number - 1) % per_epoch]),
            gradient_norm=values["gradient_norm"], images_per_second=batch / max(shown, 1e-9),
        )  # fmt: skip

    for films in session.feed.start(config.run.seed, epoch, batch, first):
        with jax.transfer_guard("disallow"):
            session.state, scalars = step(session.state, films.images, films.labels)
        if pending is not None:
            yield read()
        pending = (position.step + 1, scalars)
        position.step += 1
        yield from session.committed()
        stop, due = session.should_stop(), session.due
        asked, pause = not (stop or due) and session.should_checkpoint(), session.should_pause()
        if stop or due or asked or pause:
            yield read(last=True)
            pending = None
            if position.step % per_epoch == 0:
                break  # between the epochs is time for each of them
            if stop or due or asked:
                yield from session.save("stopping" if stop else "periodic" if due else "requested")
            if stop:
                return True
            stopped = yield from session.pause()
            if stopped:
                return True
            clock = time.monotonic()  # neither a pause nor a save is training
    if pending is not None:
        yield read(last=True)
    yield ev.EpochDone(epoch=epoch, step=position.step, loss=position.epoch_loss / per_epoch,
                       accuracy=position.epoch_correct / per_epoch, seconds=position.epoch_seconds)  # fmt: skip
    position.epoch_loss = position.epoch_correct = position.epoch_seconds = 0.0
    position.validated = False
    return False


def _diverged(config: Config, what: str, value: float, epoch: int) -> DivergedError:
    own, leading = own_rates(config.optim), leading_rate(config.optim)
    others = f" and the rates of {', '.join(own)}" if own else ""
    return DivergedError(
        f"The {what} (epoch {epoch}) is {value}; lower optim.learning_rate{others} "
        f"(at most {max([leading, *own.values()]):g} now) or set optim.clip."
    )


def _validate(session: Session) -> Generator[ev.Event, None, bool]:
    """Judge the validation part, then early stopping, then a checkpoint; True where a stop was asked for instead."""
    position = session.position
    began = time.monotonic()
    weights = session.for_judge(session.state.weights, session.spec.freeze)
    judged = yield from session.judge.part(weights, session.validation, "validating", session.should_stop)
    if judged is None:
        yield from session.save("stopping")
        return True
    epoch = position.step // session.steps_per_epoch
    if not math.isfinite(judged.metrics["loss"]):
        where = f"loss of the validation after step {position.step}"
        raise _diverged(session.config, where, judged.metrics["loss"], epoch)
    yield ev.Validated(epoch=epoch, step=position.step, metrics=judged.metrics, seconds=time.monotonic() - began)
    position.stopper, verdict = position.stopper.judge(epoch, position.step, judged.metrics)
    yield verdict
    position.validated = True
    stop = session.should_stop()
    yield from session.save("stopping" if stop else "epoch")
    return stop and not position.stopper.stopping and position.step < session.total_steps


def evaluate(session: Session) -> Generator[ev.Event, None, bool]:
    """The best weights on validation and test, into the log and `evaluation/`; True where a stop was asked for."""
    position, checkpoints = session.position, session.checkpoints
    spec, weights = session.spec, session.state.weights
    best = position.stopper.best_step or position.step
    if best != position.step:
        spec, _, weights = restored.restored(session.config, checkpoints, best, checkpoints.progress(best))
    weights = session.for_judge(weights, spec.freeze)
    test = make_feed(session.prepared.parts["test"], session.config.data.feed)
    for name, feed in (("validation", session.validation), ("test", test)):
        judged = yield from session.judge.part(weights, feed, "evaluating", session.should_stop)
        if judged is None:
            return True
        if not math.isfinite(judged.metrics["loss"]) and len(feed.part):
            raise _diverged(session.config, f"loss of the {name} films", judged.metrics["loss"], session.epoch)
        judged.write(session.run.evaluation, name, feed.part, session.prepared.labels, best)
        yield ev.Evaluated(part=name, step=best, metrics=judged.metrics, counts=judged.counts,
                           threshold=judged.threshold)  # fmt: skip
    return False
