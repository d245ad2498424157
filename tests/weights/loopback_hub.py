"""A hub on loopback that can be told to misbehave."""

from __future__ import annotations

import contextlib
import dataclasses
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import tomlkit

from cxrtui.weights.hub import Published


@dataclass
class Hub:
    """Serves `files` by path. `mishaps` are used up, one for each request:

    a number cuts the connection after so many bytes of the body; ``503`` and the like as ``"status 503"``; ``"silent"``
    never answers; ``"no ranges"`` ignores a Range; ``"redirect"`` sends to `storage`; ``"drip"`` sends 4 kB every
    50 ms; ``"hold 4096"`` sends so many bytes and then nothing, for five seconds, or
    a minute with ``"hold 4096 60"``, or until `going` is set.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    mishaps: list[int | str] = field(default_factory=list)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    address: str = ""
    storage: str = ""
    closing: threading.Event = field(default_factory=threading.Event)
    going: threading.Event = field(default_factory=threading.Event)

    @property
    def ranges(self) -> list[str]:
        """The Range header of each request so far."""
        return [headers.get("Range", "") for _, headers in self.requests]


class _Handler(BaseHTTPRequestHandler):
    hub: Hub
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        hub = self.hub
        hub.requests.append((self.path, dict(self.headers)))
        mishap = hub.mishaps.pop(0) if hub.mishaps else ""
        if mishap == "silent":
            hub.closing.wait(5)
            self.close_connection = True
            return
        if mishap == "redirect":
            self._answer(302, b"", Location=hub.storage + self.path)
            return
        if isinstance(mishap, str) and mishap.startswith("status"):
            self._answer(int(mishap.split()[1]), b"<html>no</html>")
            return
        body = hub.files.get(self.path)
        if body is None:
            self._answer(404, b"Entry not found")
            return
        wanted = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start = int(wanted[1]) if wanted and mishap != "no ranges" else 0
        if start >= len(body) > 0 and wanted and mishap != "no ranges":
            self._answer(416, b"", **{"Content-Range": f"bytes */{len(body)}"})
            return
        length = len(body) - start
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        self.send_header("Content-Length", str(length))
        self.end_headers()
        self._send(body[start:], mishap)
        self.close_connection = True

    def _send(self, body: bytes, mishap: int | str) -> None:
        if mishap == "drip":
            for begin in range(0, len(body), 4096):
                self.wfile.write(body[begin : begin + 4096])
                if self.hub.closing.wait(0.05):
                    return
        elif isinstance(mishap, str) and mishap.startswith("hold"):
            size, *seconds = (int(word) for word in mishap.split()[1:])
            self.wfile.write(body[:size])
            self.hub.going.wait(*seconds or (5,))
        else:
            self.wfile.write(body[:mishap] if isinstance(mishap, int) else body)

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing into the tests' output."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that has heard enough is no error."""


@contextlib.contextmanager
def serving(**files: bytes) -> Iterator[Hub]:
    hub = Hub(dict(files))
    server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    hub.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        hub.closing.set()
        hub.going.set()
        server.shutdown()
        server.server_close()
        thread.join()


def publish(folder: Path, patch: pytest.MonkeyPatch, *published: Published) -> None:
    """Put weights into the catalogue, by manifests in `folder`."""
    folder.mkdir(exist_ok=True)
    for item in published:
        values = {key: value for key, value in dataclasses.asdict(item).items() if key != "name"}
        (folder / f"{item.name}.toml").write_text(tomlkit.dumps(values))
    patch.setenv("CXRTUI_CATALOGUE", str(folder))
