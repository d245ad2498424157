from __future__ import annotations

import csv
import json

from cxrtui.evaluation.rows import COLUMNS, Classified, lines

ROWS = [
    Classified("a.png", True, "COVID-19", {"No": 0.25, "COVID-19": 0.75}, 0.5, notes=("inverted", "cut")),
    Classified("=b.png", False, error="the file is empty"),
    Classified("ct.png", False, error="no frontal chest film", refused=True),
    Classified("c.png", True, "No", {"No": 0.75, "COVID-19": 0.25}, 0.5, turned=180, inverted=True),
    Classified("d.png", True, "No", {"No": 0.75, "COVID-19": 0.25}, 0.5, unrefused=True),
]


def test_each_row_is_a_line_that_can_be_read_back() -> None:
    assert [json.loads(line)["ok"] for line in lines(ROWS, "json")] == [True, False, False, True, True]
    texts = list(lines(ROWS, "csv"))
    assert texts[0].startswith(",".join(COLUMNS) + "\n")
    first, second, *others = csv.DictReader("".join(texts).splitlines())
    assert (first["positive"], first["probability"], first["notes"]) == ("COVID-19", "0.75", "inverted; cut")
    assert (second["file"], second["ok"], second["probability"]) == ("./=b.png", "False", "")
    assert [row["refused"] for row in (first, second, *others)] == ["False", "False", "True", "False", "False"]
    assert list(lines([], "csv")) == []


def test_a_row_says_that_its_film_was_refused_or_righted_or_not_to_be_refused() -> None:
    plain, unreadable, refused, righted, unrefused = (row.as_dict() for row in ROWS)
    assert refused == {"file": "ct.png", "ok": False, "refused": True, "error": "no frontal chest film"}
    assert "refused" not in unreadable
    assert righted["righted"] == {"turned": 180, "inverted": True}
    assert unrefused["refusal"] == "off"
    assert not {"righted", "refusal", "refused"} & set(plain)
