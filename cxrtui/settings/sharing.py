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


def check_shares(size: int, devices: int, name: str) -> None:
    """Check that `devices` can share batches of `size` films equally; `name` is what the user or caller sets.

    Raises:
        ConfigError: they cannot; the message names the nearest sizes and numbers of devices that can.
    """
    if size % devices:
        raise ConfigError(
            f"{name} is {size}, and {size} films cannot be divided equally among {devices} devices; set it to "
            f"{sizes_for(size, devices)}, or run.devices to {numbers_for(size, devices)}."
        )
