"""Divides a batch among devices: which numbers of devices suit a batch, and which sizes suit so many devices."""

from __future__ import annotations

from cxrtui.errors import ConfigError


def most_devices(size: int, there: int) -> int:
    """Return the greatest number of devices, at most `there`, that can share `size` films equally; 0 films suit any.

    >>> most_devices(32, 8), most_devices(30, 8), most_devices(0, 8)
    (8, 6, 8)
    """
    return next(count for count in range(there, 0, -1) if size % count == 0)


def sizes_for(size: int, devices: int) -> str:
    """Return the sizes nearest to `size` that so many devices can share, as text.

    >>> sizes_for(30, 8), sizes_for(3, 8)
    ('24 or 32', '8')
    """
    below = size - size % devices
    return f"{below} or {below + devices}" if below else f"{devices}"


def numbers_for(size: int, devices: int) -> str:
    """Return the numbers of devices nearest to `devices` that can share `size` films equally, as text.

    >>> numbers_for(30, 8), numbers_for(4, 8)
    ('6 or 10', '4')
    """
    below = most_devices(size, min(devices, size))
    above = next((count for count in range(devices + 1, size + 1) if size % count == 0), None)
    return f"{below} or {above}" if above else f"{below}"


def check_shares(size: int, devices: int, name: str, hosts: int = 1) -> None:
    """Check that batches of `size` films can be divided equally among all devices of all hosts.

    Args:
        size: films in each batch of all hosts together; 0 suits any devices.
        devices: on each host.
        name: what the user or caller sets.
        hosts: how many there are.

    Raises:
        ConfigError: they cannot; the message names the nearest sizes, and numbers of devices or hosts, that can.
    """
    if size % (devices * hosts):
        raise ConfigError(
            f"{name} is {size}, and {size} films cannot be divided equally among {among(devices, hosts)}; set it to "
            f"{sizes_for(size, devices * hosts)}{_else(size, devices, hosts)}."
        )


def among(devices: int, hosts: int) -> str:
    """Return how many devices share a batch, and on which hosts, as text.

    >>> among(8, 1), among(1, 4), among(4, 2)
    ('8 devices', '4 hosts', '8 devices, 4 on each of 2 hosts')
    """
    if hosts == 1:
        return f"{devices} devices"
    return f"{hosts} hosts" if devices == 1 else f"{devices * hosts} devices, {devices} on each of {hosts} hosts"


def _else(size: int, devices: int, hosts: int) -> str:
    """Return what else may be set for batches of `size` films, as the rest of a sentence."""
    if size % hosts == 0:
        return f", or run.devices to {numbers_for(size // hosts, devices)}"
    return f", or start {numbers_for(size // devices, hosts)} hosts" if size % devices == 0 else ""
