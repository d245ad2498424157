from __future__ import annotations

import io
import json
import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from cxrtui import strict_json
from cxrtui.cli import cli
from cxrtui.console.inspection import print_inspection
from cxrtui.data.inspect.find import narrowed
from cxrtui.data.inspect.page import section_view, shown_sections
from cxrtui.data.inspect.report import Report, inspect
from cxrtui.data.inspect.section import Bar, Conclusion, Pair, Section
from cxrtui.errors import ConfigError, UsageError
from cxrtui.printable import printable
from cxrtui.settings.config import DataConfig
from cxrtui.statistics.estimate import Estimate
from tests.data.conftest import picture, save
from tests.data.sources.layouts.test_published import ieee8023

pytestmark = pytest.mark.slow


def test_a_report_has_every_section(class_folder: Path) -> None:
    (class_folder / "Normal" / "torn.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (class_folder / "Normal" / "notes.txt").write_text("notes")
    picture(1).save(class_folder / "Normal" / "really.png", "JPEG")
    told: list[tuple[str, int, int]] = []
    report = inspect(class_folder, DataConfig(), lambda *said: told.append(said))
    assert (report.layout, report.films, report.patients) == ("class-folders", 62, None)
    assert told[:11] == [("reading folder", 32, 0), ("reading tags", 32, 62), ("reading tags", 62, 62),
                         *(("decoding films", done, 62) for done in (*range(8, 62, 8), 62))]  # fmt: skip
    assert list(dict.fromkeys(phase for phase, _, _ in told[11:-29]))[:5] == [
        "reading files", "describing films", "evening out contrast", "comparing films", "registering films",
    ]  # fmt: skip
    assert told[-29:] == [*(("measuring films", done, 61) for done in (*range(8, 61, 8), 61)),
                          *(("estimating confounders", done, 21) for done in range(1, 22))]  # fmt: skip
    body = json.loads(json.dumps(report.as_dict()))["sections"]
    assert body["classes"]["counts"] == {"Normal": 38, "COVID-19": 24}
    assert body["rule"]["counts"] == {"COVID-19": 24, "Normal": 38}
    assert body["types"] == {"title": "file types", "counts": {"PNG": 60, "JPEG": 1}, "files": [], "unit": "films",
                             "notes": ["1 files' endings speak of another type"]}  # fmt: skip
    assert body["depths"]["counts"] == {"8-bit grey": 61}
    assert body["sizes"]["counts"] == {"40×48": 61}
    assert body["patients"]["counts"] == {"with 1 film": 36, "with 2 films": 12}
    assert body["left_out"]["counts"] == {"not an image": 1}
    assert len(body["not_frontal"]["files"]) == sum(body["not_frontal"]["counts"].values()) == 61  # they are noise
    assert body["missing"]["counts"]["view"] == 62
    assert len(body["unreadable"]["files"]) == 1
    assert body["unreadable"]["files"][0][0].endswith("torn.png")


def test_sources_hold_what_counts_and_a_name_that_is_not_there_is_said(tmp_path: Path) -> None:
    rows = ["path,label,source,view"]
    for number, (label, view) in enumerate((("COVID-19", "PA"), ("Normal", "L"), ("COVID-19", "PA"), ("Normal", "PA"))):
        save(tmp_path / f"{number}.png", number)
        rows.append(f"{number}.png,{label},{'ab'[number // 2]},{view}")
    (tmp_path / "manifest.csv").write_text("\n".join(rows))
    report = inspect(tmp_path, DataConfig())
    assert report.section("sources").notes == ["1 of 2 sources hold both classes"]  # the lateral does not count
    report = inspect(tmp_path, DataConfig(positive=("COVID19x",), negative=("*",)))
    assert report.section("rule").notes[1:] == ["no finding is called COVID19x"]


def test_several_sources_keep_their_names(
    class_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "hospital"
    other.mkdir()
    ieee8023(other)
    settings = DataConfig(positive=("COVID-19",), negative=("*",))
    report = inspect([str(class_folder), str(other)], settings)
    assert report.layout == "class-folders + ieee8023"
    assert report.section("sources").counts == {"films": 60, "eurorad.org": 1, "radiopaedia.org": 1, "hospital": 1}
    assert report.section("rule").counts == {"COVID-19": 26, "not COVID-19": 36}
    print_inspection([str(class_folder), str(other)], settings, as_json=False)
    page = capsys.readouterr().out
    for word in (
        "films + hospital",
        "radiopaedia.org",
        "CT, not an X-ray",
        "a film of view lateral",
        "Research use only",
    ):
        assert word in page


def test_a_rule_that_is_not_clear_is_said_and_no_error(tmp_path: Path) -> None:
    for name in ("A", "B", "C"):
        save(tmp_path / name / "x.png", ord(name))
    section = inspect(tmp_path, DataConfig()).section("rule")
    assert section.counts == {}
    assert "not clear" in section.notes[0]


def test_the_command_prints_json_and_imports_no_jax(class_folder: Path) -> None:
    code = (
        "import sys; sys.argv = ['cxrtui', 'data', 'inspect', sys.argv[1], '--json']\n"
        "from cxrtui.cli import cli\ncli.main(standalone_mode=False)\nprint('jax' in sys.modules, file=sys.stderr)"
    )
    root = str(Path(__file__).parents[3])
    answer = subprocess.run([sys.executable, "-c", code, str(class_folder)], capture_output=True, text=True, check=True,
                            env={**os.environ, "PYTHONPATH": root})  # fmt: skip
    assert json.loads(answer.stdout)["films"] == 60
    assert answer.stderr.splitlines()[-1] == "False"  # behind what a slow machine says of its progress


def test_real_reports(real_films: Path) -> None:
    """The headers alone, in seconds: they are what gives this collection's classes away."""
    report = inspect(real_films / "darkcovidnet", DataConfig(), headers_only=True)
    assert report.section("classes").counts == {"No_findings": 500, "Pneumonia": 500, "COVID-19": 124}
    assert report.section("types").counts == {"JPEG": 1124}
    assert report.confounders is not None
    assert report.confounders.estimates is not None
    flagged = {found.kind.key for found in report.confounders.estimates.found if found.flagged}
    assert {"name", "resolution"} <= flagged


@pytest.mark.parametrize("width", [74, 80, 100, 200])
def test_every_line_fits_and_large_counts_are_whole(width: int) -> None:
    section = Section("views", "file types", {"unknown": 1_234_567, "a long word " * 6: 3})
    report = Report("films", "class-folders", 1_234_570, None, (section,))
    out = Console(width=width, file=io.StringIO(), highlight=False)
    out.print(section_view(section, report, width))
    page = out.file.getvalue()
    assert "1,234,567" in page
    assert "…" not in page
    assert max(map(len, page.splitlines())) <= width


@pytest.mark.parametrize("width", [54, 57, 74, 80, 100, 200])
def test_bars_begin_at_chance_and_shade_their_interval(width: int) -> None:
    bars = [
        Bar("name", Estimate(1.0, 1.0, 1.0, 60, 30), raised=True),
        Bar("  as seen", Estimate(0.75, 0.625, 0.875, 60, 30)),
        Bar("age", Estimate(0.3, 0.1, 0.5, 60, 30)),
        Bar("of one patient", Estimate(0.75, math.nan, math.nan, 3, 1)),
    ]
    section = Section("confounders", "confounders", bars=bars)
    report = Report("films", "class-folders", 60, 30, (section,))
    assert shown_sections(report) == [section]
    out = Console(width=width, file=io.StringIO(), highlight=False)
    out.print(section_view(section, report, width))
    scale, *lines = out.file.getvalue().splitlines()
    full = lines[0].count("█")
    assert (scale.index("0.5"), scale.rindex("1  (" if width > 54 else "1 (")) == (
        lines[0].index("█"), lines[0].rindex("█"),
    )  # fmt: skip
    assert (scale.split()[0], "…" in out.file.getvalue()) == ("confounders", False)
    assert lines[0].rstrip().endswith("1.00 (1.00-1.00) ✗")
    assert (lines[1].count("█"), lines[1].count("▒")) == (round(full / 4), round(full * 3 / 4) - round(full / 4))
    assert "0.75 (0.62-0.88)" in lines[1]
    assert "█" not in lines[2]
    assert (lines[3].count("█"), lines[3].count("▒")) == (round(full / 2), 0)
    assert max(map(len, lines)) <= width
    assert narrowed(section, lambda text: "age" in text) == replace(section, bars=bars[2:3])
    assert section.as_dict()["bars"][0]["raised"]


def test_a_section_that_holds_more_than_counts_is_shown_whole() -> None:
    estimates = {
        "AUROC of the file type": Estimate(0.965, 0.941, 0.982, 624, 470),
        "of one patient": Estimate(1.0, math.nan, math.nan, 3, 1),
    }
    copies = [Pair(f"a/{number}.png", "b/\x1b[2J.png", "the same bytes") for number in range(12)]
    shortcut = Section("shortcuts", "shortcuts", notes=["by the header alone"], estimates=estimates, pairs=copies,
                       conclusion=Conclusion(False, "the file type tells the classes apart"))  # fmt: skip
    clean = Section("clean", "copies", conclusion=Conclusion(True, "no film is there twice"))
    paired = Section("paired", "twins", pairs=copies[:1])
    empty = Section("empty", "nothing")
    report = Report("films", "class-folders", 624, 470, (shortcut, clean, paired, empty))
    assert shown_sections(report) == [shortcut, clean, paired]
    out = Console(width=100, file=io.StringIO(), highlight=False)
    for section in shown_sections(report):
        out.print(section_view(section, report, 100))
    page = out.file.getvalue()
    lines = [line.rstrip() for line in page.splitlines()]
    assert lines[0] == "shortcuts    ✗ the file type tells the classes apart"
    assert "AUROC of the file type 0.965 (95% interval 0.941 to 0.982), 624 films of 470 patients" in page
    assert "of one patient 1.000, 3 films of 1 patient" in page
    assert "and 2 more; --json lists all" in page
    assert "copies       ✔ no film is there twice" in page
    assert lines[lines.index("twins") + 1].startswith("             a/0.png and b/")
    assert "\x1b" not in page
    body = json.loads(strict_json.dumps(report.as_dict()))["sections"]
    assert body["shortcuts"]["estimates"]["of one patient"] == {
        "value": 1.0, "low": None, "high": None, "n": 3, "patients": 1, "exact": False,
    }  # fmt: skip
    assert body["shortcuts"]["pairs"][0] == {
        "first": "a/0.png", "second": printable(copies[0].second), "relation": "the same bytes",
    }  # fmt: skip
    assert body["clean"]["conclusion"] == {"ok": True, "text": "no film is there twice"}
    assert set(body["empty"]) == {"title", "counts", "notes", "files", "unit"}  # as scripts have read them so far


def test_the_settings_are_those_of_a_training(
    class_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The workspace's file, then --config, then --set, as train has them; and their films where none are named."""
    monkeypatch.chdir(tmp_path)
    workspace, config = tmp_path / "w", tmp_path / "c.toml"
    workspace.mkdir()

    def counted(*arguments: str) -> list[str]:
        said = CliRunner().invoke(cli, ["--workspace", str(workspace), "data", "inspect", *arguments, "--json"])
        assert said.exit_code == 0, said.output
        return list(json.loads(said.stdout)["sections"]["rule"]["counts"])

    assert counted(str(class_folder)) == ["COVID-19", "Normal"]
    (workspace / "cxrtui.toml").write_text(f'[data]\nsource = "{class_folder}"\npositive = "Normal"\nnegative = "*"\n')
    assert counted(str(class_folder)) == counted() == ["Normal", "not Normal"]
    config.write_text('[optim]\nepochs = 3\n[data]\nnegative = "COVID-19"\n')
    assert counted("--config", str(config)) == ["Normal", "COVID-19"]
    assert counted("--config", str(config), "--set", "data.negative=*") == ["Normal", "not Normal"]
    (workspace / "cxrtui.toml").write_text("[data]\npositiv = 1\n")
    wrong = CliRunner().invoke(cli, ["--workspace", str(workspace), "data", "inspect", str(class_folder)])
    assert isinstance(wrong.exception, ConfigError)


def test_nothing_to_inspect(tmp_path: Path) -> None:
    wrong = CliRunner().invoke(cli, ["--workspace", str(tmp_path), "data", "inspect"])
    assert isinstance(wrong.exception, UsageError)
