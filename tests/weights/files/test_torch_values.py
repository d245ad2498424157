"""What a checkpoint carries beside its tensors is left alone: no class of it is imported, nothing is made or called."""

from __future__ import annotations

import argparse
import collections
import datetime
import decimal
import enum
import functools
import operator
import os
import pathlib
import random
import subprocess
import types
import typing
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cxrtui.errors import WeightsError
from cxrtui.weights.files.torch_file import read_contents
from tests.weights.pth import Built, Call, Global, Persistent, Real, pickled, pth, stream, tensor_call

KERNEL = np.arange(6, dtype=np.float32).reshape(2, 3)
RAN: list[str] = []


class Trap:
    """Whatever Python would do with it when it unpickles it is noted."""

    def __new__(cls, *_: Any) -> Trap:
        RAN.append("new")
        return super().__new__(cls)

    def __setstate__(self, state: Any) -> None:
        RAN.append("setstate")

    def __getattr__(self, name: str) -> Any:
        RAN.append(name)
        raise AttributeError(name)


class TrapDict(collections.UserDict[str, int]):
    def __setitem__(self, key: str, value: int) -> None:
        RAN.append("setitem")
        super().__setitem__(key, value)


def trap(*_: Any) -> Any:
    RAN.append("called")
    return {}


class Colour(enum.Enum):
    RED = 1


class Settings(dict[str, Any]):
    """As `AttributeDict`, `EasyDict` and the like."""


Pair = collections.namedtuple("Pair", "a b")
VALUES: dict[str, Any] = {
    "argparse.Namespace": argparse.Namespace(lr=0.1, out=pathlib.Path("/a/b"), loss=np.float32(1), call=trap),
    "pathlib": [pathlib.PurePosixPath("x"), pathlib.PureWindowsPath("c:/x")],
    "numpy scalars": [np.float64(0.5), np.int64(3), np.bool_(True), np.str_("a")],
    "numpy arrays": [np.arange(5.0), np.array(["a", None], dtype=object), np.zeros(2, [("a", "f4")])],
    "numpy dtype": np.dtype("float32"),
    "random states": [np.random.RandomState(0).get_state(), random.Random(0).getstate()],
    "dictionaries": [collections.OrderedDict(a=1), collections.defaultdict(list, a=[1]), collections.Counter("aab")],
    "lists": [collections.deque([1], 5), Pair(1, 2), {1, 2}, frozenset("a"), range(3), slice(1)],
    "times": [datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC), datetime.date(2026, 1, 1), datetime.timedelta(1)],
    "numbers": [1 + 2j, 2**70, -(2**300), decimal.Decimal("1.5"), b"abc", bytearray(b"x"), 2**3000],
    "hints": [typing.Optional[int], list[int], dict[str, list[float]]],  # noqa: UP045 - as settings' classes have them
    "iterators": [iter([1]), zip([1], [2], strict=False), enumerate([1]), reversed([1]), operator.itemgetter(1)],
    "types": [int, type(None), ..., NotImplemented, ValueError("x")],
    "enum": Colour.RED,
    "namespace": types.SimpleNamespace(a=1),
    "functions": [trap, functools.partial(trap, 1)],
    "uuid": uuid.UUID(int=1),
    "a dictionary of one's own": Settings(a=1, b=Settings(c=2)),
    "keys": {(1, 2): 3, None: 4, 1.5: 5, True: 6, Colour.RED: 7, "a": 8},
    "a cycle": (cycle := [1]),
}
cycle.append(cycle)  # type: ignore[arg-type]


def checkpoint(folder: Path, value: Any, old: bool) -> Path:
    content = {"state_dict": {"w": tensor_call("FloatStorage", "0", 6, shape=(2, 3), strides=(3, 1))}, "beside": value}
    data = {"0": KERNEL.tobytes()}
    return stream(folder / "a.pth", content, data) if old else pth(folder / "a.pth", pickled(content), data)


@pytest.mark.parametrize("old", [False, True], ids=["zip", "stream"])
@pytest.mark.parametrize("protocol", [2, 4, 5])
@pytest.mark.parametrize("kind", VALUES)
def test_harmless_values_are_left_and_the_tensors_read(kind: str, protocol: int, old: bool, tmp_path: Path) -> None:
    found = read_contents(checkpoint(tmp_path, Real(VALUES[kind], protocol), old))
    np.testing.assert_array_equal(found.tensors["state_dict.w"], KERNEL)
    assert list(found.tensors) == ["state_dict.w"]
    assert RAN == []


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_a_class_that_would_run_does_not(protocol: int, tmp_path: Path) -> None:
    trapped = [Trap(), TrapDict(a=1), argparse.Namespace(trap=Trap())]
    RAN.clear()
    program = Real(trapped, protocol)
    packed = checkpoint(tmp_path, program, False)
    RAN.clear()  # of the pickling
    read_contents(packed)
    assert RAN == []
    pickled_calls = [Call(Global(__name__, "trap"), ("x",)), Built(Call(Global(__name__, "Trap"), ()), {"a": 1})]
    read_contents(checkpoint(tmp_path, pickled_calls, False))
    assert RAN == []


def test_what_is_left_is_named(tmp_path: Path) -> None:
    value = Real(argparse.Namespace(a=1))
    found = read_contents(checkpoint(tmp_path, value, False))
    assert found.left == {"beside": "argparse.Namespace"}
    found = read_contents(checkpoint(tmp_path, Real(["Mass", "Edema"]), False))
    assert found.lists == {"beside": ["Mass", "Edema"]}


def test_tensors_are_found_in_a_dictionary_of_a_class_of_its_own(tmp_path: Path) -> None:
    """``OrderedDict`` of Python 2, ``defaultdict``, and what somebody derived from a dictionary."""
    call = tensor_call("FloatStorage", "0", 6, shape=(2, 3), strides=(3, 1))
    pairs = Call(Global("collections", "OrderedDict"), ([["w", call]],))
    path = pth(tmp_path / "a.pth", pickled(pairs), {"0": KERNEL.tobytes()})
    np.testing.assert_array_equal(read_contents(path).tensors["w"], KERNEL)
    for name in ("collections defaultdict", "mylib.config Settings"):
        made = pickled(Call(Global(*name.split()), ()))[:-1]
        program = made + b"(" + pickled("w")[2:-1] + pickled(call)[2:-1] + b"u."
        path = pth(tmp_path / "b.pth", program, {"0": KERNEL.tobytes()})
        np.testing.assert_array_equal(read_contents(path).tensors["w"], KERNEL)


def test_a_parameter_and_a_tensor_with_attributes_are_tensors(tmp_path: Path) -> None:
    call = tensor_call("FloatStorage", "0", 6, shape=(2, 3), strides=(3, 1))
    none = Call(Global("collections", "OrderedDict"), ())
    parameter = Call(Global("torch._utils", "_rebuild_parameter_with_state"), (call, True, none, {"extra": 1}))
    derived = Call(
        Global("torch._tensor", "_rebuild_from_type_v2"),
        (Global("torch._utils", "_rebuild_tensor_v2"), Global("mylib", "Sub"), call.arguments, {}),
    )
    path = pth(tmp_path / "a.pth", pickled({"a": parameter, "b": derived}), {"0": KERNEL.tobytes()})
    found = read_contents(path).tensors
    np.testing.assert_array_equal(found["a"], KERNEL)
    np.testing.assert_array_equal(found["b"], KERNEL)


def test_a_value_that_is_repeated_is_a_tensor_where_it_is_small(tmp_path: Path) -> None:
    """``torch.ones(1).expand(64)`` is saved as one number; a shape that a hostile file claims is not filled."""
    for length, is_read in ((64, True), (10**9, False)):
        call = tensor_call("FloatStorage", "0", 6, offset=1, shape=(length,), strides=(0,))
        found = read_contents(checkpoint(tmp_path, call, False))
        assert ("beside" in found.tensors, "beside" in found.left) == (is_read, not is_read)
        if is_read:
            np.testing.assert_array_equal(found.tensors["beside"], np.full(length, 1, np.float32))


def test_what_needs_code_is_no_tensor(tmp_path: Path) -> None:
    """Quantised, sparse and much expanded tensors are left; a whole model is refused, and said how to save it."""
    part = tensor_call("FloatStorage", "0", 6, shape=(2, 3), strides=(3, 1))
    for call in (
        Call(Global("torch._utils", "_rebuild_qtensor"), part.arguments),
        tensor_call("FloatStorage", "0", 6, shape=(100_000,), strides=(0,)),
    ):
        found = read_contents(checkpoint(tmp_path, call, False))
        assert list(found.tensors) == ["state_dict.w"]
        assert "torch" in found.left["beside"]
    model = Built(Call(Global("torchvision.models.resnet", "ResNet"), ()), {"_parameters": {"w": part}})
    for content in (model, {"model": model, "epoch": 3}):
        path = pth(tmp_path / "b.pth", pickled(content), {"0": KERNEL.tobytes()})
        with pytest.raises(WeightsError, match=r"whole object of torchvision\.models\.resnet\.ResNet.*state_dict\(\)"):
            read_contents(path)
    source = Persistent(("module", Global("mylib", "Net"), "/net.py", "import os; os.abort()"))
    assert read_contents(checkpoint(tmp_path, Built(Call(Global("x", "y"), (source,)), {}), True)).left


HOSTILE = (
    "os system", "posix system", "nt system", "subprocess Popen", "builtins eval", "builtins exec", "builtins open",
    "builtins __import__", "builtins compile", "builtins print", "__builtin__ eval", "sys modules", "runpy _run_code",
    "importlib import_module", "pickle loads", "_pickle loads", "marshal loads", "shutil rmtree", "socket socket",
    "ctypes CDLL", "webbrowser open", "pty spawn", "timeit timeit", "pdb run", "code interact", "types FunctionType",
    "types CodeType", "functools reduce", "operator methodcaller", "operator attrgetter", "copyreg add_extension",
    "torch load", "torch.hub load", "torch.jit load", "torch.serialization load", "torch.storage _load_from_bytes",
    "torch.utils.cpp_extension load_inline", "numpy load", "numpy.f2py compile",
    "numpy.testing._private.utils runstring",
    "torch storage.os.system", "mylib x.subprocess.run", "collections OrderedDict.__init__.__globals__", "pip main",
    "multiprocessing.util spawnv_passfds", "asyncio run", "concurrent.futures ThreadPoolExecutor", "pydoc pipepager",
)  # fmt: skip


def refusal(path: Path) -> str:
    try:
        read_contents(path)
    except WeightsError as error:
        return str(error)
    return ""


def called(name: Global) -> dict[str, Any]:
    obj = pickled(name)[2:-1]
    argument = pickled(("touch ran",))[2:-1]
    return {
        "named": name,
        "REDUCE": Call(name, ("touch ran",)),
        "BUILD": Built(Call(name, ("touch ran",)), {"a": 1}),
        "inside": Built(Call(Global("argparse", "Namespace"), ()), {"a": Call(name, ("touch ran",))}),
        "as an argument": Call(Global("functools", "partial"), (name, "touch ran")),
        "NEWOBJ": obj + argument + b"\x81",
        "by STACK_GLOBAL": pickled(name.module)[2:-1] + pickled(name.name)[2:-1] + b"\x93" + argument + b"R",
    }


@pytest.mark.parametrize("name", HOSTILE)
def test_what_names_a_program_is_refused_wherever_it_stands(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    start = pickled({"w": tensor_call("FloatStorage", "0", 6, shape=(2, 3), strides=(3, 1))})[:-1]
    for how, value in called(Global(*name.split(" ", 1))).items():
        code = value if isinstance(value, bytes) else pickled(value)[2:-1]
        path = pth(tmp_path / "a.pth", start + pickled("x")[2:-1] + code + b"s.", {"0": KERNEL.tobytes()})
        assert "hostile" in refusal(path), how
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("gadget", [
    (("builtins", "getattr"), (Global("mylib", "Cls"), "__globals__")),
    (("builtins", "getattr"), (Global("mylib", "Cls"), "os.system")),
    (("builtins", "getattr"), ("text", "format")),
    (("builtins", "getattr"), ()),
    (("torch._utils", "_rebuild_tensor_v2"), ("no storage",)),
])  # fmt: skip
def test_gadgets_are_refused(gadget: Any, tmp_path: Path) -> None:
    (module, name), arguments = gadget
    with pytest.raises(WeightsError, match="hostile"):
        read_contents(checkpoint(tmp_path, Call(Global(module, name), arguments), False))


def test_python_would_have_run_what_is_refused_here(tmp_path: Path) -> None:
    """The pickles above are real: Python's own reader runs one."""
    code = pickled(Call(Global("os", "mkdir"), (str(tmp_path / "made"),)))
    subprocess.run(["python3", "-c", f"import pickle; pickle.loads({code!r})"], check=True, env=dict(os.environ))
    assert (tmp_path / "made").is_dir()


def test_mutated_values_are_read_or_refused_and_run_nothing(tmp_path: Path) -> None:
    tensor = tensor_call("FloatStorage", "0", 6, shape=(2, 3), strides=(3, 1))
    trapped = Call(Global(__name__, "trap"), ("x",)), Built(Call(Global(__name__, "Trap"), ()), {"a": 1})
    kinds = "argparse.Namespace", "numpy arrays", "lists", "keys", "types"
    programs = [pickled({"w": tensor, "x": Real(VALUES[kind], 4), "t": trapped}) for kind in kinds]
    dice, seen = random.Random(0), {"read": 0, "refused": 0}
    for count in range(1000):
        program = bytearray(programs[count % len(programs)])
        for _ in range(dice.randint(1, 3)):
            program[dice.randrange(len(program))] = dice.randrange(256)
        try:
            found = read_contents(pth(tmp_path / "a.pth", bytes(program), {"0": KERNEL.tobytes()}))
            assert sum(value.nbytes for value in found.tensors.values()) <= 1000
            seen["read"] += 1
        except WeightsError:
            seen["refused"] += 1
    assert min(seen.values()) > 10, seen
    assert RAN == []
