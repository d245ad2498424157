"""Keep a replaced `builtins.__import__` to the thread that replaced it.

etils' ``lazy_imports()`` replaces `builtins.__import__` while the body of a ``with`` statement runs, and so gives its
imports out as lazy stand-ins (etils/epy/lazy_imports_utils.py). tensorflow-datasets is imported through dozens of such
bodies, grain and others have them too. The replacement holds for the whole process: an import inside a function of
another thread, as Textual and Rich have many, comes out as a stand-in of a module that does not exist, and that thread
dies of it. `contain` makes each replacement hold in its own thread alone, whoever makes it.
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
    """What the interpreter calls while some thread has a replacement."""
    return _replaced.get(threading.get_ident(), _plain)(*arguments, **options)


class _Builtins(types.ModuleType):
    """The module `builtins` with an `__import__` for each thread.

    An import statement reads the module's dictionary and not its attribute, so the dictionary holds the plain function
    but for the moments in which a thread has a replacement.
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
    """From now on a replacement of `builtins.__import__` is seen by the thread that makes it and by no other.

    Call it before a second thread starts. Calling it again does nothing.
    """
    if not isinstance(builtins, _Builtins):
        builtins.__class__ = _Builtins
