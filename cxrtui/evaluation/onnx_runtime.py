"""Computes a classifier's probabilities with ONNX Runtime (extra ``cxrtui[onnxruntime]``), faster than XLA on a CPU.

ONNX Runtime multiplies batch normalisation into the kernels, and adds the shortcut and applies the ReLU as it computes
a convolution. XLA writes a convolution's result to memory and passes over it again. ONNX Runtime gets the file that
`evaluation.onnx_file` writes, in float32. The file is kept in the cache by the content of the checkpoint or of the
shelf's folder, so that a second start neither writes it again nor imports JAX.
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
from cxrtui.files import read_bytes, write_atomic
from cxrtui.net.sources import sources
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

    `body` is the ONNX file.

    Raises:
        UsageError: onnxruntime is not installed.
    """

    def __init__(self, body: bytes) -> None:
        onnxruntime = require()
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = workers()
        options.log_severity_level = _WARNINGS
        # Threads that wait by looking again and again would take the cores from the processes that decode.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session: Any = onnxruntime.InferenceSession(body, options, providers=["CPUExecutionProvider"])

    def __call__(self, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return the probabilities float64 ``[n, 2]`` of images, uint8 ``[n, stored_size, stored_size]``."""
        (found,) = self._session.run(None, {"films": images})
        return np.asarray(found, np.float64)


def kept(model: Model) -> bytes | None:
    """Return the model as an ONNX file from the cache; None if it is not there. The network need not be loaded."""
    with suppress(OSError):
        for file in _folder().glob(f"{_key(model)}-*.onnx") if model.content else ():
            body = read_bytes(file, _LARGEST)
            if file.stem == f"{_key(model)}-{hashlib.sha256(body).hexdigest()}":
                file.touch()  # it is the last one to be removed
                return body
    return None


def converted(model: Model) -> bytes:
    """Return the model as an ONNX file, which is then kept in the cache if it can be.

    Raises:
        UsageError: the package onnx, which writes it, is not installed.
    """
    from cxrtui.evaluation.onnx_file import onnx_file

    body = onnx_file(model)
    if model.content:
        with suppress(OSError):  # a full disk, or a folder that may not be written
            _folder().mkdir(parents=True, exist_ok=True)
            write_atomic(_folder() / f"{_key(model)}-{hashlib.sha256(body).hexdigest()}.onnx", body, durable=False)
            _remove_oldest(_folder())
    return body


def _folder() -> Path:
    return cache_root() / "onnx"


def _key(model: Model) -> str:
    """Return 64 hexadecimal digits that change with all that the file depends on."""
    return hashlib.sha256(f"{sources()} {model.content}".encode()).hexdigest()


def _remove_oldest(folder: Path) -> None:
    """Remove all files but those that were used last."""
    files = sorted(folder.glob("*.onnx"), key=lambda file: file.stat().st_mtime, reverse=True)
    for file in files[_MOST:]:
        file.unlink(missing_ok=True)
