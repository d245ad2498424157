"""Where an epoch begins in which more of the network trains: gradual unfreezing (Howard and Ruder, 2018)."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator

from cxrtui.net import freeze
from cxrtui.runs import events as ev
from cxrtui.settings import transfer
from cxrtui.training.optimizer import carried, optimizer_at
from cxrtui.training.session import Session
from cxrtui.training.step import compile_step


def unfreeze(session: Session) -> Iterator[ev.Event]:
    """Bring a session to the freeze level of its next step, and compile the step for it.

    No array changes: parameters move from the frozen to the trainable ones, and the optimizer's state gets room for
    them. Their running averages follow, because the network's description says which stages are frozen.
    """
    yield from session.committed(wait=True)  # the epoch before is safe, whatever becomes of a long compilation
    config, before, level = session.config, session.state, session.next_level
    optimizer = optimizer_at(config, session.total_steps, level)
    graphdef, trainable, frozen, statistics = freeze.at_level(session.graphdef, **before.weights, level=level)
    state = dataclasses.replace(
        before, trainable=trainable, frozen=frozen, statistics=statistics,
        optimizer=carried(before.optimizer, optimizer.init(trainable)),
    )  # fmt: skip
    session.spec = dataclasses.replace(session.spec, freeze=level)
    session.graphdef, session.state, session.step = graphdef, state, None
    parameters, trains = state.counts
    epoch = session.position.step // session.steps_per_epoch + 1
    yield ev.Unfrozen(epoch=epoch, step=session.position.step, stage=transfer.training(level)[0], trainable=trains)
    yield ev.Preparing(stage="compiling")
    began = time.monotonic()
    session.step = compile_step(graphdef, config, session.total_steps, level, session.class_weights, state,
                                session.prepared.side)  # fmt: skip
    yield ev.Compiled(seconds=time.monotonic() - began, parameters=parameters, trainable=trains)
