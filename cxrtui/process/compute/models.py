"""The models that a process keeps in memory after they were used, so that going back to one is fast."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING

from cxrtui.runs.folder import Run

if TYPE_CHECKING:
    from cxrtui.evaluation.classify import Classifier

MODELS_MOST = 2


def version_of(target: Run | Path) -> int:
    """Return a number that changes when the checkpoints of a run, or a folder of the shelf, change."""
    try:
        return (target.state if isinstance(target, Run) else target).stat().st_mtime_ns
    except OSError:
        return 0


class Models:
    """Loads classifiers, and keeps those that were used last. Threads may share it."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[Run | Path, int], Classifier] = OrderedDict()
        self._loading = threading.Lock()

    def get(self, target: Run | Path) -> Classifier:
        """Return the classifier; a run that has found better weights since is loaded again.

        Raises:
            UsageError, WeightsError: as `cxrtui.evaluation.classify.load`.
        """
        from cxrtui.evaluation.classify import load

        with self._loading:
            key = (target, version_of(target))
            if key not in self._kept:
                self._kept[key] = load(target)
            self._kept.move_to_end(key)
            while len(self._kept) > MODELS_MOST:
                self._kept.popitem(last=False)
            return self._kept[key]
