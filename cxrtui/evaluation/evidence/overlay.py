"""Draws the picture of one heat map: the film with its colours, and below it the answer and what the colours mean."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from cxrtui import RESEARCH_ONLY, __version__
from cxrtui.evaluation.evidence import colours
from cxrtui.evaluation.evidence.place import Place
from cxrtui.printable import printable

LEAST, MOST = 512, 1024  # pixels of the longer side of the film in a picture
TITLES = {"gradcam": "Grad-CAM", "hirescam": "HiResCAM"}
_NARROWEST = 400  # pixels, for the lines below the film
_DIM = 0.45  # of the part of a film that the network did not see
_PLAIN, _WARN, _BACK = (232, 232, 232), (255, 200, 87), (16, 16, 16)


@dataclass(frozen=True)
class Caption:
    """What stands below the film.

    Attributes:
        model: name of the run or the classifier.
        predicted: the predicted label.
        positive: label of the positive class.
        probability: of the positive class.
        threshold: from which a film is predicted positive.
        method: one of `explain.METHODS`.
        stage: one of `explain.STAGES`.
    """

    model: str
    predicted: str
    positive: str
    probability: float
    threshold: float
    method: str
    stage: str

    def lines(self) -> tuple[str, str, str]:
        """Return answer, meaning of the colours, and that this is no diagnosis; in ASCII, which the font has."""
        positive = self.positive if self.positive.isascii() else "the positive class"
        predicted = "the positive class" if self.predicted == self.positive else "the negative class"
        predicted = self.predicted if self.predicted.isascii() else predicted
        return (
            f"predicted: {predicted}   {positive} {100 * self.probability:.1f} %, threshold {100 * self.threshold:g} %",
            f"{TITLES[self.method]} of {self.stage}, in colour: what speaks for {positive}",
            RESEARCH_ONLY,
        )


def draw(
    film: NDArray[np.uint8], cells: NDArray[np.float32], place: Place, caption: Caption,
    opacity: float = colours.OPACITY,
) -> Image.Image:  # fmt: skip
    """Return the picture, mode RGB: the film at 512 to 1024 pixels of its longer side, and lines of text below it.

    Args:
        film: uint8 ``[H, W]``.
        cells: the map, float32 ``[h, w]``, log odds.
        place: of the map's cells.
        caption: what the lines say.
        opacity: of the strongest colours, 0 to 1.
    """
    scale = np.clip(max(film.shape), LEAST, MOST) / max(film.shape)
    height, width = (max(1, round(length * scale)) for length in film.shape)
    way = Image.Resampling.BICUBIC if scale > 1 else Image.Resampling.LANCZOS
    grey = np.asarray(Image.fromarray(film).resize((width, height), way, reducing_gap=3.0))
    strongest = colours.peak(cells)
    heat = place.on_film(cells, (film.shape[0], film.shape[1]), (height, width))
    mixed = _dimmed(colours.blend(grey, colours.strength(heat, strongest), opacity), place.seen(film.shape))
    wide = max(width, _NARROWEST)
    size = max(11, round(wide / 36))
    font = ImageFont.load_default(size)
    picture = Image.new("RGB", (wide, height + round(5.2 * size)), _BACK)
    picture.paste(Image.fromarray(mixed), ((wide - width) // 2, 0))
    pen = ImageDraw.Draw(picture)
    left, line = size // 2, round(1.55 * size)
    for row, (text, colour) in enumerate(zip(caption.lines(), (_PLAIN, _PLAIN, _WARN), strict=True)):
        pen.text((left, height + size // 3 + row * line), _fitted(text, font, wide - 2 * left), fill=colour, font=font)
    _scale(picture, pen, font, (height + size // 3 + 2 * line, size), strongest if (heat > 0).any() else 0.0)
    return picture


def png(picture: Image.Image, file: str, caption: Caption) -> bytes:
    """Return the picture as a PNG whose text says where it comes from: film, model, answer, and no diagnosis."""
    info = PngInfo()
    for key, text in {
        "Description": f"{RESEARCH_ONLY} Heat map of a classifier over a chest X-ray.",
        "Software": f"cxrtui {__version__}",
        "Film": file, "Model": caption.model, "Predicted": caption.predicted, "Positive class": caption.positive,
        "Probability": f"{caption.probability:.6f}", "Threshold": f"{caption.threshold:g}",
        "Method": f"{TITLES[caption.method]} of {caption.stage}",
    }.items():  # fmt: skip
        info.add_itxt(key, printable(text))
    out = io.BytesIO()
    picture.save(out, "PNG", pnginfo=info, compress_level=4)
    return out.getvalue()


def _dimmed(mixed: NDArray[np.uint8], seen: tuple[float, float, float, float]) -> NDArray[np.uint8]:
    """Darken the part of the film that the network did not see."""
    top, bottom, left, right = seen
    rows, columns = mixed.shape[:2]
    keep = np.zeros((rows, columns, 1), bool)
    keep[round(top * rows) : round(bottom * rows), round(left * columns) : round(right * columns)] = True
    return np.where(keep, mixed, np.rint(mixed * np.float32(_DIM)).astype(np.uint8))


def _scale(picture: Image.Image, pen: ImageDraw.ImageDraw, font: Any, where: tuple[int, int], strongest: float) -> None:
    """Draw the colour scale at the right end of the last line, from 0 to the strongest evidence."""
    top, size = where
    right, long = picture.width - size // 2, 5 * size
    text = f"+{strongest:.2g} log odds" if strongest else "none does here"
    start = right - round(pen.textlength(text, font=font))
    pen.text((start, top), text, fill=_PLAIN, font=font)
    if strongest:
        bar = Image.fromarray(np.broadcast_to(colours.TABLE[None], (1, 256, 3)).copy()).resize((long, size))
        picture.paste(bar, (start - long - size // 2, top + size // 8))
        pen.text((start - long - size, top), "0", fill=_PLAIN, font=font, anchor="ra")


def _fitted(text: str, font: Any, room: int) -> str:
    """Return the text, or as much of it as fits into `room` pixels, with an ellipsis."""
    if font.getlength(text) <= room:
        return text
    while text and font.getlength(text + "...") > room:
        text = text[:-1]
    return text + "..."
