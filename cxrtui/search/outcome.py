"""How the last worker of a study ended, for those who look later; the file is replaced by each worker that ends."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import Any

from cxrtui import strict_json
from cxrtui.files import read_text, write_atomic
from cxrtui.search.study import Study

_MOST = 1 << 20


@dataclass(frozen=True)
class Outcome:
    """The reason, as ``finished``, ``requested`` or ``failed``, the message of a failure, and the time, in seconds."""

    reason: str
    message: str = ""
    time: float = field(default_factory=time.time)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


def write_outcome(study: Study, outcome: Outcome) -> None:
    """Write it; an error of the disk is ignored, because the caller reports the outcome too."""
    with suppress(OSError):
        write_atomic(study.outcome_file, strict_json.dumps(outcome.as_dict()) + "\n")


def read_outcome(study: Study) -> Outcome | None:
    """Return it; None if no worker has ended, or the file is not valid."""
    try:
        body = json.loads(read_text(study.outcome_file, _MOST))
        return Outcome(str(body["reason"]), str(body["message"]), float(body["time"]))
    except (OSError, ArithmeticError, ValueError, KeyError, TypeError, RecursionError):
        return None
