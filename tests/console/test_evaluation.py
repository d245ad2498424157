"""An evaluation as text: it fits 80 columns, whatever the groups are called, and gaps in the numbers are dashes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from rich.cells import cell_len

from cxrtui import strict_json
from cxrtui.console.canvas import Canvas, framed
from cxrtui.console.evaluation import evaluation_lines, heading
from cxrtui.console.plots import plot_lines
from cxrtui.console.runs import print_evaluations
from cxrtui.evaluation.abstain import abstain
from cxrtui.evaluation.measures import Films, measure
from cxrtui.evaluation.operation import set_operation
from cxrtui.evaluation.wording import estimate
from cxrtui.runs.folder import Run
from cxrtui.runs.state import fold_all
from cxrtui.settings import config
from cxrtui.statistics.operating_point import confusion
from tests.event_samples import whole_run

LABELS = ("No finding of any kind that would matter", "COVID-19")


def _body(count: int = 90) -> dict[str, object]:
    random = np.random.default_rng(1)
    labels = (np.arange(count) % 3 == 0).astype(np.int32)
    scores = 1 / (1 + np.exp(-(3.0 * labels - 1.0 + random.normal(size=count) * 1.5)))
    groups = ["a hospital with a name of many words, and a city", "肺炎肺炎肺炎肺炎肺炎肺炎", "c", ""]
    settings = config.resolve({"run.operating_point": "sensitivity>=0.95"}).run
    operation = set_operation(settings, labels, scores)
    patients = [f"p{place // 2}" for place in range(count)]
    films = Films(labels, scores, patients, {"source": [groups[place % 4] for place in range(count)]})
    shown = operation.calibration(scores)
    body = {
        "counts": confusion(labels, shown, operation.threshold),
        **measure(films, operation, prevalence=0.02).as_dict(),
        "abstain": abstain(labels, shown, operation.threshold, patients, 0.1).as_dict(),
        "against": {"model": "other", "differences": {"auroc": {"value": -0.012, "low": -0.05, "high": 0.02,
                    "error": 0.018, "detectable": 0.05}}, "films_differing": 4, "why_not": None,
                    "delong": {"p": 0.51}},
    }  # fmt: skip
    read: dict[str, object] = json.loads(strict_json.dumps(body))
    return read


def test_what_is_printed_fits_80_columns_and_begins_with_what_counts() -> None:
    body = _body()
    lines = [*heading(body, LABELS), *evaluation_lines(body), *plot_lines(body["curves"], LABELS, fine=True)]  # type: ignore[arg-type]
    assert max(map(cell_len, lines)) <= 80
    text = "\n".join(lines)
    assert re.search(r"^AUROC +0\.\d{3} \[0\.\d{3}–\d\.\d{3}\]", text, re.MULTILINE)
    assert re.search(r"^sensitivity +\d+\.\d % \[.*\]\*? \d+/30 ", text, re.MULTILINE)
    for word in ("prevalence of 2.0 %, as stated", "95 % was the target", "temperature", "by source", "(not known)",
                 "abstaining", "minus other", "could have been shown", "p = 0.51"):  # fmt: skip
        assert word in " ".join(text.split())


def test_the_plots_are_the_numbers() -> None:
    canvas = Canvas(10, 4, fine=False)
    canvas.line([(0.0, 0.0), (0.0, 1.0), (1.0, 1.0)])
    assert canvas.rows() == ["*" * 10, *["*" + " " * 9] * 3]
    assert [len(row) for row in framed(canvas, "title", "below")] == [17] * 7
    fine = Canvas(2, 1)
    fine.point(0.0, 1.0)
    fine.point(0.99, 0.0)
    assert fine.rows() == ["⠁⢀"]
    plain = "\n".join(plot_lines(_body()["curves"], LABELS, fine=False))  # type: ignore[arg-type]
    assert plain.isascii() is False  # the bounds of a bin are joined by a dash
    assert "⠁" not in plain
    assert "*" in plain


@pytest.mark.parametrize(
    ("metric", "body", "text"),
    [
        ("sensitivity", {"value": 1.0, "low": 0.83, "high": 1.0, "exact": True}, "100.0 % [83.0–100.0]*"),
        ("auroc", {"value": None, "low": None, "high": None}, "–"),
        ("auroc", {"value": 1.0, "low": None, "high": None}, "1.000"),
        ("positive_likelihood_ratio", {"value": 15.0, "low": 5.5, "high": None}, "15.00 [5.50–∞]"),
        ("mcc", {"value": -0.042, "low": -0.137, "high": 0.092}, "−0.042 [−0.137 to 0.092]"),
        ("positive_likelihood_ratio", {"value": float("inf"), "low": 5.5, "high": float("inf")}, "∞ [5.50–∞]"),
    ],
)
def test_an_estimate_as_text(metric: str, body: dict[str, object], text: str) -> None:
    assert estimate(metric, body) == text


def test_curves_that_are_gone_are_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    state, run = fold_all(whole_run()), Run(tmp_path / "r")
    print_evaluations(state, run, plots=True)
    assert "no curves: evaluation/test.json is missing" in capsys.readouterr().out
    print_evaluations(state, run)
    assert "no curves" not in capsys.readouterr().out
