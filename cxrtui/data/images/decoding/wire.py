"""This module sends messages between the main process and a worker: a JSON object and bytes, after their lengths.

It never unpickles: even if a film took over a worker, the worker's answer is only data.
"""

from __future__ import annotations

import json
import os
import socket
import struct
from typing import Any

_LENGTHS = struct.Struct(">II")
_MOST_WORDS = 1 << 20


class WireError(Exception):
    """The other side sent something that is not a message."""


class EndedError(WireError):
    """The other side has ended."""


def send(link: socket.socket, words: dict[str, Any], body: bytes | memoryview = b"", file: int | None = None) -> None:
    """Send one message, and with it the open `file`; the other side gets its own descriptor of it.

    Raises:
        OSError: the other side has ended.
    """
    text = json.dumps(words).encode()
    head = _LENGTHS.pack(len(text), len(body)) + text
    # One call sends all that fits, so that the other side wakes only once.
    sent = socket.send_fds(link, [head, body], [file]) if file is not None else link.sendmsg([head, body])
    if sent < len(head):
        link.sendall(head[sent:])
    link.sendall(memoryview(body)[max(0, sent - len(head)) :])


def receive(link: socket.socket, most: int) -> tuple[dict[str, Any], bytearray]:
    """Receive one message with at most `most` bytes.

    Raises:
        WireError: the other side has ended (`EndedError`), or sends no message.
        TimeoutError: nothing came within the timeout of `link`.
    """
    words, body, _ = _receive(link, bytearray(_filled(link, bytearray(_LENGTHS.size))), most, [])
    return words, body


def receive_with_file(link: socket.socket) -> tuple[dict[str, Any], int | None]:
    """Receive one message without bytes, and the descriptor of the file that came with it.

    Raises:
        WireError: the other side has ended (`EndedError`), or sends no message.
    """
    head, files, _, _ = socket.recv_fds(link, _LENGTHS.size, 1)
    lengths = bytearray(head)
    if not lengths:
        raise EndedError("the other side has ended")
    while len(lengths) < _LENGTHS.size:
        if not (more := link.recv(_LENGTHS.size - len(lengths))):
            raise EndedError("the other side has ended")
        lengths += more
    words, _, held = _receive(link, lengths, 0, files)
    return words, held[0] if held else None


def _receive(
    link: socket.socket, lengths: bytearray, most: int, files: list[int]
) -> tuple[dict[str, Any], bytearray, list[int]]:
    of_words, of_body = _LENGTHS.unpack(lengths)
    try:
        if of_words > _MOST_WORDS or of_body > most:
            raise WireError("a message is too long")
        try:
            words = json.loads(_filled(link, bytearray(of_words)))
        except ValueError:
            raise WireError("a message is not JSON") from None
        if not isinstance(words, dict):
            raise WireError("a message is no object")
        return words, _filled(link, bytearray(of_body)), files
    except BaseException:
        for file in files:
            os.close(file)
        raise


def _filled(link: socket.socket, buffer: bytearray) -> bytearray:
    view, place = memoryview(buffer), 0
    while place < len(buffer):
        count = link.recv_into(view[place:])
        if not count:
            raise EndedError("the other side has ended")
        place += count
    return buffer
