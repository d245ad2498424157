"""What goes between this process and one that decodes: a JSON object and bytes, each with its length before it.

Nothing is unpickled: whatever a decoder did to the process it ran in, its answer is data and no code.
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
    """The other side sent what is no message."""


class EndedError(WireError):
    """The other side has ended."""


def send(link: socket.socket, words: dict[str, Any], body: bytes | memoryview = b"", file: int | None = None) -> None:
    """Send one message, and with it the open `file`, of which the other side gets a descriptor of its own.

    Raises:
        OSError: the other side has ended.
    """
    text = json.dumps(words).encode()
    head = _LENGTHS.pack(len(text), len(body)) + text
    # All in one call where it fits: the other side is woken once.
    sent = socket.send_fds(link, [head, body], [file]) if file is not None else link.sendmsg([head, body])
    if sent < len(head):
        link.sendall(head[sent:])
    link.sendall(memoryview(body)[max(0, sent - len(head)) :])


def receive(link: socket.socket, most: int) -> tuple[dict[str, Any], bytearray]:
    """One message, whose bytes are `most` at most.

    Raises:
        WireError: the other side has ended (`EndedError`), or sends no message.
        TimeoutError: as `link` is set.
    """
    words, body, _ = _receive(link, bytearray(_filled(link, bytearray(_LENGTHS.size))), most, [])
    return words, body


def receive_with_file(link: socket.socket) -> tuple[dict[str, Any], int | None]:
    """One message without bytes, and the descriptor of the file that came with it.

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
