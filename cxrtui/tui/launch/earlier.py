"""Earlier settings that a form can begin with: those of the last form of the workspace, and those of its runs."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cxrtui import strict_json
from cxrtui.durations import age
from cxrtui.errors import CxrtuiError
from cxrtui.files import read_text, write_atomic
from cxrtui.printable import printable
from cxrtui.runs.listing import all_runs
from cxrtui.settings.config import Config, load
from cxrtui.settings.listing import SETTINGS, texts_of
from cxrtui.tui.launch.checks import FIELDS, RUN_NAME
from cxrtui.workspace import Workspace, state_root

MOST_RUNS = 200
_MOST_BYTES = 1 << 18
_LONGEST = 16_384  # characters of one text


@dataclass(frozen=True)
class Earlier:
    """Settings to begin with: what they are of, one line about them, and the texts of the form's fields by key."""

    title: str
    about: str
    texts: Mapping[str, str]


def earlier(workspace: Workspace) -> Iterator[Earlier]:
    """Yield the last form of the workspace, then its runs, the latest first; a run that cannot be read is left out."""
    if (last := read_last(workspace)) is not None:
        yield last
    for run in all_runs(workspace.checkpoints)[:MOST_RUNS]:
        with contextlib.suppress(CxrtuiError, OSError):
            config = load(run.config_file)
            since = age(time.time() - os.lstat(run.events_file).st_mtime)
            yield Earlier(printable(run.name), f"{since} ago · {summary_of(config)}", texts_of(config))


def summary_of(config: Config) -> str:
    """Return the films of a configuration and the settings that are not at their defaults, as one line."""
    default = Config()
    films = ", ".join(Path(source).name or source for source in config.data.source) or "no films"
    parts = [films]
    if config.data.positive or config.data.negative:
        sides = (config.data.positive, config.data.negative)
        parts.append(" against ".join("+".join(names) or "the rest" for names in sides))
    skip = ("data.source", "data.positive", "data.negative")
    for item in SETTINGS:
        if item.key not in skip and item.value(config) != item.value(default):
            text = Path(config.model.init).name if item.key == "model.init" else item.text(config)
            parts.append(f"{item.label.lower()} {text}")
    return printable(" · ".join(parts))


def _file(workspace: Workspace) -> Path:
    mark = hashlib.sha256(os.fsencode(os.path.realpath(workspace.root))).hexdigest()[:16]
    return state_root() / "forms" / f"{mark}.json"


def keep_last(workspace: Workspace, texts: Mapping[str, str]) -> None:
    """Keep the texts of a form for the next session; a disk that refuses costs only this memory."""
    body = {"v": 1, "workspace": printable(os.path.realpath(workspace.root)), "time": time.time(),
            "texts": {key: text for key, text in texts.items() if key != RUN_NAME.key}}  # fmt: skip
    with contextlib.suppress(OSError, ValueError):
        file = _file(workspace)
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_atomic(file, strict_json.dumps(body, indent=1) + "\n", durable=False)


def read_last(workspace: Workspace) -> Earlier | None:
    """Return the last form of the workspace, or None if there is none or its file is damaged."""
    try:
        body = json.loads(read_text(_file(workspace), _MOST_BYTES))
        at, texts = float(body["time"]), body["texts"]
        known = {key: text for key, text in texts.items() if key in FIELDS and key != RUN_NAME.key and _fits(text)}
        since = age(time.time() - at)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
        return None
    changed = [item for item in SETTINGS if item.key in known and known[item.key] != item.default_text]
    about = " · ".join(f"{item.label.lower()} {known[item.key] or 'empty'}" for item in changed)
    return Earlier("the last form", printable(f"{since} ago · {about or 'defaults'}"), known) if known else None


def _fits(text: object) -> bool:
    return isinstance(text, str) and len(text) <= _LONGEST and text.isprintable()
