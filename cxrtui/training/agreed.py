"""Lets the hosts of one run decide alike: the first one decides, and tells the others between two steps."""

from __future__ import annotations

import json
import math
import time
from dataclasses import asdict, dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from cxrtui.net import hosts
from cxrtui.training.decisions import REQUESTED, Decisions

_EVERY = 0.2  # seconds between two messages
_MOST = 64  # questions that one message answers at most
_BYTES, _LONGEST = 512, 64  # of a message, and characters of a reason in it


@dataclass(frozen=True)
class Decided:
    """What the first host has decided; it holds for the next `questions` questions whether to stop."""

    stop: str = ""
    after_epoch: bool = False
    pause: bool = False
    checkpoint: str = ""
    questions: int = 1


class Agreed(Decisions):
    """The decisions of the first host, on every host.

    All hosts ask the same questions in the same order. The question whether to stop comes between all steps and all
    batches, and there the first host's answers to all questions go to the others, about five times a second, through
    a sum over all devices. A message is on its way while the devices work; it is read when the next one is sent. A
    paused run, in which the first host may take hours to the next question, has its answers through `hosts.told`.
    """

    def __init__(self, own: Decisions) -> None:
        super().__init__()
        self._own = own
        self._now = Decided()
        self._sent: jax.Array | None = None
        self._left = 0
        self._asked = time.monotonic()
        devices = np.asarray(jax.devices())
        self._rows = NamedSharding(Mesh(devices, ("devices",)), PartitionSpec("devices"))
        whole = NamedSharding(self._rows.mesh, PartitionSpec())
        self._sum = jax.jit(lambda rows: rows.sum(0, dtype=jnp.int32), out_shardings=whole)

    def stop(self) -> str:
        """See `Decisions`."""
        if not self._stopped:
            if self._left <= 0:
                self._exchange()
            self._left -= 1
            self._stopped = self._now.stop
        return self._stopped

    def asked_to_stop_after_epoch(self) -> bool:
        """See `Decisions`."""
        return bool(self._stopped) or self._now.after_epoch

    def stop_after_epoch(self) -> str:
        """See `Decisions`."""
        self._ask()
        if not self._stopped:
            self._stopped = self._now.stop or (REQUESTED if self._now.after_epoch else "")
        return self._stopped

    def pause(self) -> bool:
        """See `Decisions`."""
        if self._now.pause:  # a paused run asks this again and again
            self._ask()
        return self._now.pause and not self._now.stop

    def checkpoint(self, *, standing: bool = False) -> str:
        """See `Decisions`."""
        del standing
        due, self._now = self._now.checkpoint, replace(self._now, checkpoint="")
        return due

    def saved(self) -> None:
        """See `Decisions`."""
        self._own.saved()

    def stop_alone(self) -> str:
        """See `Decisions`."""
        return self._own.stop()

    def _exchange(self) -> None:
        """Send the first host's decisions to all, and take those that were sent the last time."""
        now = time.monotonic()
        each, self._asked = (now - self._asked) / max(1, self._now.questions), now
        sent, self._sent = self._sent, self._send(min(_MOST, math.ceil(_EVERY / max(each, 1e-4))))
        self._take(sent)

    def _ask(self) -> None:
        """Take the first host's decisions of now, however long it takes to come here."""
        sent, self._sent = self._sent, None
        self._take(sent)
        decided = hosts.told(asdict(self._decided(1)) if hosts.leads() else None)
        self._now = replace(Decided(**decided), checkpoint=self._now.checkpoint or decided["checkpoint"])
        self._left, self._asked = 0, time.monotonic()

    def _decided(self, questions: int) -> Decided:
        own = self._own
        stop, pause = own.stop()[:_LONGEST], own.pause()
        return Decided(stop, own.asked_to_stop_after_epoch(), pause, own.checkpoint(standing=pause), questions)

    def _send(self, questions: int) -> jax.Array:
        """Return a message, which is there to be read once all hosts have called this."""
        body = json.dumps(asdict(self._decided(questions))).encode() if hosts.leads() else b""
        row = np.frombuffer(body.ljust(_BYTES), np.uint8).astype(np.int32)[None]
        rows = jax.make_array_from_callback(
            (self._rows.mesh.size, _BYTES), self._rows,
            lambda place: row if place is not None and place[0] == slice(0, 1) else np.zeros_like(row),
        )  # fmt: skip
        result: jax.Array = self._sum(rows)
        return result

    def _take(self, message: jax.Array | None) -> None:
        if message is not None:
            decided = Decided(**json.loads(np.asarray(message).astype(np.uint8).tobytes()))
            # A request for a checkpoint that no question was asked for yet stays.
            self._now = replace(decided, checkpoint=self._now.checkpoint or decided.checkpoint)
        self._left = self._now.questions
