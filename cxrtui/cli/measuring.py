"""The options of ``evaluate`` that say how a classifier is measured."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Self

import click

from cxrtui.cli.parameters import Fraction, options
from cxrtui.errors import UsageError


def _share(context: click.Context, option: click.Parameter, text: str | None) -> float | None:
    """Return a share between 0 and 1 that is given as ``0.02`` or ``2%``."""
    del context
    if text is None:
        return None
    try:
        number = float(text.strip().removesuffix("%")) / (100 if text.strip().endswith("%") else 1)
    except ValueError:
        number = -1.0
    if not 0 < number < 1:
        raise click.BadParameter(f"{text!r} is no share between 0 and 1, such as 0.02 or 2%.", param=option)
    return number


measuring_options = options(
    click.option("--by", multiple=True, metavar="COLUMN", help="A table by this column of the films' own table "
                 "too: of a manifest, metadata.csv or data.csv."),
    click.option("--prevalence", callback=_share, metavar="SHARE", help="Of positives, for which PPV and NPV hold "
                 "(0.01 or 1%)."),
    click.option("--against", metavar="MODEL", help="Compare with this classifier, film by film."),
    click.option("--tta", "augmented", type=click.IntRange(1, 64), metavar="N", help="Average each film with N random "
                 "changes of it, those of the training."),
    click.option("--abstain", "margin", type=Fraction(), metavar="MARGIN", help="Leave films nearer to the "
                 "threshold than this without an answer, and say what that costs."),
    click.option("--no-calibration", is_flag=True, help="Evaluate the network's own probabilities."),
    click.option("--plots", is_flag=True, help="Draw the curves."),
)  # fmt: skip
"""Adds the options to a command, which takes them as keywords and makes `Measuring` of them."""


@dataclass(frozen=True)
class Measuring:
    """The values of the options."""

    by: tuple[str, ...]
    prevalence: float | None
    against: str | None
    augmented: int | None
    margin: float | None
    no_calibration: bool
    plots: bool

    @classmethod
    def taken(cls, options: dict[str, Any]) -> Self:
        """Take the values out of a command's keywords."""
        return cls(**{item.name: options.pop(item.name) for item in fields(cls)})

    def check_none(self) -> None:
        """Refuse these options where a protocol trains its own networks.

        Raises:
            UsageError: one was given.
        """
        names = {"augmented": "--tta", "margin": "--abstain", "no_calibration": "--no-calibration"}
        for item in fields(self):
            if getattr(self, item.name) not in (None, (), False):
                option = names.get(item.name, f"--{item.name}")
                raise UsageError(f"{option} measures a MODEL; leave it out, or leave out --protocol.")
