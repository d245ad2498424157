"""A replaced `builtins.__import__` holds in the thread that replaced it, whatever cxrtui imports."""

from __future__ import annotations

import builtins
import gc
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from etils import epy

from cxrtui.import_guard import contain, uncollected

contain()
PLAIN = builtins.__import__


@pytest.fixture
def other() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def found() -> tuple[object, type]:
    """What this thread sees as the import function, and what an import statement of it gives."""
    names: dict[str, Any] = {}
    exec("from xml.dom import minidom", names)
    return builtins.__import__, type(names["minidom"])


def test_a_replacement_is_seen_by_its_own_thread_alone(other: ThreadPoolExecutor) -> None:
    with epy.lazy_imports():
        function, kind = found()
        assert function is not PLAIN
        assert kind is not type(sys)
        assert other.submit(found).result() == (PLAIN, type(sys))
    assert found() == (PLAIN, type(sys))


def test_replacements_of_two_threads_may_overlap_and_nest(other: ThreadPoolExecutor) -> None:
    mine, theirs = epy.lazy_imports(), epy.lazy_imports()
    other.submit(theirs.__enter__).result()
    with mine:
        with epy.lazy_imports():
            pass
        assert found()[1] is not type(sys)
        other.submit(theirs.__exit__, None, None, None).result()
        assert other.submit(found).result() == (PLAIN, type(sys))
        assert found()[1] is not type(sys)
    assert found() == (PLAIN, type(sys))
    assert vars(builtins)["__import__"] is PLAIN  # import statements are as quick as ever


def test_containing_twice_is_containing_once(other: ThreadPoolExecutor) -> None:
    contain()
    with epy.lazy_imports():
        assert other.submit(found).result() == (PLAIN, type(sys))


@pytest.mark.slow
def test_no_thread_meets_what_another_replaces(phantom_films: Path, tmp_path: Path) -> None:
    """All that the dashboard's threads import, in a fresh process; at each replacement another thread imports too."""
    command = [sys.executable, "-m", "tests.watched_imports", str(phantom_films), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[1], check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    replaced = int(done.stdout)
    assert replaced > 0, "nothing replaces the import function any more: cxrtui.import_guard may go"


def test_garbage_is_collected_again_after_imports() -> None:
    assert gc.isenabled()

    def fails() -> None:
        with uncollected():
            assert not gc.isenabled()
            with uncollected():
                pass
            assert not gc.isenabled()
            raise KeyError

    with pytest.raises(KeyError):
        fails()
    assert gc.isenabled()
