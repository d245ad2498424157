from __future__ import annotations

import subprocess
import sys

from cxrtui.tui.collecting import Collecting

SHOWN = "import gc; {}; print(gc.get_threshold())"
CALLED = "from cxrtui.collector import collect_seldom as seldom; seldom()"


def threshold(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", SHOWN.format(code)], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_young_objects_are_collected_seldom() -> None:
    assert threshold(CALLED) == "(10000, 20, 10)"


def test_a_dashboard_collects_them_as_ever() -> None:
    begun = f"from {Collecting.__module__} import Collecting; Collecting(lambda: 0.0).begin()"
    assert threshold(f"{CALLED}; {begun}").startswith("(700, 10, ")
