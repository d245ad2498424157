"""Fetches first weights that are not on the shelf, before the films are prepared, and reports it in the run's log."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from pathlib import Path

from cxrtui.data.pool import OnProgress, reported
from cxrtui.errors import Cancelled, CheckCancelled, WeightsError, cancelled_when
from cxrtui.runs import events as ev
from cxrtui.settings.config import Config
from cxrtui.training.initial_state import Beginning, beginning
from cxrtui.weights import shelf, shelving
from cxrtui.weights.hub.download import BusyError
from cxrtui.weights.manifest import Manifest

_STEP = 1_000_000  # bytes between two events of progress, so that the log stays short
_SILENCE, _AGAIN = 2.0, 0.5  # seconds


def first_weights(config: Config, check_cancelled: CheckCancelled) -> Generator[ev.Event, None, Beginning]:
    """Fetch the weights of ``model.init``, read what the network begins with, and report what is taken.

    The films are prepared after this, so that an error is raised before that work is done.

    Raises:
        Cancelled, WeightsError: as in `bring`, or the weights do not fit the network.
    """
    yield from bring(config, check_cancelled)
    begun = beginning(config)
    if begun.backbone is not None:
        source = str(shelf.locate(config.model.init))
        yield ev.FirstWeights(source=source, taken=begun.backbone.taken, left=list(begun.backbone.left))
    return begun


def bring(config: Config, check_cancelled: CheckCancelled) -> Generator[ev.Event, None, None]:
    """Fetch the weights of ``model.init`` if they are published and not on the shelf; else do nothing.

    A fetch that was interrupted goes on from the bytes that came, when this run is resumed or in any other run.

    Raises:
        Cancelled: `check_cancelled` raised it; the bytes that came are kept.
        WeightsError: there are no such weights, or they could not be fetched; the message says how to get some.
    """
    published = shelf.check(config.model.init, config.model.width, config.model.stages)
    if published is None:
        return
    yield ev.Fetching(name=published.name, source=published.address, licence=published.licence, bytes=published.bytes)
    models, stage = Path(config.model.init).parent, f"fetching {published.name} (MB)"
    started, reported_at, last, unwanted = time.monotonic(), 0.0, (-1, -1), threading.Event()

    def check() -> None:
        try:
            check_cancelled()
        except Cancelled:
            unwanted.set()  # also tells the thread that fetches
            raise

    def fetch(on_progress: OnProgress) -> Manifest:
        def on_bytes(here: int, total: int) -> None:
            on_progress(stage, here // _STEP, total // _STEP)

        while True:
            force = shelf.wanting(str(models / published.name)) is not None and shelf.is_shelf(models / published.name)
            try:
                return shelving.fetch(
                    published.name, models, on_bytes, force=force, check_cancelled=cancelled_when(unwanted.is_set)
                )[1]
            except BusyError:  # of several runs with the same first weights, one fetches and the others wait
                on_progress(stage, 0, 0)
                unwanted.wait(_AGAIN)

    fetching = reported(fetch, stage, check)
    try:
        while True:
            event, now = next(fetching), time.monotonic()
            if (event.done, event.total) != last or now - reported_at > _SILENCE:  # events carry the run's heartbeat
                last, reported_at = (event.done, event.total), now
                yield event
    except StopIteration as done:
        manifest: Manifest = done.value
    except WeightsError as error:
        raise WeightsError(shelf.absent(published, str(error))) from None
    finally:
        unwanted.set()
        fetching.close()
    yield ev.Fetched(name=published.name, folder=str(models / published.name), sha256=manifest.source_sha256,
                     verified=bool(published.sha256), seconds=time.monotonic() - started)  # fmt: skip
