"""What the globals that a pickle names may become: a tensor's parts, a plain dictionary, something inert, or a refusal.

A checkpoint carries more than tensors: ``argparse.Namespace``, paths, numpy scalars, dates, settings of any library.
None of these is ever imported or called. Each becomes an `Inert`, which has a name and no behaviour: whatever the
pickle does with it (calls it, sets its state, adds items) is done by nobody. So a refusal is not what keeps a hostile
file from running; that is so for every name. It is there because a file that names a shell, an interpreter or another
pickle was made to run something, and whoever is about to use it should hear of that instead of training on its tensors.
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

# Modules whose very name in a file of weights tells that it is to run something, or to read or send a file: packages
# with all that is in them, and modules of which somebody's own package may have the name.
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
_HARMLESS = {  # in modules of which the rest is not
    "types": {"SimpleNamespace", "NoneType", "MappingProxyType", "GenericAlias", "UnionType"},
    "_operator": {"getitem", "itemgetter"},  # how Optional[int] is written, and an order
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
# Parts of torch and numpy that load, compile or run; the rest of both is data and the classes of it.
_LOADERS = (
    "torch load", "torch compile", "torch.hub", "torch.jit", "torch.package", "torch.serialization", "torch.fx",
    "torch.ops", "torch._ops", "torch.classes", "torch.utils.cpp_extension", "torch.utils.model_zoo", "torch._dynamo",
    "torch._inductor", "torch.distributed.rpc", "torch.multiprocessing", "torch.storage _load_from_bytes",
    "torch.utils.collect_env", "torch.utils.bottleneck", "torch.utils.data.datapipes", "torch.testing",
    "numpy load", "numpy loadtxt", "numpy fromfile", "numpy memmap", "numpy genfromtxt", "numpy.f2py", "numpy.testing",
    "numpy.distutils", "numpy.ctypeslib", "numpy.lib.npyio", "numpy.core.memmap", "numpy.lib._npyio_impl",
)  # fmt: skip


class Inert:
    """A value of a class or a call that is not understood: nothing but its name, and the items set on it.

    Attributes:
        name: of the global that it came from, ``module attribute``.
        items: what the pickle set by key, as on a dictionary of a class of its own.
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
    """Whether a global, ``module attribute``, is there to run something."""
    module, _, attribute = name.partition(" ")
    root, words = module.partition(".")[0], attribute.split(".")
    if root in ("builtins", "__builtin__"):
        return attribute not in _BUILTINS and not attribute.endswith(("Error", "Exception", "Warning"))
    if attribute in _HARMLESS.get(module, ()):
        return False
    if root in ("copyreg", "copy_reg") or any(word.startswith("__") and word.endswith("__") for word in words):
        return True
    # An attribute of several words reaches through a module into what that has imported: torch.storage, os.system.
    if root in _PACKAGES or module in _MODULES or (len(words) > 1 and not _REACHED.isdisjoint(words)):
        return True
    return any(name == part or f"{module}.".startswith(f"{part}.") for part in _LOADERS)
