"""Names that act on a terminal, forge lines or speak a markup, for tests of whatever shows them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cxrtui.printable import printable
from cxrtui.runs import codec
from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run

TEXT = (
    "\x1b]0;PWN\x07\x1b[31mR[bold red]m[/nope] [link=x]y[@click=app.quit]"
    "\u202egpj\u2066\u200b\U000e0041\x9b2J\x85 :bomb:"
)
FILE = TEXT.replace("/", "") + "\udcff"
"""As `TEXT`, for the name of a file: no slash, and a byte that is not UTF-8."""


def acts(text: str) -> list[str]:
    """The lines of `text` that hold more than what stands there."""
    return [line for line in text.split("\n") if printable(line) != line]


def replaced(value: Any) -> Any:
    """`value` of JSON with every text in it hostile, and keys too where they are a source's own."""
    if isinstance(value, str):
        return TEXT
    if isinstance(value, list):
        return [replaced(item) for item in value]
    if isinstance(value, dict):
        return {key: replaced(item) for key, item in value.items()}
    return value


def write_run(folder: Path, events: list[ev.Event]) -> Run:
    """A run whose log is `events` with every text but a stage's and a reason's hostile."""
    folder.mkdir(parents=True)
    lines = []
    for event in events:
        body = json.loads(codec.encode(event))
        kept = {key: body[key] for key in ("v", "type", "stage", "reason", "part") if key in body}
        body = {**replaced(body), **kept}
        if body["type"] == "DataPrepared":
            body["counts"] = {f"{part}{TEXT}": {f"{label}{TEXT}": 3 for label in "ab"} for part in ("train", "test")}
            body["patients"] = {f"train{TEXT}": 3}
            body["left_out"] = {TEXT: 2}
            body["unreadable"] = [[TEXT, TEXT]]
        lines.append(json.dumps(body))
    (folder / "events.jsonl").write_text("\n".join(lines) + "\n")
    (folder / "config.toml").write_text("")
    return Run(folder)
