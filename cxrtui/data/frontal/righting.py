"""This module defines how a film that lies wrongly is made upright, and does it."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image, ImageOps

_TURNS = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}
_LIES = {90: "lies on its side", 180: "is upside down", 270: "lies on its side"}


@dataclass(frozen=True)
class Righting:
    """What makes a film upright and lungs dark: a turn, an exchange of black and white, or both.

    Attributes:
        turned: degrees clockwise: 0, 90, 180 or 270.
        inverted: whether black and white are exchanged.
    """

    turned: int = 0
    inverted: bool = False

    def __post_init__(self) -> None:
        """Check the turn.

        Raises:
            ValueError: it is none of the four.
        """
        if self.turned not in (0, *_TURNS):
            raise ValueError(f"A film is turned by 0, 90, 180 or 270 degrees, not by {self.turned}.")

    def __bool__(self) -> bool:
        """Whether it changes a film."""
        return bool(self.turned or self.inverted)

    def apply(self, image: Image.Image) -> Image.Image:
        """Return an `image` in mode L made upright."""
        upright = image.transpose(_TURNS[self.turned]) if self.turned else image
        return ImageOps.invert(upright) if self.inverted else upright

    @property
    def wrong(self) -> str:
        """What is wrong with the film, such as ``is upside down``; empty if nothing is."""
        return " and ".join(
            [*([_LIES[self.turned]] if self.turned else []), *(["is inverted"] if self.inverted else [])]
        )

    @property
    def note(self) -> str:
        """What is wrong and what is done, as a clause; empty if nothing is."""
        turned = f" turned by {self.turned}° clockwise" if self.turned else ""
        exchanged = " with black and white exchanged" if self.inverted else ""
        return f"it {self.wrong}, and is classified{turned}{exchanged}" if self else ""


UPRIGHT = Righting()
RIGHTINGS = tuple(Righting(turned, inverted) for inverted in (False, True) for turned in (0, 90, 180, 270))
"""Every righting; the first one changes nothing."""
