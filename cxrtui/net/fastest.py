"""Measures on this machine which form of each convolution of a network is the fastest, and keeps the answers.

This is done on a CPU alone: on GPUs and TPUs XLA chooses among forms of its own. The answers are kept in the user's
cache, by processor, number of threads, version of JAX, and shape.
"""

from __future__ import annotations

import functools
import hashlib
import json
import math
import platform
import time
from collections.abc import Callable, Generator
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp

from cxrtui import resources
from cxrtui.files import read_text, write_atomic
from cxrtui.net import convolution, forms, freeze
from cxrtui.net.backend import compiler_options
from cxrtui.net.build import abstract
from cxrtui.net.classifier import ClassifierSpec
from cxrtui.net.forms import ALL_DIRECT, DIRECT, Forms, Shape, Table
from cxrtui.workspace import cache_root

LEAST_WORK = 5e8
"""Multiplications of an image's convolutions; with fewer, it takes longer to measure than it saves."""
_IMAGES = 8  # that a form is measured with
_ROUNDS = 3
_CLEARLY = 0.9  # of the time of XLA's own convolution, which else stays


def table_of(spec: ClassifierSpec, size: int) -> Generator[tuple[int, int], None, Table]:
    """Return the table of a network for images of `size` pixels; what the cache does not hold is measured.

    The table is empty where XLA's own convolutions are used: in small networks, in bfloat16, and not on a CPU.

    Yields:
        Before each measurement, how many of the convolutions have been measured, and of how many.
    """
    if jax.default_backend() != "cpu" or spec.dtype != "float32" or _small(spec, size):
        return ALL_DIRECT
    shapes = [shape for shape in shapes_of(spec, size) if shape.kernel > 1]
    if sum(map(work, shapes)) < LEAST_WORK:
        return ALL_DIRECT
    known = dict(_read().entries)
    missing = [shape for shape in shapes if shape not in known]
    for index, shape in enumerate(missing):
        yield index, len(missing)
        known[shape] = measure(shape)
    if missing:
        _write(Table(tuple(known.items())))
    return Table(tuple((shape, known[shape]) for shape in shapes))


def _small(spec: ClassifierSpec, size: int) -> bool:
    """Return whether a network surely has less than `LEAST_WORK`, which tracing it would tell in 0.3 s.

    A ResNet-50 of width 64 has 0.9e9 multiplications at 224 pixels, and both lengths count squared.
    """
    return 2e9 * (spec.width / 64) ** 2 * (size / 224) ** 2 < LEAST_WORK


def shapes_of(spec: ClassifierSpec, size: int) -> list[Shape]:
    """Return the shapes of a network's convolutions, each once, in order; without the 1x1."""
    graphdef, *states = abstract(spec)
    images = jax.ShapeDtypeStruct((1, size, size, spec.channels), jnp.float32)
    with forms.noted() as shapes:
        jax.eval_shape(lambda states, images: freeze.merge(graphdef, *states)(images), states, images)
    return shapes


def work(shape: Shape) -> int:
    """Return the multiplications of a convolution for one image."""
    pixels = math.prod(-(-side // shape.stride) for side in (shape.height, shape.width))
    return pixels * shape.kernel**2 * shape.inputs * shape.outputs


def candidates(shape: Shape) -> tuple[tuple[str, ...], ...]:
    """Return the forms that are measured for each of `Forms`; no other one was the fastest on any machine."""
    if shape.kernel > 3:  # the stem; nothing asks for the gradient of the films
        return (DIRECT, "im2col"), (DIRECT,), (DIRECT, "im2col")
    return (DIRECT, "shifted", "im2col"), (DIRECT, "im2col"), (DIRECT, "shifted", "im2col")


def measure(shape: Shape) -> Forms:
    """Return the fastest forms of a convolution."""
    how = shape.stride, shape.kernel // 2
    images = jnp.ones((_IMAGES, shape.height, shape.width, shape.inputs))
    kernel = jnp.ones((shape.kernel, shape.kernel, shape.inputs, shape.outputs))
    gradient = convolution.direct(images, kernel, *how)

    def forward(form: str) -> Callable[[], Any]:
        program = _compiled(lambda x, k: convolution.FORMS[form](x, k, *how))
        return functools.partial(program, images, kernel)

    def input_gradient(form: str) -> Callable[[], Any]:
        program = _compiled(lambda g, k: convolution.input_gradient(form, g, images, k, *how))
        return functools.partial(program, gradient, kernel)

    def weight_gradient(form: str) -> Callable[[], Any]:
        program = _compiled(lambda g, x: convolution.weight_gradient(form, g, x, kernel, *how))
        return functools.partial(program, gradient, images)

    passes = zip(candidates(shape), (forward, input_gradient, weight_gradient), strict=True)
    return Forms(*(_fastest({form: program(form) for form in names}) for names, program in passes))


def _compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    return jax.jit(function, compiler_options=compiler_options())


def _fastest(programs: dict[str, Callable[[], Any]]) -> str:
    """Return the name of the fastest program. They take turns, so that other work disturbs all alike."""
    if len(programs) == 1:
        return DIRECT
    best = dict.fromkeys(programs, math.inf)
    for _ in range(_ROUNDS + 1):  # the first one compiles
        for name, program in programs.items():
            started = time.perf_counter()
            jax.block_until_ready(program())
            best[name] = min(best[name], time.perf_counter() - started)
    chosen = min(best, key=best.__getitem__)
    return chosen if best[chosen] < _CLEARLY * best[DIRECT] else DIRECT


def _machine() -> dict[str, Any]:
    """Return everything that decides which form is the fastest, besides the shape."""
    processor = platform.processor() or platform.machine()
    with suppress(OSError):
        lines = read_text(Path("/proc/cpuinfo")).splitlines()
        told = ("vendor_id", "cpu family", "model", "model name", "stepping", "flags", "Features")
        processor = json.dumps(sorted({line for line in lines if line.partition("\t")[0].strip() in told}))
    threads = resources.cores()
    return {
        "processor": processor,
        "threads": threads,
        "jaxlib": version("jaxlib"),
        "options": compiler_options(),
        "forms": list(forms.NAMES),
    }


def _file() -> Path:
    digest = hashlib.sha256(json.dumps(_machine()).encode()).hexdigest()
    return cache_root() / "convolutions" / f"{digest[:16]}.json"


def _read() -> Table:
    """Return what is kept for this machine; an empty table if there is none, or it is damaged or another machine's."""
    try:
        content = json.loads(read_text(_file()))
        if content["machine"] == _machine():
            return Table.from_dict(content["table"])
    except (OSError, ValueError, LookupError, TypeError, RecursionError, RuntimeError):
        pass  # it is measured and written anew
    return ALL_DIRECT


def _write(table: Table) -> None:
    with suppress(OSError, RuntimeError):  # a folder that may not be written: the run's own record is enough
        file = _file()
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(file, json.dumps({"machine": _machine(), "table": table.as_dict()}, indent=1), durable=False)
