"""The page of a run: usable by everybody, harmless whatever names it shows, the same bytes each time."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cxrtui.cli import cli
from cxrtui.errors import DataError, UsageError
from cxrtui.evaluation.report import material
from cxrtui.evaluation.report.page import page
from cxrtui.evaluation.wording import estimate
from cxrtui.runs import codec
from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from tests.evaluation.report import structure
from tests.event_samples import whole_run
from tests.hostile import TEXT, acts, write_run
from tests.tui import logs

pytestmark = pytest.mark.slow  # matplotlib takes seconds to import


@pytest.fixture(scope="module")
def shown(trained: Run) -> str:
    return page(material.read(trained))


def _logged(folder: Path, events: list[ev.Event]) -> Run:
    """A run that has nothing but a log."""
    folder.mkdir(parents=True)
    (folder / "events.jsonl").write_text("".join(f"{codec.encode(event)}\n" for event in events))
    (folder / "config.toml").write_text("")
    return Run(folder)


def test_everybody_can_use_the_page(shown: str) -> None:
    assert structure.faults(shown) == []
    titles = [element.text for element in structure.read(shown).all("h2", "h3")]
    assert titles == ["Films", "Split", "Training", "Evaluation", "On validation", "On test",
                      "What it could cheat with", "Limits", "Provenance"]  # fmt: skip
    drawn = [element.text for element in structure.read(shown).all("figcaption")]
    assert drawn == ["Loss", "Accuracy and AUROC", "Learning rate"] + 2 * [
        "ROC curve", "Precision-recall curve", "Reliability", "Films by probability", "Decision curve",
    ]  # fmt: skip


def test_a_fault_would_be_found(shown: str) -> None:
    for good, bad in (("h2", "h4"), ('scope="col"', ""), ('role="img"', ""), ('lang="en"', ""), ("#1b1d1f", "#888888"),
                      ('href="#split"', 'href="#gone"')):  # fmt: skip
        assert good in shown
        assert structure.faults(shown.replace(good, bad)) != []


def test_the_page_begins_with_the_caution_and_the_numbers_of_the_test(trained: Run, shown: str) -> None:
    body = structure.read(shown).all("body")[0]
    assert body.all("p")[0].text.startswith("Research use only, not for diagnosis.")
    found = json.loads((trained.evaluation / "test.json").read_text())["estimates"]
    numbers = " ".join(body.all("dl")[0].text.split())
    for metric in ("auroc", "sensitivity", "specificity", "accuracy"):
        assert estimate(metric, found[metric]) in numbers


def test_the_page_needs_nothing_and_is_the_same_each_time(trained: Run, shown: str, phantom_films: Path) -> None:
    assert page(material.read(trained)) == shown
    root = structure.read(shown)
    assert root.all("script", "link", "iframe", "object", "form", "img") == []
    assert "default-src 'none'" in shown
    assert not re.search(r"https?:|@import|@font-face|url\((?!#)", shown)
    for private in (str(trained.folder.parent), str(phantom_films.parent)):
        assert private not in shown


@pytest.mark.parametrize("number", ["null", "NaN", "Infinity", "-Infinity", "1e999", "1e308", "-1e308", "1e30"])
@pytest.mark.parametrize("every", [1, 7])
def test_curves_without_a_measure_are_said_and_not_drawn(tmp_path: Path, number: str, every: int) -> None:
    """A warning of numpy or matplotlib would be an error here."""
    run = _logged(tmp_path / "run", logs.finished())
    lines = run.events_file.read_text().splitlines()
    kinds = ("StepDone", "EpochDone", "Validated", "EarlyStopping", "Evaluated")
    odd = re.compile(r'("(?:loss|accuracy|learning_rate|auroc|sensitivity|specificity|best|value)": ?)[-\d.e]+')
    lines = [odd.sub(rf"\g<1>{number}", line) if json.loads(line)["type"] in kinds and not place % every else line
             for place, line in enumerate(lines)]  # fmt: skip
    assert any(f": {number}" in line or f":{number}" in line for line in lines)
    run.events_file.write_text("\n".join(lines) + "\n")
    shown = page(material.read(run))
    assert structure.faults(shown) == []
    root = structure.read(shown)
    words = root.all("body")[0].text
    assert not re.search(r"\b(nan|inf)\b|\d{16}", words, re.IGNORECASE)
    assert "is no finite number or huge" in words
    assert ("Loss" in [element.text for element in root.all("figcaption")]) == (every > 1)


def test_impossible_counts_have_no_interval(tmp_path: Path) -> None:
    odd = {"tp": 10**6, "fp": -3}
    events = [replace(event, counts={**event.counts, **odd}) if isinstance(event, ev.Evaluated) else event
              for event in whole_run()]  # fmt: skip
    shown = page(material.read(_logged(tmp_path / "run", events)))
    assert structure.faults(shown) == []


def test_the_command_makes_the_run_again(trained: Run, shown: str) -> None:
    command = structure.read(shown).all("code")[0].text
    assert command.startswith("cxrtui --headless train --run trained-again --data films ")
    assert "--set model.width=4" in command
    made = structure.read(shown).all("section")[-1].text
    assert json.loads(trained.manifest_file.read_text())["data"]["content"] in made


def test_names_do_no_harm(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run", whole_run())
    log = run.events_file.read_text()
    attack = "</p></title></svg><script>alert(1)</script><img src=x onerror=alert(2)>{{ 7*7 }}$\\\\frac$"
    assert "[/nope]" in log
    run.events_file.write_text(log.replace("[/nope]", attack))
    (run.folder / "notes.toml").write_text(f"note = '''{attack}'''")
    found = material.read(run)
    assert "<script>" in " ".join(found.state.labels)
    text = page(found)
    assert acts(text) == []
    assert structure.faults(text) == []
    assert structure.read(text).all("script", "img") == []
    assert "{{ 7*7 }}" in text
    assert TEXT[:6] not in text


def _live() -> list[ev.Event]:
    return whole_run(2)[:-2]


def _failed() -> list[ev.Event]:
    return [*_live(), ev.Failed(error="DataError", message="The disk is gone.", exit_code=3)]


@pytest.mark.parametrize(
    ("events", "sentences"),
    [
        (list, ["There are no results yet.", "The run has no films yet.", "The run has not trained yet."]),
        (_live, ["no process writes it any more", "it has not finished"]),
        (_failed, ["The run failed: The disk is gone.", "The best epoch is 2."]),
        (whole_run, ["80.0 % [44.4–97.5]*", "intervals are from counts alone", "There are no curves"]),
    ],
)
def test_what_a_run_lacks_is_left_out_with_a_sentence(
    tmp_path: Path, events: Callable[[], list[ev.Event]], sentences: list[str]
) -> None:
    text = page(material.read(_logged(tmp_path / "run", events())))
    assert structure.faults(text) == []
    plain = " ".join(structure.read(text).text.split())
    for sentence in sentences:
        assert sentence in plain


def test_intervals_of_an_older_run_are_computed(trained: Run, tmp_path: Path) -> None:
    run = Run(tmp_path / "trained")
    shutil.copytree(trained.folder, run.folder, ignore=shutil.ignore_patterns("state"))
    for file in run.evaluation.glob("*.json"):
        body = json.loads(file.read_text())
        kept = ("part", "step", "threshold", "labels", "note", "metrics", "counts")
        file.write_text(json.dumps({name: body[name] for name in kept}))
    (run.evaluation / "validation.csv").write_text("path\n")
    text = structure.read(page(material.read(run))).text
    assert "they were computed now from evaluation/test.csv" in text
    assert "evaluation/validation.csv has no" in text
    before = json.loads((trained.evaluation / "test.json").read_text())["estimates"]["sensitivity"]
    assert estimate("sensitivity", before) in text


def test_other_films_and_a_verdict_are_shown_and_others_refused(trained: Run, tmp_path: Path) -> None:
    run = _logged(tmp_path / "run", whole_run())
    body = json.loads((trained.evaluation / "test.json").read_text())
    other = {"run": "run", "source": "/far/away/<hospital>", "leaks": "", **body}
    (tmp_path / "other.json").write_text(json.dumps(other))
    area = {"value": 0.9, "low": 0.8, "high": 1.0, "n": 9, "patients": 9}
    kind = {"name": "border", "about": "the margin", "flagged": True, "auroc": area, "p": 0.0, "within_source": None,
            "as_seen": None}  # fmt: skip
    verdict = {"verdict": "A classifier can tell them apart by the border.", "confounders": [kind]}
    (tmp_path / "inspection.json").write_text(json.dumps(verdict))
    text = page(material.read(run, [tmp_path / "other.json"], tmp_path / "inspection.json"))
    assert structure.faults(text) == []
    plain = structure.read(text).text
    for words in ("On <hospital>, films of another source", verdict["verdict"], "0.900 [0.800–1.000]"):
        assert str(words) in plain
    assert "/far/away" not in text
    (tmp_path / "other.json").write_text(json.dumps({**other, "run": "other"}))
    with pytest.raises(UsageError, match="is an evaluation of other"):
        material.read(run, [tmp_path / "other.json"])
    for file, kwargs in (("inspection.json", {"evaluation_files": [tmp_path / "inspection.json"]}),
                         ("none.json", {"inspection_file": tmp_path / "none.json"})):  # fmt: skip
        with pytest.raises(DataError, match=file):
            material.read(run, **kwargs)  # type: ignore[arg-type]


def _call(*arguments: object) -> None:
    cli.main(["report", *map(str, arguments)], standalone_mode=False)


def test_films_are_shown_only_where_somebody_asks(
    trained: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _call(trained.folder, "--out", tmp_path / "page.html", "--with-films", "--films", 2)
    assert capsys.readouterr().out == f"{tmp_path / 'page.html'}\n"
    text = (tmp_path / "page.html").read_text()
    pictures = structure.read(text).all("img")
    assert len(pictures) == 4
    assert all(picture.attributes["src"].startswith("data:image/jpeg;base64,") for picture in pictures)
    assert structure.faults(text) == []
    assert "answers for the consent" in text
    assert "phantom_" not in text
    with pytest.raises(UsageError, match="--films belongs"):
        _call(trained.folder, "--films", 2)


def test_only_a_page_is_replaced(trained: Run, tmp_path: Path) -> None:
    table, page_file = tmp_path / "films.csv", tmp_path / "page.html"
    table.write_text("path,label\n")
    with pytest.raises(UsageError, match=r"films\.csv is no page of HTML and is not replaced"):
        _call(trained.folder, "--out", table)
    assert table.read_text() == "path,label\n"
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="it is a pipe and no file; name another"):
        _call(trained.folder, "--out", tmp_path / "pipe")
    with pytest.raises(UsageError, match=f"There is no folder {tmp_path / 'none'}; make it"):
        _call(trained.folder, "--out", tmp_path / "none" / "page.html")
    page_file.write_text("<!DOCTYPE html>old")
    _call(trained.folder, "--out", page_file)
    assert "old" not in page_file.read_text()[:20]


@pytest.mark.parametrize("scheme", [0, 1], ids=["dark", "light"])
def test_the_linter_axe_finds_nothing(shown: str, tmp_path: Path, scheme: int) -> None:
    """Where Chromium is, and CXRTUI_AXE names axe-core's axe.min.js (npm pack axe-core)."""
    browser, axe = shutil.which("chromium"), os.environ.get("CXRTUI_AXE")
    if not browser or not axe:
        pytest.skip("no Chromium, or CXRTUI_AXE names no axe.min.js")
    run = "axe.run().then(found => { document.body.textContent = 'AXE' + JSON.stringify(found.violations) + 'END' })"
    script = f"<script>{Path(axe).read_text()}</script><script>{run}</script></body>"
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", shown).replace("</body>", script)
    (tmp_path / "page.html").write_text(text)
    done = subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", f"--blink-settings=preferredColorScheme={scheme}",
         "--virtual-time-budget=20000", "--dump-dom", (tmp_path / "page.html").as_uri()],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert re.findall(r"AXE(.*)END", done.stdout.rpartition("<body")[2], re.DOTALL) == ["[]"]
