"""Shows a few films as the network will see them: augmented as in a step of the training."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from rich.cells import set_cell_size
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from cxrtui.errors import Cancelled, CxrtuiError
from cxrtui.printable import printable
from cxrtui.settings.config import Config
from cxrtui.tui import threads
from cxrtui.tui.backend import Previewer
from cxrtui.tui.keys import bindings
from cxrtui.tui.page import WIDE, Page
from cxrtui.tui.wording import in_fields

if TYPE_CHECKING:
    from cxrtui.training.previewing import Preview

_GAP = 1


def arrange(count: int, width: int, height: int) -> tuple[int, int]:
    """Return how many films go side by side, and the width of each in cells, so that they are as large as possible.

    A film is a square of half blocks, so it is half as many cells high as wide; a line below it has its class.
    """
    best = (1, 0)
    for columns in range(1, count + 1):
        rows = -(-count // columns)
        across = (width - _GAP * (columns - 1)) // columns
        down = 2 * (height // rows - 1)
        side = min(across, down) // 2 * 2
        if side > best[1]:
            best = (columns, side)
    return best


class Films(Widget):
    """Draws grey images side by side in half blocks, each with its class below it."""

    preview: reactive[Any] = reactive(None, always_update=True)

    def __init__(self) -> None:
        super().__init__(id="preview-films")
        self._lines: list[Strip] = []
        self._drawn_for: tuple[int, int, int] | None = None

    def render_line(self, y: int) -> Strip:
        """Draw one row of the screen."""
        key = (id(self.preview), *self.size)
        if self._drawn_for != key:
            self._lines, self._drawn_for = self._draw(), key
        return self._lines[y] if y < len(self._lines) else Strip.blank(self.size.width, self.rich_style)

    def _draw(self) -> list[Strip]:
        preview: Preview | None = self.preview
        width, height = self.size
        if preview is None or not len(preview.images):
            return []
        columns, side = arrange(len(preview.images), width, height)
        if side < 2:
            return []
        lines: list[Strip] = []
        for first in range(0, len(preview.images), columns):
            row = range(first, min(first + columns, len(preview.images)))
            pixels = [_scaled(preview.images[place], side) for place in row]
            for upper in range(0, side, 2):
                segments = [
                    segment for image in pixels for segment in (*_cells(image[upper], image[upper + 1]), Segment(" "))
                ]
                lines.append(Strip(segments))
            labels = "".join(set_cell_size(preview.labels[place], side) + " " for place in row)
            lines.append(Strip([Segment(labels, self.rich_style)]))
        return [line.adjust_cell_length(width, self.rich_style) for line in lines]


_STYLES: dict[tuple[int, int], Style] = {}


def _cells(upper: NDArray[np.uint8], lower: NDArray[np.uint8]) -> list[Segment]:
    cells = []
    for above, below in zip(upper.tolist(), lower.tolist(), strict=True):
        style = _STYLES.get((above, below))
        if style is None:
            style = Style(color=Color.from_rgb(above, above, above), bgcolor=Color.from_rgb(below, below, below))
            _STYLES[above, below] = style
        cells.append(Segment("▀", style))
    return cells


def _scaled(image: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Return an image of `side`×`side` pixels, in steps of 8 grey values, so that there are few styles."""
    from PIL import Image

    how = Image.Resampling.BOX if side < image.shape[0] else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(image).resize((side, side), how)) & np.uint8(0xF8)


class Previewed(Message):
    """A thread has progress, the films or an error; `job` is the number of the request."""

    def __init__(self, job: int, progress: str = "", preview: Preview | None = None, error: str = "") -> None:
        super().__init__()
        self.job, self.progress, self.preview, self.error = job, progress, preview, error


class PreviewScreen(Page[None]):
    """Shows augmented films of a configuration, step by step."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("preview", "everywhere")
    sections = ("preview", "everywhere")
    where = "Augmented films"

    def __init__(self, config: Config) -> None:
        super().__init__()
        self._config = config
        self._step = 0
        self._job = 0
        self._previewer: Previewer | None = None
        self._one_at_a_time = threading.Lock()

    def compose_body(self) -> ComposeResult:
        """Put the films above a line about them."""
        yield Films()
        yield Static("", id="preview-note", markup=False)

    def on_mount(self) -> None:
        """Make the films of the first step."""
        self._make()

    def on_unmount(self) -> None:
        """Cancel the work under way."""
        self._job += 1
        if self._previewer is not None:
            threads.start("end the preview", self._previewer.close)

    def _say(self, text: str) -> None:
        self.query_one("#preview-note", Static).update(text)

    def _make(self) -> None:
        self._job += 1
        self._say(f"making the films of step {self._step + 1}…")
        threads.start("augment films", self._work, self._job, self._step)

    def _work(self, job: int, step: int) -> None:
        def on_progress(phase: str, done: int, total: int) -> None:
            if job != self._job:
                raise Cancelled
            count = f" {done:,} of {total:,}" if total else f" {done:,}" if done else ""
            self.post_message(Previewed(job, f"{phase}{count}…"))

        try:
            with self._one_at_a_time:
                on_progress("starting", 0, 0)
                if self._previewer is None:
                    self._previewer = self.dashboard.backend.preview(self._config)
                films = self._previewer.films(step, on_progress)
                import PIL.Image  # noqa: F401  # here, because its first import would hold up the screen that draws
            self.post_message(Previewed(job, preview=films))
        except Cancelled:
            return
        except CxrtuiError as error:
            self.post_message(Previewed(job, error=str(error)))
        except Exception as error:  # the screen must show it, because nobody else hears of it
            self.post_message(Previewed(job, error=f"{type(error).__name__}: {error}"))

    @on(Previewed)
    def _previewed(self, message: Previewed) -> None:
        if message.job != self._job:
            return
        if message.error:
            self._say(f"✗ {printable(in_fields(message.error))}")
        elif message.preview is None:
            self._say(message.progress)
        else:
            self.query_one(Films).preview = message.preview
            size, seed = self._config.data.size, self._config.run.seed
            names = f": {', '.join(message.preview.names)}" if self.size.width >= WIDE else ""
            self._say(f"augmented as in step {self._step + 1} of the training, seed {seed}, {size}×{size}{names}")

    def action_next(self) -> None:
        """Show another step."""
        self._step += 1
        self._make()

    def action_previous(self) -> None:
        """Show the step before."""
        if self._step:
            self._step -= 1
            self._make()

    def action_back(self) -> None:
        """Go back to the form."""
        self.dismiss()
