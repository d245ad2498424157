"""Finds a ResNet's weights in a file: under which prefix they are, in which format, and which of several networks.

It tries every prefix of the file's keys, so a training loop may have put any names before the network's own:
``module.``, ``state_dict.net.``, ``module.encoder_q.``. `left_in_file` says what else is in it and why.
"""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from cxrtui.errors import WeightsError
from cxrtui.weights.formats import FORMATS, Format

_LONGEST = 64  # letters of a part that are read; in a hostile file a part may have millions
_SPLITS = 16  # parts of a name that may come before a network's own
# A network of which this much is there is one that somebody may have meant, and is missing the rest.
_MUCH, _LITTLE = 0.5, 0.1
# What averages of a network's weights are called: exponential ones, MoCo's keys, BYOL's targets, DINO's teachers.
_AVERAGED = re.compile(
    r"(?i)(.*_)?(ema|swa|teacher|averaged?|avg|polyak|shadow|momentum|target)(_.*)?"
    r"|(.*_)?(encoder|backbone|net|base|model)_k|key_(encoder|network|net)"
)
# Under a parameter's own name: moments of the gradient, and what mixed precision keeps of it in float32.
_OPTIMIZER = re.compile(
    r"(?i)(.*_)?(optim(izer)?s?|optim\w*_states?|lr_schedulers?|schedulers?|scaler|amp)(_.*)?"
    r"|opt|(max_)?exp_(avg|inf)(_sqs?|s)?|momentum_buffers?|(fp32_)?master_(weights|params|parameters)"
)


def _parts(key: str) -> list[str]:
    """Return the first parts of a name, each cut to 64 letters: ``modelEma.module`` gives ``model_Ema``, ``module``."""
    parts = re.split(r"[./]", key, maxsplit=_SPLITS)[:_SPLITS]
    return [re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", part[:_LONGEST]) for part in parts if part]


def _of_optimizer(prefix: str) -> bool:
    return any(_OPTIMIZER.fullmatch(part) for part in _parts(prefix))


@dataclass(frozen=True)
class Place:
    """A network in a file.

    Attributes:
        format: the format of its keys.
        prefix: the text before each of its keys.
        found: how many of the backbone's keys the file holds.
        whole: whether the file holds all of them.
    """

    format: Format
    prefix: str
    found: int
    whole: bool

    @property
    def prefixes(self) -> tuple[str, str]:
        """The text before the backbone's keys, and the text before the head's."""
        return self.prefix, self.prefix.removesuffix(self.format.inner)

    @property
    def averaged(self) -> bool:
        """Whether its name says that it is an average of another network's weights."""
        return any(_AVERAGED.fullmatch(part) for part in _parts(self.prefix))

    @property
    def shown(self) -> str:
        """Its prefix, for people."""
        return repr(self.prefix[:100]) if self.prefix else "no prefix"


def places(
    tensors: Iterable[str], file: Path, paths: Iterable[tuple[Any, ...]], formats: Iterable[Format]
) -> list[Place]:
    """Return every network in a file; the one with the most keys comes first.

    Args:
        tensors: the file's keys.
        file: its name may tell whose weights these are.
        paths: of the backbone's variables, as `Format.key` takes them.
        formats: the formats to try; if several have the same keys, the first is taken.
    """
    paths, best = list(paths), dict[str, tuple[int, Format]]()
    tables: dict[frozenset[str], tuple[Format, Counter[str]]] = {}
    for format in formats:
        if not format.file_name or re.fullmatch(format.file_name, file.name):
            tables.setdefault(frozenset(format.key(path) for path in paths), (format, Counter()))
    for key in tensors:
        starts = [0, *(match.end() for _, match in zip(range(_SPLITS), re.finditer(r"[./]", key), strict=False))]
        for start in starts:
            name = key[start:]
            for wanted, (_, count) in tables.items():
                if name in wanted:
                    count[key[:start]] += 1
    for format, count in tables.values():
        for prefix, number in count.items():
            if not _of_optimizer(prefix) and number > best.get(prefix, (0, format))[0]:
                best[prefix] = number, format
    found = [Place(format, prefix, number, number == len(paths)) for prefix, (number, format) in best.items()]
    return sorted(found, key=lambda place: -place.found)


def choose(
    tensors: Mapping[str, np.ndarray], file: Path, paths: Iterable[tuple[Any, ...]], *, format: str | None = None,
    prefix: str | None = None, average: bool = False,
) -> tuple[Place, list[Place]]:  # fmt: skip
    """Return the network that the options select, and the others.

    Args:
        tensors: of the file.
        file: its name may tell the format, and messages show it.
        paths: as `places` takes them.
        format: one of `FORMATS`, if the file alone does not tell.
        prefix: of the network that is meant; the point at its end may be left out.
        average: whether an averaged copy is meant instead of the plain weights beside it.

    Raises:
        WeightsError: there is no network, or none that fits the options, or there are several that fit them.
    """
    if format is not None and format not in FORMATS:
        raise WeightsError(f"There is no format {format!r}; take one of {', '.join(FORMATS)}.")
    paths = list(paths)
    found = places(tensors, file, paths, FORMATS.values() if format is None else [FORMATS[format]])
    much = [place for place in found if place.found >= _MUCH * len(paths)]
    chosen = much or [place for place in found[:1] if place.found >= _LITTLE * len(paths)]
    if not chosen:
        some = ", ".join(sorted(tensors)[:3])[:200]
        names = "; ".join(dict.fromkeys(item.written_by for item in FORMATS.values()))
        raise WeightsError(f"{file} holds no ResNet-50 known here ({some}, …); take one written by {names}.")
    if prefix is not None:
        named = [place for place in chosen if place.prefix.rstrip("./") == prefix.rstrip("./")]
        if not named:
            raise WeightsError(f"{file} holds no ResNet-50 under {prefix!r}, but under {_listed(chosen)}.")
        return named[0], [place for place in chosen if place != named[0]]
    wanted = [place for place in chosen if place.averaged == average]
    if average and not wanted:
        raise WeightsError(f"{file} holds no averaged copy (--ema), only a network under {_listed(chosen)}.")
    wanted = _distinct(tensors, wanted or chosen, paths)
    if len(wanted) > 1:
        prefix = wanted[0].prefix.rstrip("./")[:100] or "."
        raise WeightsError(
            f"{file} holds {len(wanted)} networks, under {_listed(wanted)}: choose one and put it on the shelf with: "
            f"cxrtui weights port {shlex.quote(str(file))} --prefix {shlex.quote(prefix)} --out NAME"
        )
    return wanted[0], [place for place in chosen if place != wanted[0]]


def _listed(places: Iterable[Place]) -> str:
    shown = [place.shown for place in places]
    return " and ".join(shown[:4]) + (f" and {len(shown) - 4} others" if len(shown) > 4 else "")


def _distinct(tensors: Mapping[str, np.ndarray], found: list[Place], paths: list[tuple[Any, ...]]) -> list[Place]:
    """Return `found` without those that hold the same numbers as another: one module may be saved under two names."""
    kept: list[Place] = []
    for place in found:
        if not any(_same(tensors, place, other, paths) for other in kept):
            kept.append(place)
    return kept


def _same(tensors: Mapping[str, np.ndarray], one: Place, other: Place, paths: list[tuple[Any, ...]]) -> bool:
    if one.format != other.format:
        return False
    for path in paths:
        a, b = (tensors.get(place.format.key(path, place.prefixes)) for place in (one, other))
        if (a is None) != (b is None) or (a is not None and b is not None and not np.array_equal(a, b)):
            return False
    return True


def left_in_file(keys: Iterable[str], values: Mapping[str, str], place: Place, others: Iterable[Place]) -> list[str]:
    """Return what was left in a file, and why, with a line for each group of names.

    Args:
        keys: of the tensors that were not taken.
        values: the values in the file that are no tensors, by name, each with its kind.
        place: the network that was taken.
        others: the networks that were not taken.
    """
    counters, groups = 0, dict[tuple[str, str], int]()
    beside = {other.prefix: other for other in others}
    for key in keys:
        if key.endswith("num_batches_tracked"):
            counters += 1
            continue
        whose = max((prefix for prefix in beside if key.startswith(prefix)), key=len, default=None)
        if whose is not None and not key.startswith(place.prefix or "\0"):
            group, why = whose, "another network, which --prefix takes"
            if beside[whose].averaged != place.averaged:
                why = "the plain weights, which are taken without --ema"
                if not place.averaged:
                    why = "an averaged copy, which --ema takes"
        else:
            group = _group(key, place.prefix)
            why = "of the optimizer" if _of_optimizer(key) else "no part of the backbone"
        groups[group, why] = groups.get((group, why), 0) + 1
    lines = [f"{_name(group)} ({count} tensor{'s' * (count > 1)}): {why}" for (group, why), count in groups.items()]
    if counters:
        lines.append(f"num_batches_tracked ({counters} tensors): counters, which no answer depends on")
    kinds = [f"{_name(name)} ({kind[:60]})" for name, kind in values.items()]
    if kinds:
        more = f" and {len(kinds) - 20} more" if len(kinds) > 20 else ""
        lines.append(f"{', '.join(kinds[:20])}{more}: no tensors")
    return lines[:40] + ([f"and {len(lines) - 40} more groups"] if len(lines) > 40 else [])


def _group(key: str, prefix: str) -> str:
    """Return what `key` has in common with `prefix`, and one part more: ``state_dict.module.queue``."""
    parts, shared = re.split(r"(?<=[./])", key), 0
    for part, other in zip(parts, re.split(r"(?<=[./])", prefix), strict=False):
        if part != other:
            break
        shared += 1
    return "".join(parts[: shared + 1]).rstrip("./")


def _name(text: str) -> str:
    return repr(text[:80])[1:-1]
