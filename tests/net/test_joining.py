"""What keeps processes of several hosts from joining is said before JAX tries, which ends a process with a signal."""

from __future__ import annotations

import socket

import pytest

from cxrtui.errors import UsageError
from cxrtui.net import hosts
from cxrtui.runs.hosts import Place


def test_a_coordinator_without_an_address_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hosts, "_RESOLVING", 0.0)
    with pytest.raises(UsageError, match=r"The host of the coordinator, node\.invalid, is not known here"):
        hosts.connect(Place(1, 2, "node.invalid:7890"))


def test_a_port_that_another_program_has_is_named() -> None:
    with socket.socket() as other:
        other.bind(("0.0.0.0", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(UsageError, match=f"The port of 127.0.0.1:{port} cannot be opened on host 0"):
            hosts.connect(Place(0, 2, f"127.0.0.1:{port}"))
