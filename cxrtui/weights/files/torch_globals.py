"""Decides what a pickle's global becomes: a part of a tensor, a dictionary, an inert placeholder, or a refusal.

A checkpoint holds more than tensors: ``argparse.Namespace``, paths, numpy scalars, dates, settings of any library.
None of these is ever imported or called. Each becomes an `Inert`, which has a name and no behaviour: if the pickle
calls it, sets its state or adds items, nothing runs. So a hostile file cannot run anything, even without the refusals.
The refusals are there because a file that names a shell, an interpreter or another pickle was made to run something.
The user should learn that instead of training on its tensors.
"""

from __future__ import annotations

from typing import Any

import ml_dtypes
import numpy as np

STORAGES: dict[str, Any] = {
    "DoubleStorage": np.float64,
    "FloatStorage": np.float32,
    "HalfStorage": np.float16,
    "BFloat16Storage": ml_dtypes.bfloat16,
    "ComplexDoubleStorage": np.complex128,
    "ComplexFloatStorage": np.complex64,
    "LongStorage": np.int64,
    "IntStorage": np.int32,
    "ShortStorage": np.int16,
    "CharStorage": np.int8,
    "ByteStorage": np.uint8,
    "BoolStorage": np.bool_,
    "QInt8Storage": np.int8,
    "QUInt8Storage": np.uint8,
    "QInt32Storage": np.int32,
    "UntypedStorage": np.uint8,
}
TENSORS = ("torch._utils _rebuild_tensor_v2", "torch._utils _rebuild_tensor")  # the latter until torch 0.3
PARAMETERS = (
    "torch._utils _rebuild_parameter",
    "torch._utils _rebuild_parameter_with_state",
    "torch.nn.parameter Parameter",  # until torch 0.3
)
SUBCLASS = "torch._tensor _rebuild_from_type_v2"  # a tensor with attributes of its own
ORDERED = "collections OrderedDict"
DICTIONARIES = (ORDERED, "collections defaultdict")
GETATTR = ("builtins getattr", "__builtin__ getattr")  # how Python 3.11 writes a member of an Enum

# If a file of weights names one of these modules, it was made to run something, or to read or send a file. For a
# package, all its modules count. A module counts alone, because a user's own package may have the same name.
_PACKAGES = frozenset((
    "os", "posix", "nt", "subprocess", "pty", "sys", "importlib", "runpy", "ctypes", "_ctypes", "cffi", "socket",
    "_socket", "ssl", "http", "urllib", "urllib2", "urllib3", "requests", "httpx", "aiohttp", "ftplib", "smtplib",
    "telnetlib", "xmlrpc", "webbrowser", "shutil", "tempfile", "marshal", "pickle", "_pickle", "cPickle", "dill",
    "cloudpickle", "joblib", "multiprocessing", "concurrent", "threading", "_thread", "asyncio", "pip", "ensurepip",
    "setuptools", "pkg_resources", "venv", "distutils", "paramiko", "pexpect", "psutil", "operator", "_operator",
    "functools", "_functools", "types", "_types", "io", "_io", "mmap", "faulthandler",
))  # fmt: skip
_MODULES = frozenset((
    "commands", "popen2", "imp", "code", "codeop", "shelve", "pickletools", "zipimport", "signal", "atexit", "gc",
    "inspect", "pdb", "bdb", "trace", "timeit", "profile", "cProfile", "doctest", "site", "pydoc", "platform",
    "fabric", "sh", "ast", "dis", "linecache", "resource", "fcntl", "glob", "fileinput", "_codecs",
))  # fmt: skip
_REACHED = frozenset((
    "os", "posix", "nt", "sys", "subprocess", "builtins", "importlib", "socket", "ctypes", "shutil", "pickle",
    "eval", "exec",
))  # fmt: skip
_HARMLESS = {  # names that are harmless, in modules whose other names are not
    "types": {"SimpleNamespace", "NoneType", "MappingProxyType", "GenericAlias", "UnionType"},
    "_operator": {"getitem", "itemgetter"},  # pickles of Optional[int] and of sort keys name them
    "operator": {"getitem", "itemgetter"},
    "_io": {"BytesIO", "StringIO"},
    "io": {"BytesIO", "StringIO"},
    "functools": {"partial"},
    "_functools": {"partial"},
    "torch.serialization": {"_get_layout"},
    "_codecs": {"encode"},  # how protocol 2 writes bytes
    "copyreg": {"_reconstructor", "__newobj__", "__newobj_ex__"},
    "copy_reg": {"_reconstructor"},
}
_BUILTINS = frozenset((
    "set", "frozenset", "complex", "slice", "range", "xrange", "bytearray", "bytes", "str", "unicode", "int",
    "long", "float", "bool", "list", "dict", "tuple", "object", "NoneType", "Ellipsis", "NotImplemented",
    "ellipsis", "type", "getattr", "iter", "enumerate", "reversed", "zip",
))  # fmt: skip
# These parts of torch and numpy load, compile or run something. The other parts are data and classes of data.
_LOADERS = (
    "torch load", "torch compile", "torch.hub", "torch.jit", "torch.package", "torch.serialization", "torch.fx",
    "torch.ops", "torch._ops", "torch.classes", "torch.utils.cpp_extension", "torch.utils.model_zoo", "torch._dynamo",
    "torch._inductor", "torch.distributed.rpc", "torch.multiprocessing", "torch.storage _load_from_bytes",
    "torch.utils.collect_env", "torch.utils.bottleneck", "torch.utils.data.datapipes", "torch.testing",
    "numpy load", "numpy loadtxt", "numpy fromfile", "numpy memmap", "numpy genfromtxt", "numpy.f2py", "numpy.testing",
    "numpy.distutils", "numpy.ctypeslib", "numpy.lib.npyio", "numpy.core.memmap", "numpy.lib._npyio_impl",
)  # fmt: skip


class Inert:
    """A placeholder for a value of an unknown class or call: it has only a name and the items that were set on it.

    Attributes:
        name: of the global that it came from, ``module attribute``.
        items: the values that the pickle set by key, as on a subclass of dict.
    """

    __slots__ = ("items", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.items: dict[str | int, Any] = {}

    @property
    def shown(self) -> str:
        """The class or function, for people."""
        return self.name.replace(" ", ".", 1)


def is_dangerous(name: str) -> bool:
    """Return whether a global, ``module attribute``, is named in order to run something."""
    module, _, attribute = name.partition(" ")
    root, words = module.partition(".")[0], attribute.split(".")
    if root in ("builtins", "__builtin__"):
        return attribute not in _BUILTINS and not attribute.endswith(("Error", "Exception", "Warning"))
    if attribute in _HARMLESS.get(module, ()):
        return False
    if root in ("copyreg", "copy_reg") or any(word.startswith("__") and word.endswith("__") for word in words):
        return True
    # A dotted attribute reaches through a module into modules that it imports: torch.storage, then os.system.
    if root in _PACKAGES or module in _MODULES or (len(words) > 1 and not _REACHED.isdisjoint(words)):
        return True
    return any(name == part or f"{module}.".startswith(f"{part}.") for part in _LOADERS)
