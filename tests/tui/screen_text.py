"""The screen as text, and waiting for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from textual.events import Paste
from textual.pilot import Pilot


def text_of(pilot: Pilot[int]) -> str:
    """What the terminal would show, a line a row."""
    return "\n".join(
        "".join(segment.text for segment in strip) for strip in pilot.app.screen._compositor.render_strips()
    )


async def until(pilot: Pilot[int], condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until `condition` holds; fail with the screen where it does not."""
    end, rest = time.monotonic() + seconds, 0.02
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("it did not come to be; the screen shows:\n" + text_of(pilot))
        await pilot.pause(rest)
        rest = min(0.2, 1.4 * rest)  # to look costs a rendering of the screen, which what is waited for has to share


async def shows(pilot: Pilot[int], *texts: str) -> None:
    """Wait until the screen shows all of `texts`."""
    for text in texts:
        await until(pilot, partial(_shown, pilot, text))


def _shown(pilot: Pilot[int], text: str) -> bool:
    return text in text_of(pilot)


async def paste(pilot: Pilot[int], text: str) -> None:
    """Paste `text` where the focus is, which is quicker than typing it."""
    assert pilot.app.screen.focused is not None
    pilot.app.screen.focused.post_message(Paste(text))
    await pilot.pause()
