"""The place of a process among several hosts, as options or a cluster give it."""

from __future__ import annotations

import re
import socket
import sys
from types import SimpleNamespace

import pytest
from jax._src.clusters.k8s_cluster import K8sCluster

from cxrtui.console import hosts
from cxrtui.errors import UsageError
from cxrtui.runs.hosts import Place


@pytest.fixture(autouse=True)
def _no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in hosts._SIGNS:
        monkeypatch.delenv(name, raising=False)


def test_options_give_the_place_and_without_any_a_process_is_alone() -> None:
    assert hosts.place_of("node1:7890", 4, 3) == Place(3, 4, "node1:7890")
    assert hosts.place_of("[fe80::1%eth0]:65535", 4, 3) == Place(3, 4, "[fe80::1%eth0]:65535")
    assert hosts.place_of(None, None, None) is None


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (("node1:7890", 2, None), "together"),
        (("node1", 2, 0), "HOST:PORT"),
        ((":7890", 2, 0), "HOST:PORT"),
        (("node1:0", 2, 0), "HOST:PORT"),
        (("node1:65536", 2, 0), "HOST:PORT"),
        (("http://node1:7890", 2, 0), "HOST:PORT"),
        (("node 1:7890", 2, 0), "HOST:PORT"),
        (("node1:7890", 2, 2), "of 2 processes the last one is 1, not 2"),
    ],
)
def test_options_that_do_not_fit_are_refused(given: tuple[str, int, int | None], words: str) -> None:
    with pytest.raises(UsageError, match=re.escape(words)):
        hosts.place_of(*given)


def test_slurm_is_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    task = {"SLURM_JOB_ID": "12", "SLURM_STEP_NODELIST": "node[007-010]", "SLURM_NTASKS": "4", "SLURM_PROCID": "2",
            "SLURM_LOCALID": "0"}  # fmt: skip
    for name, value in task.items():
        monkeypatch.setenv(name, value)
    assert hosts.place_of(None, None, None) == Place(2, 4, "node007:61452")
    monkeypatch.setenv("JAX_COORDINATOR_PORT", "7890")
    assert hosts.place_of(None, None, None) == Place(2, 4, "node007:7890")
    monkeypatch.setenv("SLURM_PROCID", "0")
    monkeypatch.setenv("SLURM_NTASKS", "1")
    assert hosts.place_of(None, None, None) is None
    monkeypatch.setenv("SLURM_NTASKS", "4")
    monkeypatch.delenv("SLURM_STEP_NODELIST")  # the batch script itself, or a shell of salloc, which srun did not start
    assert hosts.place_of(None, None, None) is None


def test_open_mpi_is_recognised_or_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", "2")
    monkeypatch.setenv("OMPI_COMM_WORLD_RANK", "1")
    monkeypatch.setenv("OMPI_COMM_WORLD_LOCAL_RANK", "1")
    with pytest.raises(UsageError, match="does not recognise that version"):
        hosts.place_of(None, None, None)
    monkeypatch.setenv("OMPI_MCA_orte_hnp_uri", "1531576320.0;tcp://10.96.0.1,10.148.0.1:34911")
    place = hosts.place_of(None, None, None)
    assert place is not None
    assert (place.process, place.processes, place.coordinator.split(":")[0]) == (1, 2, "10.96.0.1")
    monkeypatch.setenv("OMPI_COMM_WORLD_SIZE", "1")
    assert hosts.place_of(None, None, None) is None


def kubernetes(monkeypatch: pytest.MonkeyPatch, *, subdomain: str | None) -> None:
    """An indexed job of three pods, as JAX asks Kubernetes' own package for it."""
    pod = SimpleNamespace(
        metadata=SimpleNamespace(
            name="first-1",
            labels={"job-name": "first"},
            owner_references=[SimpleNamespace(kind="Job", controller=True)],
        ),
        spec=SimpleNamespace(subdomain=subdomain),
    )
    job = SimpleNamespace(metadata=SimpleNamespace(name="first", labels={}), spec=SimpleNamespace(parallelism=3))
    core = SimpleNamespace(list_namespaced_pod=lambda **about: SimpleNamespace(items=[pod]),
                           list_namespaced_service=lambda namespace: SimpleNamespace(items=[]))  # fmt: skip
    batch = SimpleNamespace(read_namespaced_job=lambda **about: job)
    package = SimpleNamespace(
        config=SimpleNamespace(load_incluster_config=lambda: None), __spec__=SimpleNamespace(),
        client=SimpleNamespace(CoreV1Api=lambda: core, BatchV1Api=lambda: batch,
                               exceptions=SimpleNamespace(ApiException=OSError)),
    )  # fmt: skip
    monkeypatch.setitem(sys.modules, "kubernetes", package)  # type: ignore[arg-type]
    monkeypatch.setattr(socket, "gethostbyname", lambda name: "10.0.0.1")
    for name in ("_namespace", "_pod", "_job", "_headless_svc", "_controller"):
        getattr(K8sCluster, name).__func__.cache_clear()
    monkeypatch.setattr(K8sCluster, "_namespace", classmethod(lambda cls: "default"))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.2")
    monkeypatch.setenv("JOB_COMPLETION_INDEX", "1")
    monkeypatch.setenv("HOSTNAME", "first-1")


def test_an_indexed_job_of_kubernetes_is_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    kubernetes(monkeypatch, subdomain="pods")
    assert hosts.place_of(None, None, None) == Place(1, 3, "first-0.pods:55527")


def test_a_job_of_kubernetes_that_lacks_something_is_said_what(monkeypatch: pytest.MonkeyPatch) -> None:
    kubernetes(monkeypatch, subdomain=None)
    with pytest.raises(UsageError, match="need a headless service"):
        hosts.place_of(None, None, None)
    monkeypatch.setitem(sys.modules, "kubernetes", None)  # type: ignore[arg-type]
    monkeypatch.setattr(hosts, "_has_kubernetes", lambda: False)
    with pytest.raises(UsageError, match=r"number 1 of an indexed job, .* pip install 'jax\[k8s\]'"):
        hosts.place_of(None, None, None)
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST")  # an index that something else has set
    assert hosts.place_of(None, None, None) is None
