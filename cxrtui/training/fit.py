"""Trains as a generator of events. It prints nothing, uses no screen, and starts no threads that outlive a step.

A compiler is the exception: if a stop is requested meanwhile, its thread ends when it has compiled (`beside`).

The caller that takes the events is in control: when it takes no more events, the run is paused, and when it closes the
generator, the run ends.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections import Counter
from collections.abc import Callable, Generator
from concurrent.futures import Future
from typing import Any

import jax

from cxrtui import resources
from cxrtui.data.augment import scalar
from cxrtui.data.loader import free_memory, make_loader, steps_per_epoch
from cxrtui.data.prepared.prepare import Prepared, prepare
from cxrtui.data.prepared.reading import read
from cxrtui.errors import Cancelled, DataError, OtherFilmsError, cancelled_when, never_cancelled
from cxrtui.evaluation.evaluator import Evaluator
from cxrtui.evaluation.losses import class_weights
from cxrtui.evaluation.predict import Predictor, even_batch
from cxrtui.net import backend, build, hosts
from cxrtui.net.classifier import ClassifierSpec
from cxrtui.net.layout import Layout
from cxrtui.net.traced import CompiledFunction
from cxrtui.runs import advice
from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.runs.glance import summary
from cxrtui.settings import transfer
from cxrtui.settings.config import Config
from cxrtui.settings.sharing import sizes_for
from cxrtui.training import estimate, fitting
from cxrtui.training.agreed import Agreed
from cxrtui.training.ahead import link_ahead
from cxrtui.training.beside import beside
from cxrtui.training.convolutions import forms_of_convolutions
from cxrtui.training.decisions import ENDED, REQUESTED, Decisions, Requests
from cxrtui.training.features import cut_of
from cxrtui.training.first_weights import first_weights
from cxrtui.training.fitting import Room
from cxrtui.training.hyper import hyper_of
from cxrtui.training.initial_films import check_there, initial_films
from cxrtui.training.initial_state import Beginning, NetworkState, beginning, initial, outline, resumed
from cxrtui.training.known_films import known_films
from cxrtui.training.loop import evaluate, train
from cxrtui.training.profile import Trace
from cxrtui.training.rates import Rates
from cxrtui.training.restore import Restored, restore
from cxrtui.training.session import Call, Position, Session
from cxrtui.training.step import Program, compile_step
from cxrtui.training.stopping import Stopper
from cxrtui.weights.checkpoints import Checkpoints


def fit(
    config: Config,
    run: Run,
    requests: Requests | None = None,
    *,
    resume: bool = False,
    layout: Layout | None = None,
    evaluation_batch: int | None = None,
) -> Generator[ev.Event, None, None]:
    """Train, watch the validation split, stop early, and evaluate the best weights, as a stream of events.

    The result depends only on configuration, films and device. The order of the films, the augmentation and dropout
    follow from (seed, epoch, step), so that a resumed run ends with the same bits as an uninterrupted one.

    Args:
        config: of the run.
        run: its `splits.csv`, `state/` and `evaluation/` are written here; the caller writes its log.
        requests: asked between steps. A reason to stop ends the run with a checkpoint and `Stopped` with that reason. A
            pause yields `Paused` with no step under way, and `Resumed` once it is over; meanwhile the generator saves
            the checkpoints that are requested, and does no step.
        resume: whether to go on from the run's latest checkpoint, or from the beginning if there is none.
        layout: of the devices; by default it is chosen as ``run.devices`` asks.
        evaluation_batch: the most images of a device in a call of the program that validates; see `even_batch`. By
            default 32, or fewer where the memory is small.

    Raises:
        ConfigError: there are not so many devices, or the batches cannot be divided among them, or the run takes
            clearly more than all of the memory.
        DataError, WeightsError, CheckpointError: films, weights or a checkpoint are missing or do not fit.
        DivergedError: the loss is no longer finite; the message names the step.
    """
    backend.prepare()
    size = config.optim.batch_size
    if layout is None:
        layout = Layout.choose(config.run.devices, size)
        if jax.device_count() > layout.count and not config.run.devices:
            yield ev.Warned(code="devices-idle", message=_idle(layout, size))
    layout.check_batch(size, "optim.batch_size")
    room = _room(config, layout)
    if evaluation_batch is None:
        evaluation_batch = fitting.evaluation_batch(config, room)
    if not resume and (warning := fitting.check(config, room)):
        yield ev.Warned(code="memory", message=warning)
    checkpoints = Checkpoints(run.state, read_only=not hosts.leads())
    try:
        decisions = Decisions(requests, config.run.checkpoint_minutes)
        if hosts.several():
            decisions = Agreed(decisions)
        call = Call(config=config, run=run, decisions=decisions, checkpoints=checkpoints, layout=layout,
                    evaluation_batch=evaluation_batch)  # fmt: skip
        yield from _fit(call, resume)
    finally:
        checkpoints.close()


def _fit(call: Call, resume: bool) -> Generator[ev.Event, None, None]:
    latest = hosts.told(call.checkpoints.latest() if resume else None)
    restored = yield from _restored(call, latest, resume)
    position, reason = restored.position, ""
    if hosts.leads():
        try:
            prepared, spec, begun, ahead = yield from _first_needs(call, restored, latest, resume)
        except Cancelled:
            reason = call.decisions.stop_alone() or REQUESTED
    else:  # all hosts that share a cache decode films, in shards
        yield from read(call.config.data, call.config.data.source, never_cancelled)
    if reason := hosts.told(reason):
        yield ev.Stopped(reason=reason, step=position.step, epoch=0)
        return
    if not hosts.leads():  # what the first host has prepared, found in a shared cache or prepared here as well
        prepared, spec, begun, ahead = yield from _first_needs(call, restored, latest, True)
    if not call.config.optim.batch_size:
        size = hosts.told(_batch_size(call, len(prepared.splits["train"])))
        call = dataclasses.replace(call, config=estimate.with_batch(call.config, size))
        yield ev.BatchChosen(batch_size=size)
    setting_up = _set_up(call, prepared, position, latest, spec, begun, ahead)
    del begun  # the network gets copies of its arrays
    try:
        session = yield from setting_up
    except Cancelled:
        yield ev.Stopped(reason=call.decisions.stop(), step=position.step, epoch=0)
        return
    with contextlib.closing(session.trace):
        reason = yield from train(session)
    yield from session.committed(wait=True)
    hosts.told(None)  # the others read the checkpoint that is committed now
    if reason in ENDED:
        interrupted = yield from evaluate(session)
        reason = interrupted or reason
    yield ev.Stopped(reason=reason, step=position.step, epoch=session.epoch)


def _idle(layout: Layout, size: int) -> str:
    """Return why not all devices train in batches of `size` films, and what to do."""
    there, each = jax.device_count(), Counter(device.process_index for device in jax.devices())
    fewest, hosts_of = min(each.values()), f", {layout.count // layout.hosts} on each of {layout.hosts} hosts,"
    begin = f"{layout.count} of {there} devices{hosts_of if layout.hosts > 1 else ''} train"
    if layout.count == fewest * layout.hosts:
        return f"{begin}, for all hosts use equally many, and one has {fewest}."
    most = fewest * layout.hosts
    all_of_them = "all would" if most == there else f"{most} would"
    return (f"{begin}, for a batch of {size} films cannot be divided equally among more; with optim.batch_size "
            f"{sizes_for(size, most)} {all_of_them}.")  # fmt: skip


def _room(config: Config, layout: Layout) -> Room:
    """Return the memory that a run of `config` has on each device of `layout`; of several hosts, on the first one's."""
    own, half = backend.describe_device()["memory_bytes"], build.precision(config) == "bfloat16"
    total, free = own or 0, free_memory(layout)
    if own is None:  # several devices of a CPU have one memory, and what this process has already is in the estimate
        total = resources.total_memory() // len(layout.local)
        free = min(total, free + resources.own_memory() // len(layout.local))
    room = Room(free, total, half=half, apart=own is not None, devices=layout.count)
    return Room(**hosts.told(dataclasses.asdict(room)))


def _first_needs(
    call: Call, restored: Restored, latest: int | None, resume: bool
) -> Generator[ev.Event, None, tuple[Prepared, ClassifierSpec, Beginning | None, Future[None]]]:
    """Fetch and read first weights, and prepare the films (see `_prepared`); the step is linked meanwhile.

    Where the memory is small, the weights are to be read again once all is compiled; None stands for them.
    """
    begun: Beginning | None = None
    if latest is None:
        begun = yield from first_weights(call.config, cancelled_when(lambda: bool(call.decisions.stop_alone())))
    else:
        begun = beginning(call.config, call.checkpoints, latest)
    spec = begun.spec
    ahead = link_ahead(call, spec, latest)
    if resources.is_small():
        begun = None
    prepared = yield from _prepared(call, restored, resume)
    yield from known_films(call.config.model.init, prepared)
    return prepared, spec, begun, ahead


def _batch_size(call: Call, train: int) -> int:
    """Return the films of a step with ``optim.batch_size=auto``, a multiple of the number of devices."""
    room = _room(call.config, call.layout)
    return estimate.batch_size(call.config, train, room.free, half=room.half, apart=room.apart, devices=room.devices,
                               small=room.small)  # fmt: skip


def _restored(call: Call, latest: int | None, resume: bool) -> Generator[ev.Event, None, Restored]:
    """Return where the run stands; with `resume`, yield its events and warnings."""
    run, checkpoints = call.run, call.checkpoints
    if latest is None:
        restored = Restored(Position(Stopper(call.config.stop)))
    else:
        restored = restore(call.config, checkpoints, latest, call.layout.count)
        checkpoints.prune()  # a killed process may have left one that is not needed
    if resume:
        yield ev.Resumed(step=restored.position.step, epoch=restored.epoch, restored=True)
        yield from restored.warnings
        if latest is None and (lost := summary(run).checkpoint) is not None:
            yield ev.Warned(code="checkpoint-lost", message=f"The checkpoint of step {lost.step} is not in {run.state} "
                            "any more, nor is any other; the run begins anew.")  # fmt: skip
    return restored


def _prepared(call: Call, restored: Restored, resume: bool) -> Generator[ev.Event, None, Prepared]:
    """Return the prepared films of the run; if it is resumed, these must be the films that it began with.

    Raises:
        Cancelled: there was a reason to stop.
        DataError: the films cannot be used, or differ from those before (`OtherFilmsError`).
    """
    config, run = call.config, call.run
    record = initial_films(run) if resume else None
    if resume:
        check_there(config, run)
    own_split = config if record is not None and record.content else _with_own_split(config, run)
    prepared = yield from prepare(
        own_split, splits_out=run.splits_file if hosts.leads() else None, record=record,
        check_cancelled=cancelled_when(lambda: bool(call.decisions.stop_alone())),
    )  # fmt: skip
    # A run of an older version recorded only the fingerprint of its films.
    if own_split is not config and restored.fingerprint not in ("", prepared.fingerprint):
        raise OtherFilmsError(
            f"The films of {', '.join(config.data.source)} are not those that run {run.name} began with; bring "
            f"the old ones back, say where they lie with: {advice.resume(run, data=True)} (or start a new run)."
        )
    return prepared


def _with_own_split(config: Config, run: Run) -> Config:
    """Return the configuration with the run's own split, if the run has one already."""
    if run.splits_file.exists():
        return dataclasses.replace(config, data=dataclasses.replace(config.data, splits=str(run.splits_file)))
    return config


def _set_up(
    call: Call, prepared: Prepared, position: Position, latest: int | None, spec: ClassifierSpec,
    begun: Beginning | None, ahead: Future[None],
) -> Generator[ev.Event, None, Session]:  # fmt: skip
    """Make the network of first weights or a checkpoint, and compile both programs meanwhile."""
    config, layout, films = call.config, call.layout, prepared.splits["train"]
    if len(films) < 2:
        raise DataError("Fewer than two films are left to train on; add films or make data.validation smaller.")
    steps = steps_per_epoch(len(films), config.optim.batch_size)
    yield ev.Preparing(stage="compiling")
    clock = time.monotonic()
    weights = class_weights(films.labels, config.optim.class_weights)
    hyper = layout.put_state(hyper_of(config, weights))
    table = yield from forms_of_convolutions(call, spec, latest)
    shapes, cut = outline(config, hyper, layout, spec), cut_of(config, spec)
    batch = even_batch(len(prepared.splits["validation"]), call.evaluation_batch, layout.count)
    predictor = Predictor(shapes.graphdef, config.data.size, prepared.stored_size, batch, layout, table=table)
    programs: list[Callable[[], Any]] = []
    # If it has another level, it comes just before an epoch in which more trains, which compiles its own step.
    if spec.freeze == transfer.freeze_level_in(position.step // steps + 1, config.model.freeze, config.model.unfreeze):
        program = Program.of(config, shapes.graphdef, spec.freeze, layout, cut, table)

        def compiled() -> CompiledFunction:
            ahead.result()
            return compile_step(program, shapes.state, hyper, batch_size=config.optim.batch_size,
                                stored_size=prepared.stored_size)  # fmt: skip

        programs.append(compiled)
    programs.append(lambda: predictor.compile(shapes.state.variables))

    def made() -> NetworkState:
        if latest is None:
            return initial(config, hyper, layout, begun)
        return resumed(config, hyper, layout, call.checkpoints, latest)

    *steps_of, _, network = beside([*programs, made], call.check_compiling)
    step = steps_of[0] if steps_of else None
    hosts.meet()
    seconds = time.monotonic() - clock
    session = Session(
        call=call, prepared=prepared, hyper=hyper, rates=Rates(config.optim, steps * config.optim.epochs),
        network=network, step=step, position=position, steps_per_epoch=steps,
        evaluator=Evaluator(predictor, weights, scalar(config.optim.label_smoothing)),
        evaluated_freeze_level=spec.freeze, table=table, train=make_loader(films, layout, config.data.feed),
        validation=make_loader(prepared.splits["validation"], layout, config.data.feed),
        trace=Trace(call.run.profile, config.run.profile if hosts.leads() else 0), cut=cut,
    )  # fmt: skip
    if step is not None:
        yield session.compiled(seconds)
    return session
