"""Which numbers of devices suit a batch is said before a run begins."""

from __future__ import annotations

import pytest

from cxrtui.errors import ConfigError
from cxrtui.settings.config import resolve
from cxrtui.settings.sharing import check_shares, most_devices


@pytest.mark.parametrize(
    ("size", "there", "most"), [(32, 8, 8), (30, 8, 6), (7, 4, 1), (24, 1, 1), (0, 8, 8), (3, 8, 3)]
)
def test_as_many_devices_as_possible_share_a_batch(size: int, there: int, most: int) -> None:
    assert most_devices(size, there) == most


@pytest.mark.parametrize(
    ("size", "devices", "hint"),
    [
        (30, 8, "24 or 32, or run.devices to 6 or 10."),
        (3, 8, "8, or run.devices to 3."),
        (31, 4, "28 or 32, or run.devices to 1 or 31."),
    ],
)
def test_a_batch_that_so_many_devices_cannot_share_is_no_configuration(size: int, devices: int, hint: str) -> None:
    with pytest.raises(ConfigError, match=f"optim.batch_size is {size}, .* among {devices} devices; set it to {hint}"):
        resolve({"optim.batch_size": size, "run.devices": devices})


@pytest.mark.parametrize(
    ("size", "devices", "hosts", "said"),
    [
        (30, 1, 4, "among 4 hosts; set it to 28 or 32, or start 3 or 5 hosts."),
        (30, 4, 2, "among 8 devices, 4 on each of 2 hosts; set it to 24 or 32, or run.devices to 3 or 5."),
        (32, 8, 3, "among 24 devices, 8 on each of 3 hosts; set it to 24 or 48, or start 2 or 4 hosts."),
        (30, 4, 4, "among 16 devices, 4 on each of 4 hosts; set it to 16 or 32."),
    ],
)
def test_a_batch_for_several_hosts_is_said_to_be_divided_by_hosts_and_devices(
    size: int, devices: int, hosts: int, said: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        check_shares(size, devices, "optim.batch_size", hosts)
    assert str(caught.value) == f"optim.batch_size is {size}, and {size} films cannot be divided equally {said}"
    check_shares(devices * hosts, devices, "optim.batch_size", hosts)
    check_shares(0, devices, "optim.batch_size", hosts)


@pytest.mark.parametrize(("word", "number"), [("all", 0), ("3", 3), (2, 2)])
def test_devices_are_a_number_or_all(word: object, number: int) -> None:
    assert resolve({"run.devices": word, "optim.batch_size": "auto"}).run.devices == number


@pytest.mark.parametrize("word", ["auto", "-1", "half", "1.5"])
def test_nothing_else_says_how_many_devices(word: str) -> None:
    with pytest.raises(ConfigError, match=r"run\.devices"):
        resolve({"run.devices": word})
