"""Every printing command on a workspace, films and weights whose every name acts on a terminal."""

from __future__ import annotations

import csv
import json
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cxrtui import cli
from cxrtui.data.films import Film
from cxrtui.printable import cell, path_cell, printable
from cxrtui.runs.folder import Run
from cxrtui.settings.field import as_text
from tests.conftest import SMALL
from tests.event_samples import whole_run
from tests.hostile import FILE, TEXT, acts, write_run
from tests.tui.compared import events_of

Said = tuple[int, str, str]
POSITIVE, NEGATIVE = f"p{TEXT}", f"=n{TEXT}"


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Runs the command line in this process; what it prints does nothing to a terminal, or the test fails."""

    def call(*arguments: str | Path) -> Said:
        monkeypatch.setattr(sys, "argv", ["cxrtui", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        assert acts(out) + acts(err) == []
        return int(ended.value.code or 0), out, err

    return call


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_runs(call: Callable[..., Said], tmp_path: Path, options: list[str]) -> None:
    workspace = tmp_path / FILE
    write_run(workspace / "checkpoints" / f"r{FILE}", whole_run())
    code, out, _ = call("--workspace", workspace, "runs", "list", *options)
    assert code == 0
    assert "]0;PWN" in out
    code, out, _ = call("--workspace", workspace, "runs", "show", f"r{FILE}", *options)
    assert code == 0
    assert "link=x" in out
    write_run(workspace / "checkpoints" / "other", events_of(TEXT, 1.0, {"data.source": [TEXT]}))
    code, out, _ = call("--workspace", workspace, "runs", "compare", f"r{FILE}", "other", *options)
    assert code == 0
    assert "data.source" in out


@pytest.mark.parametrize(
    ("code", "arguments"),
    [
        (2, ["runs", "show", TEXT]), (2, [TEXT]), (2, [f"--{TEXT}"]), (2, ["weights", "fetch", TEXT]),
        (2, ["--headless", "train", "--data", ".", "--set", f"data.{TEXT}=1"]),
        (2, ["--headless", "train", "--data", ".", "--set", f"optim.name={TEXT}"]),
        (2, ["--headless", "train", "--data", FILE, "--init", "random"]),
        (3, ["data", "inspect", FILE]), (2, ["classify", TEXT, TEXT]), (2, ["evaluate", TEXT, "--data", TEXT]),
        (4, ["weights", "port", FILE, "--out", "x"]), (2, ["--debug", "runs", "stop", TEXT]),
    ],
)  # fmt: skip
def test_errors(
    call: Callable[..., Said], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, arguments: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    answered, _, err = call(*arguments)
    assert answered == code
    assert "\\x1b" in err


def test_weights_with_hostile_names_are_refused_in_print(call: Callable[..., Said], tmp_path: Path) -> None:
    head = json.dumps({
        TEXT: {"dtype": "F32", "shape": [2, 4], "data_offsets": [0, 32]}, "__metadata__": {TEXT: TEXT},
    }).encode()  # fmt: skip
    file = tmp_path / f"{FILE}.safetensors"
    file.write_bytes(struct.pack("<Q", len(head)) + head + bytes(32))
    code, _, err = call("--workspace", tmp_path, "weights", "port", file, "--out", "x")
    assert code == 4
    assert "\\x1b" in err


def test_a_film_is_printable_whatever_its_source_says() -> None:
    film = Film(root=Path(), name=FILE, label=TEXT, patient=TEXT, source=TEXT, view=TEXT, sex=TEXT, age=TEXT)
    words = [film.label, film.patient, film.source, film.view, film.sex, film.age]
    assert words == [printable(TEXT)] * 6
    assert str(film.path) == film.name == FILE


@pytest.mark.parametrize(
    ("text", "as_cell", "as_path"),
    [("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0", "./=cmd|' /C calc'!A0"), ("+a", "'+a", "./+a"),
     ("@a", "'@a", "./@a"), ("-a.png", "'-a.png", "./-a.png"), ("-1.5", "-1.5", "./-1.5"), ("-", "-", "./-"),
     ("COVID-19", "COVID-19", "COVID-19"), ("", "", ""), ("\t=a", "\\x09=a", "\\x09=a")],
)  # fmt: skip
def test_a_cell_is_no_formula_and_a_path_still_opens(text: str, as_cell: str, as_path: str) -> None:
    assert (cell(text), path_cell(text)) == (as_cell, as_path)


@pytest.fixture
def films(tmp_path: Path, phantom_films: Path) -> Path:
    """Films and a table of them, both with hostile names; one is torn."""
    folder = tmp_path / f"f{FILE.replace(':', '')}"
    folder.mkdir()
    with (phantom_films / "manifest.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    table = [["path", "label", "patient", "source", "view", "sex", "age"]]
    for row in rows:
        name = f"={Path(row['path']).stem}{FILE}.png"
        (folder / name).write_bytes((phantom_films / row["path"]).read_bytes())
        label = POSITIVE if row["label"] == rows[0]["label"] else NEGATIVE
        table.append([printable(name), label, f"{row['patient']}{TEXT}", TEXT, f"PA{TEXT}", TEXT, TEXT])
        (folder / printable(name)).symlink_to(name)  # a table of text cannot name bytes that are not UTF-8
    (folder / f"torn{TEXT[-8:]}.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8", errors="surrogateescape") as file:
        csv.writer(file).writerows([*table, [f"torn{TEXT[-8:]}.png", POSITIVE, "z", TEXT, "PA", "", ""]])
    return folder


@pytest.mark.slow
def test_from_films_to_a_shelf(call: Callable[..., Said], tmp_path: Path, films: Path) -> None:
    workspace = tmp_path / "w"
    rule = ["--set", f"data.positive={as_text((printable(POSITIVE),))}",
            "--set", f"data.negative={as_text((printable(NEGATIVE),))}", "--set", "data.views=all"]  # fmt: skip
    small = [part for key, value in SMALL.items() for part in ("--set", f"{key}={as_text(value)}")]
    (link := tmp_path / "data").symlink_to(films)  # a setting must be printable
    for options in ([], ["--json"]):
        code, out, _ = call("data", "inspect", link, *rule, *options)
        assert code == 0
        assert "[bold red]" in out
    for name, options in (("plain", []), ("lines", ["--json"])):
        code, out, err = call("--workspace", workspace, "--headless", "train", "--data", link, "--run", name, *small,
                              *rule, "--set", "data.max_bad=0.5", "--set", "optim.epochs=1", *options)  # fmt: skip
        assert code == 0, err
        assert "cannot be read" in err
    run = Run(workspace / "checkpoints" / "plain")
    for file in (run.splits_file, run.evaluation / "test.csv"):
        assert acts(file.read_text("utf-8")) == []
        with file.open(newline="", encoding="utf-8") as opened:
            for row in csv.reader(opened):
                assert not any(text.startswith(("=", "+", "@")) for text in row)
    code, _, err = call("--workspace", workspace, "--headless", "train", "--data", link, "--run", "again", *small,
                        *rule, "--set", "data.max_bad=0.5", "--set", "optim.epochs=1",
                        "--set", f"data.splits={as_text((str(run.splits_file),))}")  # fmt: skip
    assert code == 0, err
    assert Run(workspace / "checkpoints" / "again").splits_file.read_bytes() == run.splits_file.read_bytes()
    call("--workspace", workspace, "runs", "show", "plain")
    assert call("--workspace", workspace, "runs", "export", "plain", "--to", "covid")[0] == 0
    call("--workspace", workspace, "weights", "list", "--check")
    shown = sorted(films.glob("*.png"))[:3]
    for options in ([], ["--json"], ["--csv"]):
        for model in ("plain", "covid"):
            code, out, _ = call("--workspace", workspace, "classify", model, *shown, films / FILE, *options)
            assert code == 3
            assert "[bold red]" in out
        assert call("--workspace", workspace, "evaluate", "covid", "--data", link, *rule, *options[:1])[0] in (0, 2, 3)
