"""Joins the processes that train one run on several hosts, and tells all of them what the first one has decided.

All processes call `told` and `all_told` equally often and in the same order, as they do with all that they compute
together.
Nothing here waits for a process that has died: whoever started the processes ends those that are left.
"""

from __future__ import annotations

import itertools
import json
import socket
import time
from typing import Any

import jax

from cxrtui.errors import UsageError
from cxrtui.runs.hosts import Place

_TRY = 10_000  # milliseconds
_LEAVE, _DAY = 20_000, 86_400_000
_PATIENCE = 86_400  # seconds; JAX would end processes that a scheduler suspends, and their parents notice who died
_COMING = 120  # seconds; all of them are there already, but a process may take long to load JAX
_RESOLVING = 20.0  # seconds
_told = itertools.count()


def recognised() -> Place | None:
    """Return the place of this process where Slurm, Open MPI or Kubernetes started several; else None.

    JAX recognises them.

    Raises:
        Exception: of the library of the cluster, or of JAX, where the job lacks something that is needed.
    """
    from jax._src.clusters import ClusterEnv  # its detection has no public name but within `initialize`

    found = ClusterEnv.auto_detect_unset_distributed_params(None, None, None, None, None, _COMING)
    coordinator, processes, process, _ = found
    if coordinator is None or processes is None or process is None or processes < 2:
        return None
    return Place(int(process), int(processes), coordinator)


def connect(place: Place) -> None:
    """Join the other processes; call this before JAX is used otherwise.

    Raises:
        UsageError: the name of the first one's host is not known here, or this is the first one and its port is taken.
    """
    if place.processes == 1:
        return
    if hasattr(jax.config, "jax_enable_preemption_service"):  # it would take SIGTERM away from those who handle it
        jax.config.update("jax_enable_preemption_service", False)  # type: ignore[no-untyped-call]
    _check_host(place.coordinator)
    if place.process == 0:
        _check_port(place.coordinator)
    jax.distributed.initialize(
        place.coordinator, place.processes, place.process, cluster_detection_method="deactivate",
        initialization_timeout=_COMING, heartbeat_timeout_seconds=_PATIENCE,
    )  # fmt: skip
    jax.devices()  # the processes exchange what they have


def _check_host(coordinator: str) -> None:
    """Make sure that the host has an address; JAX would try for two minutes, and end the process with a signal.

    Raises:
        UsageError: it has none. A cluster may take some seconds to give it one.
    """
    host, _, port = coordinator.rpartition(":")
    end = time.monotonic() + _RESOLVING
    while True:
        try:
            socket.getaddrinfo(host.strip("[]"), int(port))
            return
        except (OSError, UnicodeError) as error:
            if time.monotonic() > end:
                raise UsageError(
                    f"The host of the coordinator, {host}, is not known here ({error}); give one that all hosts reach."
                ) from None
        time.sleep(1.0)


def _check_port(coordinator: str) -> None:
    """Make sure that JAX can listen; where it cannot, it ends the process now and then with a signal.

    Raises:
        UsageError: another program has the port, or the user may not have it.
    """
    family = socket.AF_INET6 if socket.has_dualstack_ipv6() else socket.AF_INET
    with socket.socket(family) as listener:
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            listener.bind(("", int(coordinator.rpartition(":")[2])))
            listener.listen()
        except OSError as error:
            raise UsageError(
                f"The port of {coordinator} cannot be opened on host 0 ({error.strerror}); give all hosts another one, "
                "by --coordinator, or by JAX_COORDINATOR_PORT where a scheduler starts them."
            ) from None


def leads() -> bool:
    """Return whether this process decides, writes the run's files and tells the others; alone, it does."""
    return int(jax.process_index()) == 0


def several() -> bool:
    """Return whether there are other processes."""
    return int(jax.process_count()) > 1


def told(value: Any) -> Any:
    """Return what the first process passes as `value`, in JSON's types; the others wait for it, however long."""
    if not several():
        return value
    client, key = _client(), f"cxrtui/{next(_told)}"
    if leads():
        client.key_value_set(key, json.dumps(value))
        return value
    return json.loads(_awaited(client, key))


def _awaited(client: Any, key: str) -> str:
    while True:
        try:
            return str(client.blocking_key_value_get(key, _TRY))
        except jax.errors.JaxRuntimeError as error:
            if "DEADLINE_EXCEEDED" not in str(error):
                raise


def all_told(value: Any) -> list[Any]:
    """Return what each process passes as `value`, in JSON's types, the first one's first; they wait for each other."""
    if not several():
        return [value]
    client, key = _client(), f"cxrtui/{next(_told)}"
    client.key_value_set(f"{key}/{jax.process_index()}", json.dumps(value))
    return [json.loads(_awaited(client, f"{key}/{number}")) for number in range(jax.process_count())]


def meet() -> None:
    """Wait for the others, before all compute together after work that takes some of them longer, such as compiling.

    On a CPU the first collective gives up after 30 s if another process has not come to it.
    """
    if several():
        _client().wait_at_barrier(f"cxrtui/{next(_told)}", _DAY)


def leave() -> None:
    """Wait for the others at the end of the run, because all connections go through the first process.

    That one may still copy the run, and the others wait as long as it lives.
    """
    if several():
        try:
            _client().wait_at_barrier("cxrtui/leave", _LEAVE if leads() else _DAY)
        except jax.errors.JaxRuntimeError:  # one of them has gone already
            return


def _client() -> Any:
    # JAX has no public way to its store of keys; Orbax takes this one too.
    from jax._src import distributed

    return distributed.global_state.client
