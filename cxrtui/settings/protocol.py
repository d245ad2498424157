"""What `cxrtui evaluate --protocol` trains and tests: the protocol, its folds and seeds, and its runs' settings."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cxrtui.errors import ConfigError, UsageError
from cxrtui.settings.config import Config
from cxrtui.settings.difference import first_difference

KFOLD, PATIENT_KFOLD, BY_SOURCE, EXTERNAL = "kfold", "patient-kfold", "leave-one-source-out", "external"
PROTOCOLS = {
    KFOLD: "k folds of films, whoever their patient is: only to compare with papers that did so",
    PATIENT_KFOLD: "k folds in which a patient, and all copies of a film, stay together",
    BY_SOURCE: "each source that holds both classes is tested by a network that never saw it",
    EXTERNAL: "train on the films of the data, test on other films (--external)",
}
"""The protocols, and what each does."""
SECTION = "protocol"
FOLDS = 5
_MOST_FOLDS, _MOST_SEEDS = 100, 100


@dataclass(frozen=True)
class Plan:
    """What a protocol trains and tests; it is written once and never changes.

    Attributes:
        protocol: one of `PROTOCOLS`.
        base: the settings that all its runs share; ``run.seed`` is that of the first repeat.
        folds: of a protocol with folds, how many; else 0.
        seeds: how often all is trained, each time with another seed; a protocol with folds draws these anew too.
        external: of the protocol external, the films that are tested.
    """

    protocol: str
    base: Config
    folds: int = 0
    seeds: int = 1
    external: tuple[str, ...] = ()

    def own(self) -> dict[str, Any]:
        """Return, as plain values, what is no setting of a run."""
        return {"name": self.protocol, "folds": self.folds, "seeds": self.seeds, "external": list(self.external)}

    def as_dict(self) -> dict[str, dict[str, Any]]:
        """Return everything as plain values by section."""
        return {SECTION: self.own(), **self.base.as_dict()}

    @property
    def default_name(self) -> str:
        """A name that follows from what is trained, so that the same command finds what it has begun."""
        default = Config().as_dict()
        changed = {
            f"{section}.{key}": value for section, body in self.base.as_dict().items() for key, value in body.items()
            if value != default[section][key]
        }  # fmt: skip
        text = json.dumps([self.own(), changed], sort_keys=True)
        return f"{self.protocol}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def plan_of(protocol: str, base: Config, *, folds: int | None, seeds: int, external: tuple[str, ...]) -> Plan:
    """Return the plan of a protocol, after a check; `folds` is None where the user names none.

    Raises:
        UsageError: an option does not belong to the protocol, or is outside its limits.
        ConfigError: a setting contradicts the protocol.
    """
    if protocol == EXTERNAL and not external:
        raise UsageError("The protocol external tests on other films; name them with --external PATH.")
    if protocol != EXTERNAL and external:
        raise UsageError(f"--external belongs to --protocol external; leave it out with {protocol}.")
    has_folds = protocol in (KFOLD, PATIENT_KFOLD)
    if folds is not None and not has_folds:
        raise UsageError(f"The protocol {protocol} has no number of folds; leave out --folds.")
    if folds is not None and not 2 <= folds <= _MOST_FOLDS:
        raise UsageError(f"--folds must be from 2 to {_MOST_FOLDS}, not {folds}.")
    if not 1 <= seeds <= _MOST_SEEDS:
        raise UsageError(f"--seeds must be from 1 to {_MOST_SEEDS}, not {seeds}.")
    if base.data.splits:
        raise ConfigError("A protocol makes its own splits; leave out data.splits.")
    return Plan(protocol, base, (folds or FOLDS) if has_folds else 0, seeds, external)


def same_plan(name: str, known: Plan, wanted: Plan) -> None:
    """Check that the protocol `name` was begun as it is wanted now.

    Raises:
        ConfigError: something differs; the message names the first difference.
    """
    found = first_difference(known.as_dict(), wanted.as_dict())
    if found is not None:
        key, was, value = found
        raise ConfigError(f"{name} was begun with {key}={was}, not {value}; give the same command to go on with it, or "
                          "another --run for a new one.")  # fmt: skip


def plan_from(own: Mapping[str, Any], base: Config, where: str) -> Plan:
    """Return the plan whose `own` values the file `where` holds.

    Raises:
        ConfigError: a value is missing or not valid.
    """
    try:
        name, folds, seeds = str(own["name"]), int(own["folds"]), int(own["seeds"])
        if name not in PROTOCOLS or not isinstance(own["external"], list):
            raise ValueError(name)
        return Plan(name, base, folds, seeds, tuple(map(str, own["external"])))
    except (KeyError, TypeError, ValueError) as error:
        what = f"lacks {error}" if isinstance(error, KeyError) else f"is not that of a protocol ({error})"
        raise ConfigError(
            f"The table [{SECTION}] of {where} {what}; bring the file back, or delete the protocol."
        ) from None
