"""Asks a process of its own for augmented films (`preview`), so that importing JAX never delays a key of the dashboard.

The process gets the configuration as the first line of its stdin, and then a step a line. For each step it writes JSON
lines with its progress, and at last one with the result or an error; the pixels follow the line of the result. It
computes on the CPU, because a run that trains may need all memory of the GPU, and ends with its stdin.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cxrtui.data.pool import OnProgress
from cxrtui.errors import Cancelled, ConfigError, DataError
from cxrtui.settings.config import Config
from cxrtui.settings.listing import texts_of


@dataclass(frozen=True)
class Preview:
    """Augmented films.

    Attributes:
        images: uint8 ``[n, size, size]``, grey.
        names: of the files.
        labels: of the classes.
    """

    images: NDArray[np.uint8]
    names: tuple[str, ...]
    labels: tuple[str, ...]


class PreviewProcess:
    """The process that makes the films of one configuration; it begins with the first step that is asked for."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False

    def films(self, step: int, on_progress: OnProgress) -> Preview:
        """Return the films of a step; see `preview.augmented`. One thread at a time may call this.

        Raises:
            DataError, ConfigError: as `preview.augmented`.
            Cancelled: the process was closed.
        """
        process = self._started()
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(OSError, ValueError):
            process.stdin.write(f"{step}\n".encode())
            process.stdin.flush()
            while line := process.stdout.readline():
                answer = json.loads(line)
                pixels = process.stdout.read(int(np.prod(answer["shape"]))) if "shape" in answer else b""
                if answer["step"] != step:  # of a step that was given up before it was answered
                    continue
                if "progress" in answer:
                    on_progress(*answer["progress"])
                elif "error" in answer:
                    raise ConfigError(answer["error"]) if answer["config"] else DataError(answer["error"])
                else:
                    images = np.frombuffer(pixels, np.uint8).reshape(answer["shape"])
                    return Preview(images, tuple(answer["names"]), tuple(answer["labels"]))
        if self._closed:
            raise Cancelled
        self._end()
        raise DataError("The process that makes the films has ended; try again.")

    def _started(self) -> subprocess.Popen[bytes]:
        if self._closed:
            raise Cancelled
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "cxrtui.training.preview"], stdin=subprocess.PIPE,
                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=os.environ | {"JAX_PLATFORMS": "cpu"},
            )  # fmt: skip
            assert self._process.stdin is not None
            values = texts_of(self._config)
            self._process.stdin.write(json.dumps(values).encode() + b"\n")
        return self._process

    def close(self) -> None:
        """End the process, also while it works; no more films can be asked for."""
        self._closed = True
        self._end()

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError, ValueError):  # what was not sent cannot be flushed
                    stream.close()
