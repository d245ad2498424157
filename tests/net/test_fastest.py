"""Which form is the fastest is measured once a machine, and what is kept of it is checked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cxrtui.net import fastest
from cxrtui.net.classifier import ClassifierSpec
from cxrtui.net.forms import ALL_DIRECT, Forms, Shape, Table

SPEC = ClassifierSpec(width=4, stage_sizes=(1, 1, 1, 1), hidden=(8,))
STEM = Shape(32, 32, 1, 4, 7, 2)


def measured(size: int = 32, spec: ClassifierSpec = SPEC) -> tuple[list[tuple[int, int]], Table]:
    """The measurements that were announced, and the table."""
    announced, measuring = [], fastest.table_of(spec, size)
    while True:
        try:
            announced.append(next(measuring))
        except StopIteration as found:
            return announced, found.value


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of this machine, in which all but the stem is known; networks of any size are measured."""
    monkeypatch.setenv("CXRTUI_CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(fastest, "LEAST_WORK", 0)
    known = [shape for shape in fastest.shapes_of(SPEC, 32) if shape != STEM]
    fastest._write(Table(tuple((shape, Forms("im2col", "direct", "im2col")) for shape in known)))
    (file,) = (tmp_path / "convolutions").iterdir()
    return file


def test_shapes_are_those_of_the_network_but_for_the_1x1() -> None:
    assert fastest.shapes_of(SPEC, 32) == [
        STEM, Shape(8, 8, 4, 4, 3, 1), Shape(8, 8, 8, 8, 3, 2), Shape(4, 4, 16, 16, 3, 2), Shape(2, 2, 32, 32, 3, 2),
    ]  # fmt: skip


def test_what_is_not_known_is_measured_once(kept: Path) -> None:
    announced, table = measured()
    assert announced == [(0, 1)]  # the stem alone
    assert table.of(STEM).forward in ("direct", "im2col")
    assert table.of(Shape(8, 8, 4, 4, 3, 1)) == Forms("im2col", "direct", "im2col")
    assert measured() == ([], table)


@pytest.mark.parametrize("damage", ["torn", "foreign", "form"])
def test_a_damaged_or_foreign_file_is_made_anew(kept: Path, damage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    body = json.loads(kept.read_text())
    body["machine"]["processor"] += "x" * (damage == "foreign")
    body["table"]["8x8x4x4x3x1"] = ["winograd" if damage == "form" else "im2col"] * 3
    kept.write_text(json.dumps(body)[: -9 if damage == "torn" else None])
    monkeypatch.setattr(fastest, "shapes_of", lambda *_: [STEM])  # one is enough to measure
    announced, table = measured()
    assert announced == [(0, 1)]
    assert Table.from_dict(json.loads(kept.read_text())["table"]) == table


def test_small_networks_and_bfloat16_are_not_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXRTUI_CACHE_DIR", str(tmp_path))
    assert measured() == ([], ALL_DIRECT)
    monkeypatch.setattr(fastest, "LEAST_WORK", 0)
    assert measured(spec=ClassifierSpec(width=4, stage_sizes=(1, 1, 1, 1), dtype="bfloat16")) == ([], ALL_DIRECT)
    assert not list(tmp_path.iterdir())
    assert sum(map(fastest.work, fastest.shapes_of(ClassifierSpec(), 224))) > 5e8  # the full network is
