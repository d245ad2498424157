"""Writes a finished classifier as an ONNX file with the ``onnx`` package (extra ``cxrtui[onnx]``).

This module builds the graph from the weights, in ONNX's own operators and channel order. The graph computes the same
as `data.augment.resample` and `net.resnet`, and a test compares them. No converter of JAX programs is used: jax2onnx
0.17.1 gives the same probabilities, but with 1,800 nodes, and it cannot be installed beside the Orbax of cxrtui.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from cxrtui import RESEARCH_ONLY, __version__
from cxrtui.data.augment import resample
from cxrtui.errors import UsageError
from cxrtui.evaluation.model import Model
from cxrtui.net.classifier import ClassifierSpec
from cxrtui.net.convolution import convolve
from cxrtui.net.resnet import GREY_MEAN, GREY_STD, GROUPS
from cxrtui.weights.arrays import Arrays, disassemble

OPSET = 17  # of 2022, which runtimes of the last years can read


def require() -> Any:
    """Return the onnx package.

    Raises:
        UsageError: it is not installed.
    """
    try:
        import onnx
    except ImportError:
        raise UsageError("ONNX files are written with the package onnx: pip install 'cxrtui[onnx]'.") from None
    return onnx


def onnx_file(model: Model) -> bytes:
    """Return the classifier with its weights as one ONNX file, in float32, for any number of images.

    The file takes ``films``, uint8 ``[N, S, S]``, as `decoding.films.read_film` returns them. It returns
    ``probabilities``, float32 ``[N, 2]``, of the negative and the positive class.

    Raises:
        UsageError: onnx is not installed.
    """
    onnx = require()
    network = model.network()
    graph = _Graph(onnx, disassemble(network))
    pixels = _pixels(graph, "films", model.stored_size, model.size)
    logits = _network(graph, pixels, model.size, network.spec)
    graph.node("Softmax", [logits], "probabilities", axis=-1)
    kinds, info = onnx.TensorProto, onnx.helper.make_tensor_value_info
    films = info("films", kinds.UINT8, ["N", model.stored_size, model.stored_size])
    answer = info("probabilities", kinds.FLOAT, ["N", network.spec.classes])
    made = onnx.helper.make_model(
        onnx.helper.make_graph(graph.nodes, "classifier", [films], [answer], graph.constants),
        opset_imports=[onnx.helper.make_opsetid("", OPSET)], ir_version=8, producer_name="cxrtui",
        producer_version=__version__, doc_string=RESEARCH_ONLY,
    )  # fmt: skip
    facts = {"labels": json.dumps(model.labels), "threshold": str(model.operation.uncalibrated), "note": RESEARCH_ONLY}
    onnx.helper.set_model_props(made, facts)
    onnx.checker.check_model(made, full_check=True)
    return bytes(made.SerializeToString())


class _Graph:
    """The nodes of an ONNX graph, in order of computation, and their constants."""

    def __init__(self, onnx: Any, arrays: Arrays) -> None:
        self.arrays = arrays
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._onnx = onnx

    def constant(self, name: str, value: np.ndarray) -> str:
        self.constants.append(self._onnx.numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def node(self, kind: str, inputs: list[str], output: str, **attributes: Any) -> str:
        self.nodes.append(self._onnx.helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def conv(self, x: str, *path: str | int, stride: int = 1) -> str:
        """Add a convolution without bias, padded as in `net.layers.Conv`."""
        name = ".".join(map(str, path))
        kernel = self.arrays[("backbone", *path, "kernel")].transpose(3, 2, 0, 1)
        return self.node("Conv", [x, self.constant(f"{name}.kernel", kernel)], name, strides=[stride] * 2,
                         pads=[kernel.shape[-1] // 2] * 4)  # fmt: skip

    def norm(self, x: str, *path: str | int, epsilon: float) -> str:
        name = ".".join(map(str, path))
        leaves = [self.constant(f"{name}.{leaf}", self.arrays[("backbone", *path, leaf)])
                  for leaf in ("scale", "bias", "mean", "var")]  # fmt: skip
        return self.node("BatchNormalization", [x, *leaves], name, epsilon=epsilon)


def _pixels(graph: _Graph, films: str, stored_size: int, size: int) -> str:
    """Turn uint8 ``[N, S, S]`` into the network's input; resampling multiplies by a matrix from both sides."""
    matrix = _resampling(stored_size, size)
    x = graph.node("Cast", [films], "grey", to=1)  # TensorProto.FLOAT
    x = graph.node("MatMul", [x, graph.constant("resample.columns", matrix)], "grey.columns")
    x = graph.node("MatMul", [graph.constant("resample.rows", matrix.T), x], "grey.sampled")
    x = graph.node("Mul", [x, graph.constant("grey.scale", np.array(1 / (255 * GREY_STD), np.float32))], "grey.scaled")
    x = graph.node(
        "Add", [x, graph.constant("grey.level", np.array(-GREY_MEAN / GREY_STD, np.float32))], "grey.level.added"
    )
    return graph.node("Unsqueeze", [x, graph.constant("channel", np.array([1], np.int64))], "pixels")


def _resampling(stored_size: int, size: int) -> np.ndarray:
    """Return weights ``[S, size]``, float32, as `resample` computes them: a column for each pixel of the result."""
    rows = []
    for column in range(stored_size):
        film = np.zeros((1, stored_size, stored_size), np.uint8)
        film[:, :, column] = 255
        rows.append(np.asarray(_middle_row(film, size)))
    return np.stack(rows)


@functools.partial(jax.jit, static_argnums=1)
def _middle_row(film: np.ndarray, size: int) -> jax.Array:
    return resample(jnp.asarray(film), size)[0, size // 2, :, 0]


def _network(graph: _Graph, x: str, size: int, spec: ClassifierSpec) -> str:
    arrays, epsilon = graph.arrays, spec.epsilon
    x = graph.conv(x, "stem", "conv", stride=2)
    if spec.stem_offset:
        ones = jnp.ones((1, size, size, 1), jnp.float32)
        border = np.asarray(convolve(ones, jnp.asarray(arrays[("backbone", "stem", "offset")]), 2, 3))
        x = graph.node("Add", [x, graph.constant("stem.offset", border.transpose(0, 3, 1, 2))], "stem.offset.added")
    x = graph.node("Relu", [graph.norm(x, "stem", "norm", epsilon=epsilon)], "stem.relu")
    x = graph.node("MaxPool", [x], "stem", kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)
    for group, blocks in zip(GROUPS[1:], spec.stage_sizes, strict=True):
        for block in range(blocks):
            stride = 2 if block == 0 and group != "stage1" else 1
            x = _block(graph, x, (group, "blocks", block), stride, spec)
    x = graph.node("Flatten", [graph.node("GlobalAveragePool", [x], "pooled")], "features")
    for index in range(len(spec.hidden) + 1):
        if index:
            x = graph.node("Relu", [x], f"head.{index}.relu")
        leaves = [graph.constant(f"head.{index}.{leaf}", arrays[("head", "layers", index, leaf)])
                  for leaf in ("kernel", "bias")]  # fmt: skip
        x = graph.node("Gemm", [x, *leaves], f"head.{index}")
    return x


def _block(graph: _Graph, x: str, path: tuple[str | int, ...], stride: int, spec: ClassifierSpec) -> str:
    def unit(inputs: str, number: str, stride: int = 1) -> str:
        return graph.norm(graph.conv(inputs, *path, f"conv{number}", stride=stride), *path, f"norm{number}",
                          epsilon=spec.epsilon)  # fmt: skip

    name = ".".join(map(str, path))
    strides: Mapping[str, int] = {"1": stride} if spec.architecture == "v1" else {"2": stride}
    shortcut = unit(x, "_shortcut", stride) if ("backbone", *path, "conv_shortcut", "kernel") in graph.arrays else x
    for number in ("1", "2"):
        x = graph.node("Relu", [unit(x, number, strides.get(number, 1))], f"{name}.relu{number}")
    return graph.node("Relu", [graph.node("Add", [unit(x, "3"), shortcut], f"{name}.sum")], name)
