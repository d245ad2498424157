"""Computes a classifier's probabilities with ONNX Runtime (extra ``cxrtui[onnxruntime]``), faster than XLA on a CPU.

ONNX Runtime multiplies batch normalisation into the kernels, and adds the shortcut and applies the ReLU as it computes
a convolution. XLA writes a convolution's result to memory and passes over it again. ONNX Runtime gets the file that
`evaluation.onnx_file` writes, in float32. The file is kept in the cache by its content, so that a second start does not
write it again.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxrtui.data.pool import workers
from cxrtui.errors import UsageError
from cxrtui.evaluation.model import Model
from cxrtui.evaluation.onnx_file import onnx_file
from cxrtui.files import read_bytes, write_atomic
from cxrtui.net.traced import sources
from cxrtui.weights.arrays import disassemble
from cxrtui.workspace import cache_root

_MOST = 4  # files that are kept, each as large as its network
_LARGEST = 1 << 31  # bytes that an ONNX file may have
_WARNINGS = 3  # the least severe of what ONNX Runtime prints: errors


def require() -> Any:
    """Return the onnxruntime package.

    Raises:
        UsageError: it is not installed.
    """
    try:
        import onnxruntime
    except ImportError:
        raise UsageError(
            "--engine onnxruntime needs the package onnxruntime: pip install 'cxrtui[onnxruntime]'."
        ) from None
    return onnxruntime


class OnnxNetwork:
    """A network of any number of stored images, in one thread on each core that this process may use.

    Raises:
        UsageError: onnxruntime is not installed, or the onnx that writes the file.
    """

    def __init__(self, model: Model) -> None:
        onnxruntime = require()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = workers()
        options.log_severity_level = _WARNINGS
        # Threads that wait by looking again and again would take the cores from the processes that decode.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session: Any = onnxruntime.InferenceSession(_kept(model), options, providers=["CPUExecutionProvider"])

    def __call__(self, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return the probabilities float64 ``[n, 2]`` of images, uint8 ``[n, stored_size, stored_size]``."""
        (found,) = self._session.run(None, {"films": images})
        return np.asarray(found, np.float64)


def _kept(model: Model) -> bytes:
    """Return the model as an ONNX file: the one in the cache, or a new one, which is then kept there if it can be."""
    folder, key = cache_root() / "onnx", _key(model)
    with suppress(OSError):
        for file in folder.glob(f"{key}-*.onnx"):
            body = read_bytes(file, _LARGEST)
            if file.stem == f"{key}-{hashlib.sha256(body).hexdigest()}":
                file.touch()  # it is the last one to be removed
                return body
    body = onnx_file(model)
    with suppress(OSError):  # a full disk, or a folder that may not be written
        folder.mkdir(parents=True, exist_ok=True)
        write_atomic(folder / f"{key}-{hashlib.sha256(body).hexdigest()}.onnx", body, durable=False)
        _remove_oldest(folder)
    return body


def _key(model: Model) -> str:
    """Return 64 hexadecimal digits that change with all that the probabilities of the file depend on."""
    network = model.network()
    digest = hashlib.sha256(repr((sources(), network.spec, model.size)).encode())
    for path, array in sorted(disassemble(network).items(), key=lambda item: str(item[0])):
        digest.update(repr((path, array.shape, array.dtype)).encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _remove_oldest(folder: Path) -> None:
    """Remove all files but those that were used last."""
    files = sorted(folder.glob("*.onnx"), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in files[_MOST:]:
        file.unlink(missing_ok=True)
