"""Names the forms in which a convolution can be computed, and holds which one each convolution of a network has."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import NamedTuple

DIRECT = "direct"
NAMES = (DIRECT, "shifted", "im2col")  # `convolution` says what they are


class Shape(NamedTuple):
    """What a convolution's speed depends on, but for the number of images; kernels are square.

    Attributes:
        height: of the input, pixels.
        width: of the input, pixels.
        inputs: features.
        outputs: features.
        kernel: its side, pixels.
        stride: the same for rows and columns.
    """

    height: int
    width: int
    inputs: int
    outputs: int
    kernel: int
    stride: int


class Forms(NamedTuple):
    """The form of a convolution, and of the two parts of its gradient; each is one of `NAMES`."""

    forward: str = DIRECT
    input_gradient: str = DIRECT
    weight_gradient: str = DIRECT


@dataclass(frozen=True)
class Table:
    """The forms of a network's convolutions. What it does not hold is computed by XLA's own convolution.

    It is hashable and part of what a program is compiled for: other forms sum in another order, and the last bits of
    a result differ. So a run records its table.
    """

    entries: tuple[tuple[Shape, Forms], ...] = ()

    def of(self, shape: Shape) -> Forms:
        """Return the forms of a convolution."""
        return dict(self.entries).get(shape, Forms())

    def as_dict(self) -> dict[str, list[str]]:
        """Return the table in JSON's and TOML's own types."""
        return {"x".join(map(str, shape)): list(forms) for shape, forms in self.entries}

    @classmethod
    def from_dict(cls, values: Mapping[str, Sequence[str]]) -> Table:
        """Invert `as_dict`.

        Raises:
            ValueError: it is no table, or of a version that knows other forms.
        """
        try:
            entries = tuple((Shape(*map(int, key.split("x"))), Forms(*forms)) for key, forms in values.items())
        except (AttributeError, TypeError, ValueError) as error:
            raise ValueError(f"not a table of convolutions: {error}") from None
        if unknown := [form for _, forms in entries for form in forms if form not in NAMES]:
            raise ValueError(f"unknown form of a convolution: {unknown[0]!r}")
        return cls(entries)


class _Seen(Table):
    """A table of XLA's own convolutions, which notes the shapes that are asked for."""

    def __init__(self, shapes: list[Shape]) -> None:
        super().__init__()
        object.__setattr__(self, "shapes", shapes)

    shapes: list[Shape]

    def of(self, shape: Shape) -> Forms:
        """Note `shape`."""
        if shape not in self.shapes:
            self.shapes.append(shape)
        return Forms()


ALL_DIRECT = Table()
_TABLE: ContextVar[Table] = ContextVar("table", default=ALL_DIRECT)


def of(shape: Shape) -> Forms:
    """Return the forms that a convolution has in the program that is being traced."""
    return _TABLE.get().of(shape)


@contextlib.contextmanager
def using(table: Table) -> Iterator[None]:
    """Let the programs that are traced in this block have the forms of `table`; a program's key must hold it too."""
    token = _TABLE.set(table)
    try:
        yield
    finally:
        _TABLE.reset(token)


@contextlib.contextmanager
def noted() -> Iterator[list[Shape]]:
    """Note the shapes of the convolutions that are traced in this block, in order and each once."""
    shapes: list[Shape] = []
    with using(_Seen(shapes)):
        yield shapes
