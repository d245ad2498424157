"""Tables of protocols that are torn, or of somebody else."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from cxrtui.console.protocol import list_protocols, print_protocol
from cxrtui.evaluation.protocols.result import read_result
from cxrtui.evaluation.protocols.table import is_table
from tests.tui import protocols_made

pytestmark = pytest.mark.slow


def spoiled(value: Any) -> list[Any]:
    """Return copies of a JSON value, each with one part of another type or without it."""
    if isinstance(value, dict):
        found: list[Any] = [{name: item for name, item in value.items() if name != left} for left in value]
        return found + [{**value, name: other} for name, item in value.items() for other in spoiled(item)]
    if isinstance(value, list):
        return [3, *([other, *value[1:]] for item in value[:1] for other in spoiled(item))]
    return [{"x": 1}, [1], "[red]"]


def test_what_is_no_table_is_shown_as_a_protocol_without_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = protocols_made.write(tmp_path, "by-source")
    whole = json.loads(folder.result_file.read_text())
    assert read_result(folder) == whole
    print_protocol(folder, as_json=False)
    assert "within sources" in capsys.readouterr().out
    bodies = spoiled(copy.deepcopy(whole))
    assert sum(not is_table(body) for body in bodies) > 300
    for body in bodies[::40]:
        folder.result_file.write_text(json.dumps(body))
        list_protocols([folder])
        print_protocol(folder, as_json=False)
    folder.result_file.write_text(json.dumps({**whole, "pooled": {"auroc": {"value": "x"}}}))
    capsys.readouterr()
    list_protocols([folder])
    assert "stopped, 3 of 3 trainings" in capsys.readouterr().out
