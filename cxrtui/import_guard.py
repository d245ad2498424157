"""Guard imports: limit a replaced `builtins.__import__` to the thread that replaced it; collect no garbage.

etils' ``lazy_imports()`` replaces `builtins.__import__` while the body of a ``with`` statement runs, so that imports
there return lazy modules (etils/epy/lazy_imports_utils.py). tensorflow-datasets is imported through dozens of such
bodies; grain and others have them too. The replacement affects the whole process: an import inside a function of
another thread, of which Textual and Rich have many, returns a lazy module that does not exist, and that thread
fails. `contain` limits each replacement to its own thread.
"""

from __future__ import annotations

import builtins
import contextlib
import gc
import sys
import threading
import types
from collections.abc import Callable, Iterator
from typing import Any

_plain: Callable[..., Any] = builtins.__import__
_replaced: dict[int, Callable[..., Any]] = {}  # by the thread's identifier
_changing = threading.RLock()
_MANY = 100  # modules


def _import(*arguments: Any, **options: Any) -> Any:
    """Import by the thread's own function; the interpreter calls this while some thread has a replacement."""
    return _replaced.get(threading.get_ident(), _plain)(*arguments, **options)


class _Builtins(types.ModuleType):
    """The module `builtins` with an `__import__` for each thread.

    An import statement reads the module's dictionary and not its attribute, so the dictionary holds the plain function
    except while a thread has a replacement.
    """

    @property
    def __import__(self) -> Callable[..., Any]:
        return _replaced.get(threading.get_ident(), _plain)

    @__import__.setter
    def __import__(self, function: Callable[..., Any]) -> None:
        with _changing:
            if function in (_plain, _import):
                _replaced.pop(threading.get_ident(), None)
            else:
                _replaced[threading.get_ident()] = function
            vars(self)["__import__"] = _import if _replaced else _plain


@contextlib.contextmanager
def uncollected() -> Iterator[None]:
    """Let the interpreter collect no garbage in this block, which imports large libraries.

    They make hundreds of thousands of objects that stay. To look through them again and again for garbage takes a
    quarter of the time to import JAX and Flax, and a sixth of that for Textual. What was imported then stays left out.
    """
    collecting, before = gc.isenabled(), len(sys.modules)
    gc.disable()
    try:
        yield
    finally:
        if len(sys.modules) > before + _MANY:  # else nothing large was imported, and garbage may have come meanwhile
            gc.freeze()
        if collecting:
            gc.enable()


def contain() -> None:
    """Make each later replacement of `builtins.__import__` visible only in the thread that makes it.

    Call this before a second thread starts. Calling it again does nothing.
    """
    if not isinstance(builtins, _Builtins):
        builtins.__class__ = _Builtins
