"""Chosen files with the real classifier of a small run, real films where they are, and files of every wrong kind."""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from cxrtui import runner
from cxrtui.cli import cli, main
from cxrtui.console.images import print_classified
from cxrtui.errors import CheckpointError, UsageError
from cxrtui.evaluation import classify
from cxrtui.evaluation.evaluate import Options, evaluate
from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.runs.listing import new_run
from cxrtui.settings.config import Config
from cxrtui.tui.classify.results import row as shown_row
from tests.data.images.dicom.test_dicom import film as dicom_film
from tests.data.images.dicom.test_dicom import values_of, written

pytestmark = pytest.mark.slow


def test_a_classified_film_scores_as_in_the_evaluation(trained: Run) -> None:
    with (trained.evaluation / "test.csv").open(newline="") as file:
        table = {row["path"]: row for row in csv.DictReader(file)}
    rows = list(classify.load(trained).classify([Path(path) for path in table]))
    assert [row.file for row in rows] == list(table)
    for row in rows:
        assert row.ok
        assert row.probabilities["positive"] == pytest.approx(float(table[row.file]["probability"]), abs=2e-6)
        assert sum(row.probabilities.values()) == pytest.approx(1.0)
        assert row.label == table[row.file]["called"]


def test_a_film_near_the_threshold_gets_no_answer_if_that_is_asked_for(trained: Run, phantom_films: Path) -> None:
    films = sorted(phantom_films.glob("*/*.png"))[:12]
    usual = list(classify.load(trained).classify(films))
    away = sorted(abs(row.probabilities["positive"] - row.threshold) for row in usual)
    margin = (away[5] + away[6]) / 2
    rows = list(classify.load(trained, margin=margin).classify(films))
    assert [row.probabilities for row in rows] == [row.probabilities for row in usual]
    assert sum(row.abstained for row in rows) == 6
    for row, plain in zip(rows, usual, strict=True):
        assert row.label == ("" if row.abstained else plain.label)
        assert row.as_dict()["label"] == (None if row.abstained else plain.label)
        assert any("--abstain" in note for note in row.notes) == row.abstained


def test_what_cannot_be_read_is_a_row(trained: Run, phantom_films: Path, tmp_path: Path) -> None:
    film = next(phantom_films.glob("positive/*.png"))
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.png").write_text("no image")
    (tmp_path / "torn.png").write_bytes(film.read_bytes()[:400])
    bad = [tmp_path / name for name in ("empty.png", "text.png", "torn.png", "absent.png", ".")]
    rows = list(classify.load(trained).classify([bad[0], film, *bad[1:], film]))
    assert [row.ok for row in rows] == [False, True, False, False, False, False, True]
    assert rows[1].probabilities == rows[6].probabilities
    assert all(row.error for row in rows if not row.ok)
    assert set(rows[0].as_dict()) == {"file", "ok", "error"}
    assert set(rows[1].as_dict()) == {"file", "ok", "label", "probabilities", "threshold", "calibrated", "notes"}


def test_what_is_no_frontal_film_is_refused_and_what_lies_wrongly_is_righted(
    trained: Run, phantom_films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    film = sorted(phantom_films.glob("positive/*.png"))[0]
    upright = Image.open(film).convert("L")
    upright.transpose(Image.Transpose.ROTATE_180).save(tmp_path / "turned.png")
    ImageOps.invert(upright).transpose(Image.Transpose.ROTATE_90).save(tmp_path / "lying.png")
    Image.linear_gradient("L").save(tmp_path / "slope.png")
    paths = [tmp_path / "slope.png", film, tmp_path / "turned.png", tmp_path / "lying.png"]
    classifier = classify.load(trained)
    slope, plain, turned, lying = classifier.classify(paths)
    assert slope.as_dict() == {"file": str(paths[0]), "ok": False, "refused": True, "error": slope.error}
    assert slope.error.startswith("no frontal chest film: it looks like")
    for row, righted, words in ((turned, (180, False), "is upside down"), (lying, (90, True), "lies on its side and")):
        assert (row.turned, row.inverted) == righted
        assert row.probabilities["positive"] == pytest.approx(plain.probabilities["positive"], abs=1e-5)
        assert words in row.notes[-1]
    assert "righted" not in plain.as_dict()
    as_they_are = list(classifier.classify(paths, refuse=False))
    assert all(row.ok and row.as_dict()["refusal"] == "off" and not row.turned for row in as_they_are)
    assert slope.error.split(": ")[1] in as_they_are[0].notes[-1]
    assert as_they_are[2].probabilities["positive"] != pytest.approx(plain.probabilities["positive"], abs=1e-5)
    assert print_classified([slope, turned], "text") == 1
    assert "slope.png: refused: no frontal chest film" in capsys.readouterr().out


def test_dicom_tags_refuse_a_film(trained: Run, tmp_path: Path) -> None:
    slice_ = written(dicom_film(values_of(12, False, 2), 12, Modality="CT"), tmp_path / "slice.dcm")
    lateral = written(dicom_film(values_of(12, False, 2), 12, ViewPosition="LL"), tmp_path / "lateral.dcm")
    classifier = classify.load(trained)
    assert [row.refused for row in classifier.classify([slice_, lateral])] == [True, True]
    assert "Modality (0008,0060) is CT" in next(classifier.classify([slice_])).error
    assert "View Position (0018,5101)" in next(classifier.classify([lateral])).error


def test_many_files_come_in_order_and_in_batches(trained: Run, phantom_films: Path, tmp_path: Path) -> None:
    films = sorted(phantom_films.glob("*/*.png"))[:21]
    mixed = [path for film in films for path in (film, tmp_path / "absent")] + [tmp_path / "absent"] * 40
    rows = list(classify.load(trained).classify(mixed))
    assert [row.file for row in rows] == [str(path) for path in mixed]
    alone = [row.probabilities["positive"] for film in films[:3] for row in classify.load(trained).classify([film])]
    together = [row.probabilities["positive"] for row in rows if row.ok][:3]
    np.testing.assert_allclose(alone, together, rtol=1e-5)


def test_a_row_comes_before_the_other_films_are_read_and_nothing_is_read_after_the_last(
    trained: Run, phantom_films: Path, tmp_path: Path
) -> None:
    film = next(phantom_films.glob("positive/*.png"))
    asked = iter([tmp_path / "absent", film, *[film] * 500])
    rows = classify.load(trained).classify(asked)
    assert [next(rows).ok, next(rows).ok] == [False, True]
    rows.close()
    assert len(list(asked)) > 300  # a path is asked for when its turn comes
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("cxrtui-classify")]


def test_the_command_prints_rows_and_exits_3_if_any_failed(
    trained: Run, real_films: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    originals = sorted((real_films / "originals").iterdir())
    odd = tmp_path / os.fsdecode(b"caf\xe9.png")
    odd.write_bytes(b"")

    def call(*arguments: str | Path) -> tuple[object, str]:
        monkeypatch.setattr(sys, "argv", ["cxrtui", "classify", str(trained.folder), *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code, capsys.readouterr().out

    listed = tmp_path / "films.txt"
    listed.write_text("".join(f"{path}\n" for path in originals[1:]))
    code, out = call("--json", originals[0], "--files-from", listed)
    rows = [json.loads(line) for line in out.splitlines()]
    assert (code, len(rows)) == (3, 21)
    refused = {Path(row["file"]).name: row["error"] for row in rows if not row["ok"]}
    assert refused["16689_1_5.png"] == "no frontal chest film: it looks like a CT slice"
    unlike = "ansu-publish-ahead-of-print-10.1097.sla.0000000000003955-g001-d.png"  # white nearly throughout
    assert refused.keys() <= {"16689_1_5.png", "covid-19-pneumonia-30-L.jpg", unlike}  # the second is a lateral view
    assert not any("righted" in row for row in rows)
    code, out = call("--json", "--no-refuse", *originals)
    rows = [json.loads(line) for line in out.splitlines()]
    assert (code, len(rows)) == (0, 21)
    assert all(row["ok"] and row["refusal"] == "off" for row in rows)
    assert [Path(row["file"]).name for row in rows if "CT slice" in row["notes"][-1]] == ["16689_1_5.png"]
    code, out = call("--csv", odd, originals[0])
    assert (code, len(out.splitlines())) == (3, 3)
    code, out = call(odd, originals[0])
    assert code == 3
    assert "not for diagnosis" in out
    # Once as a process, where what is printed is bytes.
    command = [sys.executable, "-m", "cxrtui", "classify", str(trained.folder), "--json", str(odd), str(originals[0])]
    mixed = subprocess.run(command, capture_output=True, check=False)
    assert mixed.returncode == 3, mixed.stderr
    assert len(mixed.stdout.splitlines()) == 2


def test_a_run_without_a_readable_checkpoint_says_so(
    trained: Run, small: Callable[..., Config], tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="no run"):
        classify.load(tmp_path)
    empty = new_run(tmp_path, "empty")
    runner.save_config(empty, small())
    empty.events_file.touch()
    with pytest.raises(CheckpointError, match="No checkpoint"):
        classify.load(empty)
    other = Run(tmp_path / "other")
    shutil.copytree(trained.folder, other.folder)
    runner.save_config(other, small(model__stages=(1, 1, 1, 2)))
    with pytest.raises(CheckpointError, match=r"trained with model.stages=.* now says 1,1,1,2"):
        classify.load(other)
    other.config_file.write_text("[model\n")
    with pytest.raises(CheckpointError, match="cannot be read"):
        classify.load(other)


@pytest.mark.parametrize("where", ["weights/d", "weights", "progress"])
def test_a_torn_checkpoint_is_one_sentence_and_exit_4(
    trained: Run, phantom_films: Path, tmp_path: Path, where: str
) -> None:
    torn = tmp_path / "torn"
    shutil.copytree(trained.folder, torn)
    for step in (torn / "state").iterdir():
        for file in (step / where).rglob("*") if "/" in where else (step / where).iterdir():
            if file.is_file():
                file.write_bytes(file.read_bytes()[:10])
    film = next(phantom_films.glob("positive/*.png"))
    # A process of its own: Orbax reads all arrays at once, and closes its loop under the rest after a torn one.
    answer = subprocess.run(
        [sys.executable, "-m", "cxrtui", "classify", str(torn), str(film)], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 4, answer.stderr
    assert "damaged" in answer.stderr
    assert "step" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_an_evaluation_on_other_films_counts_them_all(trained: Run, phantom_films: Path) -> None:
    told: list[ev.Event] = []
    result = evaluate(trained, str(phantom_films), {}, told.append, Options(keep_seen=True))
    # These are the films of the run itself: all but its test split were seen.
    assert len(result.familiar) == 60 - trained.read().evaluations["test"].counts["films"]
    assert (
        result.caution == f"No result on unseen films: {len(result.familiar)} of 60 films are known from the training."
    )
    assert any(isinstance(event, ev.Warned) and event.code == "trained-on" for event in told)
    assert result.counts["films"] == 60
    assert result.labels == ("negative", "positive")
    assert 0 <= result.metrics["accuracy"] <= 1
    assert told
    json.dumps(result.as_dict(), allow_nan=False)


def test_several_sources_are_judged_together(
    trained: Run, phantom_films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As ``train`` joins them: each source by its name, no film lost."""
    other = tmp_path / "hospital"
    for label in ("negative", "positive"):
        (other / label).mkdir(parents=True)
        for film in sorted((phantom_films / label).glob("*.png"))[:4]:
            (other / label / f"other-{film.name}").write_bytes(film.read_bytes() + b"another file")
    result = evaluate(trained, [str(phantom_films), str(other)], {}, lambda event: None, Options(keep_seen=True))
    assert (result.source, result.counts["films"]) == ("films + hospital", 68)
    arguments = ["--data", str(phantom_films), "--data", str(other), "--set", "data.positive=positive", "--json",
                 "--keep-seen"]  # fmt: skip
    cli.main(["evaluate", str(trained.folder), *arguments], standalone_mode=False)
    answer = json.loads(capsys.readouterr().out)
    assert (answer["source"], answer["counts"]) == ("films + hospital", result.counts)


def test_notes_are_told_in_every_form(
    trained: Run, phantom_films: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plain = next(phantom_films.glob("positive/*.png"))
    noted = written(
        dicom_film(values_of(12, False, 2), 12, WindowCenter=90_000, WindowWidth=100), tmp_path / "noted.dcm"
    )
    rows = list(classify.load(trained).classify([plain, noted, tmp_path / "gone.png"], refuse=False))
    assert [len(row.notes) for row in rows] == [1, 2, 0]
    rows = [replace(row, notes=row.notes[:-1], unrefused=False) for row in rows]  # the last one is that of --no-refuse
    note = rows[1].notes[0]
    assert "its window (center 90000, width 100)" in note
    print_classified(rows, "json")
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row.get("notes") for row in printed] == [[], [note], None]
    print_classified(rows, "csv")
    assert [row["notes"] for row in csv.DictReader(capsys.readouterr().out.splitlines())] == ["", note, ""]
    print_classified(rows, "text")
    assert f"  note: {note}" in capsys.readouterr().out.splitlines()
    for item, shown in zip(rows, (False, True, False), strict=True):
        assert (note in shown_row(item, 12, 20)[2].plain) is shown
