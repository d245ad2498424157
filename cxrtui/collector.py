"""How often Python's collector of garbage runs in a process that imports, traces and trains."""

from __future__ import annotations

import gc


def collect_seldom() -> None:
    """Collect young objects after 10,000 new ones and not after 700; call it first in a process.

    Importing JAX and tracing a step make hundreds of thousands of objects that stay, which the collector walks over
    again and again. The dashboard has its own way (`tui/collecting.py`).
    """
    gc.set_threshold(10_000, 20, 10)
