"""One meaning for a word, however it is spelt and wherever it stands."""

from __future__ import annotations

import subprocess
import sys

import pytest

from cxrtui.data.findings import COVID, NORMAL, NOT_COVID, canonical, findings, missing, no_patient, same_finding


@pytest.mark.parametrize(("cell", "listed"), [
    ("COVID-19|Pneumonia", ("COVID-19", "Pneumonia")),
    ("COVID-19; ARDS", ("COVID-19", "ARDS")),
    ("COVID-19, ARDS,", ("COVID-19", "ARDS")),
    ("Effusion/Mass", ("Effusion", "Mass")),
    ("COVID-19/Pneumonia", ("COVID-19", "Pneumonia")),
    ("COVID-19 / Pneumonia", ("COVID-19", "Pneumonia")),
    ("COVID-19 + ARDS\nEffusion", ("COVID-19", "ARDS", "Effusion")),
    ("['COVID 19', 'pneumonia']", ("COVID 19", "pneumonia")),
    ("['COVID 19' 'pneumonia']", ("COVID 19", "pneumonia")),
    ("array(['a', 'b'], dtype=object)", ("a", "b")),
    ("[COVID-19, ARDS]", ("COVID-19", "ARDS")),
    ("('a', 'b')", ("a", "b")),
    ("[\"Parkinson's\", 'COVID-19']", ("Parkinson's", "COVID-19")),
    ('"COVID-19"', ("COVID-19",)),
    ('"COVID-19", "ARDS"', ("COVID-19", "ARDS")),
    ("COVID-19\uff0cARDS\u3001Effusion\uff1bMass", ("COVID-19", "ARDS", "Effusion", "Mass")),
    ("frozenset({'COVID-19'})", ("COVID-19",)),
    ("COVID-19|nan|COVID-19", ("COVID-19",)),
    ("Pneumonia/Viral/COVID-19", ("Pneumonia/Viral/COVID-19",)),
    ("Pneumonia/Viral/COVID-19, ARDS", ("Pneumonia/Viral/COVID-19", "ARDS")),
    ("No Lung Opacity / Not Normal", ("No Lung Opacity / Not Normal",)),
    ("COVID-19 w/o ARDS", ("COVID-19 w/o ARDS",)),
    ("{'COVID-19': 1, 'ARDS': 0}", ("COVID-19",)), ("{'COVID-19': 0.0, 'Normal': 1.0}", ("Normal",)),
    ('{"COVID-19": true, "ARDS": false, "Mass": null}', ("COVID-19",)),
    ("{'COVID-19': 'no', 'ARDS': 'yes'}", ("ARDS",)),
    ("{'finding': 'COVID-19'}", ("COVID-19",)), ("{'COVID-19': 0}", ()), ("{'COVID-19', 'ARDS'}", ("COVID-19", "ARDS")),
    ("N/A", ()), ("[]", ()), ("['nan', None]", ()), ("nan;NaN", ()),
])  # fmt: skip
def test_a_cell_is_its_findings(cell: str, listed: tuple[str, ...]) -> None:
    assert findings(cell) == listed
    assert missing(cell) == (not listed) or cell == "nan;NaN"


@pytest.mark.slow
def test_no_cell_takes_longer_than_its_length() -> None:
    """Steps by the square of such a cell's length take minutes; the limit is a guard against that alone."""
    program = """
from cxrtui.data.findings import findings, missing, no_patient
for piece in ("{'", "'a': ", "'a': 1, ", "{", " ", "nan ", "':", "','"):
    pieces = piece * (100_000 // len(piece))
    for cell in ("{" + pieces + "}", "{'a':" + pieces + "x'}"):
        findings(cell), missing(cell), no_patient(cell)
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


@pytest.mark.parametrize("word", [
    "", "  ", "nan", "NaN", "None", "NONE", "NA", "N/A", "n.a.", "null", "NULL", "-", "--", "?", "<NA>", "#N/A",
    "'nan'", "unknown", "[None]", "nan.", "<null>", "#DIV/0!", "not stated", "\u200b",
    "NOT_AVAILABLE", "not-recorded", "N\\A", "n/k", "nan nan", "None_None", "nan " * 9, "no information",
    "not determined",
])  # fmt: skip
def test_nothing_is_given(word: str) -> None:
    assert missing(word)
    assert no_patient(word)


@pytest.mark.parametrize(
    "word",
    [
        "No finding",
        "No",
        "0",
        "False",
        "Normal",
        "negative",
        "Nantes",
        "none of these",
        "no no",
        "N S",
        "nan " * 9 + "COVID",
    ],
)
def test_a_word_for_a_finding_is_given(word: str) -> None:
    assert not missing(word)


@pytest.mark.parametrize("word", [
    "anonymous", "ANON", "Anonymized", "Anonymised", "anon^patient", "unknown", "Unknown patient", "0", "0.0",
    "00000000", "XXXX", "0000-0000", "-1", "-999", "***", "####", "Anonymous^Anonymous",
    "[removed]", "Doe^John",
     "test", "TEST^PATIENT", "patient", "Patient ID", "de-identified", "no name", "no_id", "removed",
    "null^null", "UNKNOWN^UNKNOWN", "ID_UNKNOWN", "patient unknown", "PatientID", "subject_id", "unknown (anonymized)",
])  # fmt: skip
def test_nobody(word: str) -> None:
    assert no_patient(word)


@pytest.mark.parametrize(
    "word",
    [
        "0012",
        "00000001",
        "1",
        "patient1",
        "patient 0012",
        "ANON1",
        "P0",
        "x12",
        "test3",
        "N-1",
        "12-3",
        "NS",
        "NK",
        "id7",
    ],
)
def test_a_patient(word: str) -> None:
    assert not no_patient(word)


@pytest.mark.parametrize(("key", "spellings"), [
    (COVID, ["COVID-19", "COVID19", "Covid", "covid_19", "Covid 2019", "SARS-CoV-2", "SARS_CoV2", "2019-nCoV",
             "nCoV-2019", "coronavirus", "Coronavirus Disease 2019 (COVID-19)", "COVID-19 pneumonia", "COVID_19 cases",
             "Corona",
             "covid+", "COVID-19 (+)", "COVID-19_positive", "Covid\u201119", "COVID X-rays", "'COVID-19'"]),
    (NORMAL, ["Normal", "NORMAL", "Healthy", "No finding", "No_findings", "NoFindings", "No Finding ", "no-findings",
              "negative control", "Healthy controls", "Normal_CXR", "No abnormalities", "normal cases"]),
    (NOT_COVID, ["non-COVID", "Non Covid", "no covid", "COVID-19 negative", "COVID-", "covid (-)",
                 "SARS-CoV-2 negative"]),
    ("lungopacity", ["Lung_Opacity", "Lung Opacities", "lung-opacity"]),
    ("1", ["1", "1.0", "+1", "01"]),
])  # fmt: skip
def test_spellings_are_one_finding(key: str, spellings: list[str]) -> None:
    assert {spelling: canonical(spelling) for spelling in spellings} == dict.fromkeys(spellings, key)


@pytest.mark.parametrize(("one", "other"), [
    ("Normal", "non-COVID"), ("COVID-19", "non-COVID"), ("COVID-19", "COVID-19 uncertain"), ("COVID", "COVID-"),
    ("Normal", "Not Normal"), ("Normal", "abnormal"), ("SARS", "SARS-CoV-2"), ("1", "-1"), ("Normal", "negative"),
    ("COVID-19", "suspected COVID-19"), ("pneumonia", "no pneumonia"), ("COVID-19", "post-COVID"), ("+", "-"),
    ("MERS-CoV", "SARS-CoV-2"), ("Control", "Normal"), ("10", "1.0"),
])  # fmt: skip
def test_these_are_two_findings(one: str, other: str) -> None:
    assert not same_finding(one, other)
