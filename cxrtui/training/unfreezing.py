"""Unfreezes groups of the network before an epoch: gradual unfreezing (Howard and Ruder, 2018)."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator

from cxrtui.net import freeze, hosts
from cxrtui.net.traced import CompiledFunction
from cxrtui.runs import events as ev
from cxrtui.settings import transfer
from cxrtui.training.beside import beside
from cxrtui.training.ema import Average, started
from cxrtui.training.features import cut_of
from cxrtui.training.initial_state import NetworkState
from cxrtui.training.optimizer import grown, optimizer
from cxrtui.training.session import Session
from cxrtui.training.step import Program, compile_step


def unfreeze(session: Session) -> Iterator[ev.Event]:
    """Bring a session to the freeze level of its next step, and compile the step for it.

    No array changes: parameters move from the frozen to the trainable ones, and the optimizer's state gets moments for
    them. Their running averages are updated from now on, because the network's description holds the freeze level.

    Raises:
        Cancelled: there was a reason to stop; the latest checkpoint is of this step.
    """
    yield from session.committed(wait=True)  # waits until the epoch before is saved, as compiling takes long
    config, before, layout = session.config, session.network, session.call.layout
    freeze_level = session.next_freeze_level
    graphdef, trainable, frozen, statistics = freeze.at_freeze_level(
        before.graphdef, **before.state.variables, freeze_level=freeze_level
    )
    spec = dataclasses.replace(before.spec, freeze=freeze_level)
    session.cut, session.prefix = cut_of(config, spec), None
    program = Program.of(config, graphdef, freeze_level, layout, session.cut, session.table)
    first = optimizer(program.optimizer, session.hyper, program.groups).init(trainable)
    state = dataclasses.replace(
        before.state, trainable=trainable, frozen=frozen, statistics=statistics,
        optimizer=layout.put_state(grown(before.state.optimizer, first)),
        ema=_averaged(before, freeze_level),
    )  # fmt: skip
    session.network = NetworkState.of(graphdef, state, spec)
    session.step = None
    epoch = session.position.step // session.steps_per_epoch + 1
    yield ev.Unfrozen(
        epoch=epoch,
        step=session.position.step,
        stage=transfer.training(freeze_level)[0],
        trainable=state.counts[1],
    )
    yield ev.Preparing(stage="compiling")
    clock = time.monotonic()

    def compiled() -> CompiledFunction:
        return compile_step(program, state, session.hyper, batch_size=config.optim.batch_size,
                            stored_size=session.prepared.stored_size)  # fmt: skip

    [session.step] = beside([compiled], session.call.check_compiling)
    hosts.meet()
    yield session.compiled(time.monotonic() - clock)


def _averaged(before: NetworkState, freeze_level: str) -> Average | None:
    """Return the moving average, in which the groups that begin to train have the weights that they have now."""
    if before.state.ema is None:
        return None
    _, trainable, _, statistics = freeze.at_freeze_level(
        before.graphdef, **before.state.evaluated, freeze_level=freeze_level
    )
    return started(trainable, statistics)
