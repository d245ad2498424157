"""Limit a replaced `builtins.__import__` to the thread that replaced it.

etils' ``lazy_imports()`` replaces `builtins.__import__` while the body of a ``with`` statement runs, so that imports
there return lazy modules (etils/epy/lazy_imports_utils.py). tensorflow-datasets is imported through dozens of such
bodies; grain and others have them too. The replacement affects the whole process: an import inside a function of
another thread, of which Textual and Rich have many, returns a lazy module that does not exist, and that thread
fails. `contain` limits each replacement to its own thread.
"""

from __future__ import annotations

import builtins
import threading
import types
from collections.abc import Callable
from typing import Any

_plain: Callable[..., Any] = builtins.__import__
_replaced: dict[int, Callable[..., Any]] = {}  # by the thread's identifier
_changing = threading.RLock()


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


def contain() -> None:
    """Make each later replacement of `builtins.__import__` visible only in the thread that makes it.

    Call this before a second thread starts. Calling it again does nothing.
    """
    if not isinstance(builtins, _Builtins):
        builtins.__class__ = _Builtins
