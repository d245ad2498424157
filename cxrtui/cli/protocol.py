"""The options of ``evaluate --protocol``, and what it does."""

from __future__ import annotations

import os
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

import click

from cxrtui.cli.group import Context
from cxrtui.cli.parameters import options
from cxrtui.cli.starting import absolute_source, need_films, settings_to_start
from cxrtui.errors import UsageError
from cxrtui.settings import presets
from cxrtui.settings.protocol import FOLDS, PROTOCOLS, plan_of

ABOUT = "Protocols:\n\n" + "\n\n".join(f"{name}: {about}" for name, about in PROTOCOLS.items())

protocol_options = options(
    click.option("--protocol", type=click.Choice(list(PROTOCOLS)), help="Train and test as a study would, instead of "
                 "evaluating MODEL; the same command goes on with one that was stopped."),
    click.option("--folds", type=int, help=f"Of kfold and patient-kfold: how many.  [default: {FOLDS}]"),
    click.option("--seeds", type=int, help="Train all so many times with other seeds.  [default: 1]"),
    click.option("--external", multiple=True, metavar="[LAYOUT:]PATH", help="Of external: the films that are tested."),
    click.option("--preset", type=click.Choice(list(presets.BY_NAME)), help="Of a protocol: a usual way to train."),
    click.option("--config", "config_file", type=click.Path(path_type=Path), help="Of a protocol: a file of settings."),
    click.option("--init", help="Of a protocol: initial weights, as for train."),
    click.option("--offline", is_flag=True, help="Of a protocol: fetch no weights."),
    click.option("--run", "name", default="", help="Name of the protocol, and prefix of its runs (default: made from "
                 "the settings)."),
)  # fmt: skip
"""Adds the options of a protocol to a command, which takes them as keywords and makes `Asked` of them."""


@dataclass(frozen=True)
class Asked:
    """The values of the options of a protocol."""

    protocol: str | None
    folds: int | None
    seeds: int | None
    external: tuple[str, ...]
    preset: str | None
    config_file: Path | None
    init: str | None
    offline: bool
    name: str

    def check_none(self) -> None:
        """Refuse options of a protocol where a model is evaluated.

        Raises:
            UsageError: one was given.
        """
        given = {
            "--folds": self.folds,
            "--seeds": self.seeds,
            "--external": self.external,
            "--preset": self.preset,
            "--config": self.config_file,
            "--init": self.init,
            "--offline": self.offline,
            "--run": self.name,
        }
        for option, value in given.items():
            if value not in (None, (), "") and value is not False:
                raise UsageError(f"{option} belongs to --protocol; add --protocol NAME, or leave it out.")

    def evaluate(self, context: Context, sources: tuple[str, ...], assignments: tuple[str, ...], as_json: bool) -> None:
        """Train and test by the protocol, print its table, and exit."""
        assert self.protocol is not None
        from cxrtui.console import protocol as console
        from cxrtui.evaluation.protocols import folder

        if self.offline:
            os.environ["HF_HUB_OFFLINE"] = "1"
        base = settings_to_start(context, self.preset, self.config_file, assignments, sources, self.init)
        external = tuple(map(absolute_source, self.external))
        need_films(external)
        seeds = 1 if self.seeds is None else self.seeds
        plan = plan_of(self.protocol, base, folds=self.folds, seeds=seeds, external=external)
        begun = folder.begin(context.workspace.checkpoints, self.name, plan)
        sys.exit(console.evaluate(begun, as_json, shlex.join(["cxrtui", *sys.argv[1:]])))
