"""ONNX Runtime as an engine: the same rows as with XLA, from a file that a second start finds in the cache."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cxrtui.cli import main
from cxrtui.errors import UsageError
from cxrtui.evaluation import classify
from cxrtui.runs.folder import Run

pytestmark = pytest.mark.slow


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the ONNX files, still empty."""
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    monkeypatch.setenv("CXRTUI_CACHE_DIR", str(tmp_path))
    return tmp_path / "onnx"


def test_its_rows_are_those_of_xla(trained: Run, phantom_films: Path, cache: Path) -> None:
    films = [*sorted(phantom_films.glob("*/*.png"))[::7], phantom_films / "absent"]
    usual = list(classify.load(trained).classify(films))
    rows = list(classify.load(trained, engine="onnxruntime").classify(films))
    assert [(row.file, row.ok, row.label) for row in rows] == [(row.file, row.ok, row.label) for row in usual]
    for row, expected in zip(rows[:-1], usual[:-1], strict=True):
        assert row.probabilities == pytest.approx(expected.probabilities, abs=1e-5)
    assert len({round(row.probabilities["positive"], 4) for row in rows[:-1]}) > 1


def test_a_second_start_finds_the_file_and_a_damaged_one_is_written_again(
    trained: Run, phantom_films: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = sorted(phantom_films.glob("*/*.png"))[:1]
    (first,) = classify.load(trained, engine="onnxruntime").classify(film)
    (file,) = cache.iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    classify.load(trained, engine="onnxruntime")
    assert file.read_bytes() == whole
    monkeypatch.setitem(sys.modules, "onnx", None)  # which writes such files
    assert list(classify.load(trained, engine="onnxruntime").classify(film)) == [first]
    # JAX takes two seconds to import, and is in this process already.
    code = ("import sys; from pathlib import Path; from cxrtui.evaluation import classify; "
            "network = classify.load(Path(sys.argv[1]), engine='onnxruntime', drawing=False); "
            "print(all(row.ok for row in network.classify([Path(sys.argv[2])])), 'jax' in sys.modules)")  # fmt: skip
    command = [sys.executable, "-c", code, str(trained.folder), str(film[0])]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout.split() == ["True", "False"]
    file.unlink()
    with pytest.raises(UsageError, match=r"pip install 'cxrtui\[onnx\]'"):
        classify.load(trained, engine="onnxruntime")


def test_the_command_takes_it_and_says_what_to_install(
    trained: Run, phantom_films: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    film = sorted(phantom_films.glob("*/*.png"))[0]

    def call() -> tuple[object, str, str]:
        words = ["classify", str(trained.folder), str(film), "--json", "--engine", "onnxruntime"]
        monkeypatch.setattr(sys, "argv", ["cxrtui", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, *capsys.readouterr()

    code, out, _ = call()
    assert (code, json.loads(out)["ok"], len(list(cache.iterdir()))) == (0, True, 1)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    code, out, error = call()
    assert (code, out) == (2, "")
    assert "pip install 'cxrtui[onnxruntime]'" in error
