"""Links the training step while the films of a run are read, if an earlier process has compiled it.

The program follows from the configuration and from the spec of the initial weights, so it need not wait for the films.
Nothing is compiled here: that takes both cores and much memory, and an error in the films would have to wait for it.
"""

from __future__ import annotations

import logging
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from cxrtui import resources
from cxrtui.data.store import stored_size
from cxrtui.net import hosts
from cxrtui.net.classifier import ClassifierSpec
from cxrtui.training.convolutions import known_forms
from cxrtui.training.features import cut_of
from cxrtui.training.hyper import hyper_of
from cxrtui.training.initial_state import outline
from cxrtui.training.session import Call
from cxrtui.training.step import Program, link_step

_log = logging.getLogger(__name__)


def link_ahead(call: Call, spec: ClassifierSpec, latest: int | None) -> Future[None]:
    """Begin to link the step of a run in a thread; `step.compile_step` then has it at hand.

    Args:
        call: of `fit`.
        spec: of the network that the run begins or goes on with.
        latest: the step of the checkpoint from which it goes on, if any.

    Returns:
        A future that is done when the step is linked, or cannot be; it raises nothing.
    """
    with_thread = ThreadPoolExecutor(1, "cxrtui-link")
    future = with_thread.submit(_link, call, spec, latest)
    with_thread.shutdown(wait=False)  # the thread ends with its work
    return future


def _link(call: Call, spec: ClassifierSpec, latest: int | None) -> None:
    config, layout = call.config, call.layout
    if hosts.several() or not config.optim.batch_size or resources.is_small():
        return
    try:
        if (table := known_forms(call, spec, latest)) is None:
            return
        hyper = layout.put_state(hyper_of(config, np.ones(2, np.float32)))
        shapes = outline(config, hyper, layout, spec)
        program = Program.of(config, shapes.graphdef, spec.freeze, layout, cut_of(config, spec), table)
        link_step(program, shapes.state, hyper, batch_size=config.optim.batch_size,
                  stored_size=stored_size(config.data.size))  # fmt: skip
    except Exception as error:  # it is met again, and reported, where the step is compiled
        _log.debug("The step is not linked ahead: %s", error)
