"""The heat map over the film: which one is chosen, and the thread that computes what is wanted and keeps it a while."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from textual.message import Message
from textual.message_pump import MessagePump

from cxrtui.errors import CxrtuiError
from cxrtui.printable import printable
from cxrtui.process.compute.models import version_of
from cxrtui.tui import memory, threads
from cxrtui.tui.backend import Backend, HeatLayer
from cxrtui.tui.classify.models import Model
from cxrtui.tui.keys import key_of
from cxrtui.tui.widgets.films.decoding import Look
from cxrtui.tui.widgets.films.film import Film

KINDS = (
    ("gradcam", "stage4", "Grad-CAM"),
    ("hirescam", "stage3", "HiResCAM of stage3"),
    ("gradcam", "stage3", "Grad-CAM of stage3"),
)
"""Method, stage and name; of stage4, where HiResCAM gives the same map as Grad-CAM, there is one."""
LAYERS_MOST = 64  # of at most 256 KiB each
OPACITY, OPACITY_STEP = 0.4, 0.1
KIND_KEY, OPACITY_KEY = "classify.heat_map", "classify.heat_map_opacity"
"""Of the choices that are kept between sessions: method and stage as one text, and the opacity."""
_KEPT_KINDS = [f"{method} {stage}" for method, stage, _ in KINDS]


class Wanted(NamedTuple):
    """A heat map: of a film of this size and with this identity of its file, by a model, of one of `KINDS`."""

    model: Model
    path: Path
    film: tuple[int, int]
    identity: tuple[int, int]
    kind: int


@dataclass(frozen=True)
class Shown:
    """A heat map that was computed, or in `error` why there is none."""

    layer: HeatLayer | None
    error: str = ""


class Heated(Message):
    """The heat map that the screen wants has been computed."""

    def __init__(self, wanted: Wanted, shown: Shown) -> None:
        super().__init__()
        self.wanted, self.shown = wanted, shown


class HeatMaps:
    """Computes heat maps for a screen, in a thread that starts when the first one is wanted; the latest wish counts."""

    def __init__(self, target: MessagePump, backend: Backend) -> None:
        self._target, self._backend = target, backend
        self._kept: OrderedDict[Wanted, tuple[int, Shown]] = OrderedDict()  # with the weights that it was made by
        self._turn = threading.Condition()
        self._next: tuple[Wanted, Shown | None] | None = None  # what is wanted, and what the screen has of it
        self._stopped = False
        self._thread: threading.Thread | None = None

    def want(self, wanted: Wanted) -> Shown | None:
        """Return the heat map if it is at hand, else None; `Heated` follows then, and if the weights have changed."""
        with self._turn:
            _, shown = self._kept.get(wanted, (0, None))
            self._next = (wanted, shown)
            self._turn.notify()
        if self._thread is None:
            self._thread = threads.start("heat map", self._work_on)
        return shown

    def stop(self) -> None:
        """End the thread once it has computed what it is at."""
        with self._turn:
            self._stopped = True
            self._turn.notify()

    def _work_on(self) -> None:
        while True:
            with self._turn:
                self._turn.wait_for(lambda: self._stopped or self._next is not None)
                task, self._next = self._next, None
            if self._stopped or task is None:
                return
            wanted, seen = task
            shown = self._at_hand(wanted)
            if shown is not seen and not self._stopped:
                self._target.post_message(Heated(wanted, shown))

    def _at_hand(self, wanted: Wanted) -> Shown:
        """Return the heat map that is kept, or compute it if the weights are others by now; an error is not kept."""
        weights = version_of(wanted.model.place)
        with self._turn:
            kept = self._kept.get(wanted)
        shown = kept[1] if kept is not None and kept[0] == weights else self._compute(wanted)
        if shown.layer is None:
            return shown
        with self._turn:
            self._kept[wanted] = (weights, shown)
            self._kept.move_to_end(wanted)
            while len(self._kept) > LAYERS_MOST:
                self._kept.popitem(last=False)
        return shown

    def _compute(self, wanted: Wanted) -> Shown:
        method, stage, _ = KINDS[wanted.kind]
        try:
            return Shown(self._backend.heat_layer(wanted.model.place, wanted.path, wanted.film, method, stage))
        except CxrtuiError as error:
            return Shown(None, str(error))
        except Exception as error:  # the thread must go on, and the screen must show it
            return Shown(None, f"{type(error).__name__}: {printable(error)}")


class Heat:
    """The heat map over a film: whether there is one, by which method, and how full its colours are.

    Args:
        target: gets `Heated`, which it must give to `take`.
        backend: computes the maps.
        film: the maps are laid over it.
        say: shows a line to the user.
        changed: is called when `words` may have changed.
    """

    def __init__(
        self, target: MessagePump, backend: Backend, film: Film, say: Callable[[str], None],
        changed: Callable[[], None],
    ) -> None:  # fmt: skip
        self._maps, self._film, self._say, self._changed = HeatMaps(target, backend), film, say, changed
        self._film.overlay_opacity = _possible(memory.get(OPACITY_KEY, OPACITY))
        self._on = False
        self._kind = _KEPT_KINDS.index(memory.get(KIND_KEY, _KEPT_KINDS[0], choices=_KEPT_KINDS))
        self._model: Model | None = None
        self._path: Path | None = None
        self._look: Look | None = None
        self._shown: Shown | None = None
        self._refused = False

    def stop(self) -> None:
        """End the thread."""
        self._maps.stop()

    def of_film(self, path: Path | None, look: Look | None) -> None:
        """Show the map of the film at `path`, which was decoded as `look`, if maps are on."""
        self._path, self._look = path, look
        self._update()

    def of_refused(self, refused: bool) -> None:
        """Show no map of a film that was refused: it would say what speaks for a class, as ``classify`` does not."""
        if refused != self._refused:
            self._refused = refused
            self._update()

    def by_model(self, model: Model) -> None:
        """Show the map by `model`, if maps are on."""
        if model != self._model:
            self._model = model
            self._update()

    def _update(self) -> None:
        self._film.overlay, self._shown = None, None
        if (wanted := self._wanted()) is not None:
            self._lay(self._maps.want(wanted))
        self._changed()

    def take(self, message: Heated) -> None:
        """Show a map that was computed, unless another one is wanted by now."""
        if message.wanted == self._wanted():
            self._lay(message.shown)
            self._changed()

    def toggle(self) -> None:
        """Show or hide the map."""
        self._on = not self._on
        if self._on:
            missing = "choose a model first" if self._model is None else "move to a film first"
            if self._refused:
                missing = f"this film was refused: {key_of('classify', 'anyway')} classifies it anyway"
            about = "colour is what speaks for the positive class · G: other method · < >: opacity · g: off"
            self._say(about if self._wanted() is not None else f"heat maps are on; {missing}")
        self._update()

    def next_kind(self) -> None:
        """Show the map by the next method or of the other stage; the first time, show it."""
        if not self._on:
            self.toggle()
        else:
            self._kind = (self._kind + 1) % len(KINDS)
            memory.set(KIND_KEY, _KEPT_KINDS[self._kind])
            self._update()

    def change_opacity(self, by: float) -> None:
        """Make the colours fuller, or fainter."""
        self._film.overlay_opacity = _possible(self._film.overlay_opacity + by)
        memory.set(OPACITY_KEY, self._film.overlay_opacity)
        self._changed()

    def words(self) -> str:
        """Return what the colours are, in a few words; empty without a map."""
        if self._wanted() is None:
            return ""
        name = KINDS[self._kind][2]
        if self._shown is None:
            return f"computing {name}…"
        if self._shown.layer is None:
            return "no heat map"
        positive, strongest = printable(self._shown.layer.positive), self._shown.layer.strongest
        found = f"+{strongest:.2g} log odds for {positive}" if strongest else f"nothing for {positive}"
        return f"{name}: {found} · {100 * self._film.overlay_opacity:.0f} %"

    def _wanted(self) -> Wanted | None:
        model, path, look = self._model, self._path, self._look
        if not self._on or self._refused or model is None or path is None or look is None or look.levels is None:
            return None
        height, width = look.levels[0].shape
        return Wanted(model, path, (height, width), look.identity, self._kind)

    def _lay(self, shown: Shown | None) -> None:
        self._shown = shown
        if shown is not None and shown.layer is not None:
            self._film.overlay = shown.layer.pixels
        elif shown is not None:
            self._say(f"✗ no heat map: {printable(shown.error)}")


def _possible(opacity: float) -> float:
    """Return the opacity that the keys can reach and that is next to this one."""
    return min(1.0, max(OPACITY_STEP, round(opacity, 1)))
