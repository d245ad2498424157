"""MIDRC-RICORD-1c with what is published beside its films."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from openpyxl import Workbook

from cxrtui.data.sources.collect import read_source
from tests.data.sources.test_tags import write

HEADER = ("Anon MRN", "Anon TCIA Study Date", "Anon Exam Description", "Age at Imaging", "Sex", "Anon Study UID")


@pytest.fixture
def films(tmp_path: Path) -> Path:
    """Two films of one patient in two studies, one of another; the tags say neither sex nor age."""
    home = tmp_path / "manifest-1610656454899" / "MIDRC-RICORD-1C"
    for number, place in enumerate((
        "MIDRC-RICORD-1C-SITE2-000105/01-08-2001-NA-NA-65881", "MIDRC-RICORD-1C-SITE2-000105/02-08-2002-NA-NA-65882",
        "MIDRC-RICORD-1C-419639-000002/10-12-2002-NA-XR CHEST 1 VIEW AP-10161",
    )):  # fmt: skip
        write(home / place / "1.000000-NA-17480" / "1-1.dcm", number, PatientSex=None, PatientAge=None)
    return tmp_path


def workbook(path: Path, rows: Sequence[Sequence[object]]) -> None:
    book = Workbook()
    book.active.append(("MIDRC-RICORD-1c", "read me"))
    sheet = book.create_sheet("CR Pos - TCIA Submission")
    for row in rows:
        sheet.append(tuple(row))
    book.save(path)


def test_sex_and_age_come_from_the_sheet_that_has_them(films: Path) -> None:
    workbook(films / "MIDRC-RICORD-1c Clinical Data Jan 13 2021 .xlsx", [
        HEADER, ("SITE2-000105", "1/8/2001", "NA", 61, "F", "1.3.6.1.4.1.14519.5.2.1.99.1071.65881"),
        ("SITE2-000105", "2/8/2002", "NA", 62, "F", "1.3.6.1.4.1.14519.5.2.1.99.1071.65882"),
        ("SITE2-000999", "2/8/2002", "NA", 50, "M", "1.3.6.1.4.1.14519.5.2.1.99.1071.11111"),
    ])  # fmt: skip
    (films / "1c_mdai_annotations.json").write_text('{"labelGroups": [], "datasets": []}')
    for path in (films, films / "manifest-1610656454899"):
        found = read_source(path)
        assert (found.layout, found.found) == ("ricord", {"COVID-19": 3})  # whatever the readers saw
    found = read_source(films)
    said = {film.path.parts[-3][-5:]: (film.patient, film.sex, film.age, film.view) for film in found.films}
    assert said == {
        "65881": ("MIDRC-RICORD-1C-SITE2-000105", "F", "61", "PA"),
        "65882": ("MIDRC-RICORD-1C-SITE2-000105", "F", "62", "PA"),
        "10161": ("MIDRC-RICORD-1C-419639-000002", "", "", "PA"),
    }
    assert found.left_out == {
        "a file of annotations, not read (every film is positive by RT-PCR)": 1,
        "a patient of the clinical data without a film here": 1,
    }


@pytest.mark.parametrize(("rows", "reason"), [
    ([("Patient", "Label"), ("105", "Typical")], "a table that cannot be read, or has no Anon MRN and Anon Study UID"),
    ([("Anon MRN", "Anon Study UID"), ("SITE2-000105", "1.2.65881")], "a table of clinical data without sex and age"),
    (None, "a table that cannot be read, or has no Anon MRN and Anon Study UID"),
])  # fmt: skip
def test_what_is_not_understood_is_said(films: Path, rows: list[tuple[str, str]] | None, reason: str) -> None:
    if rows is None:
        (films / "clinical.xlsx").write_bytes(b"torn")
    else:
        workbook(films / "clinical.xlsx", rows)
    found = read_source(films)
    assert len(found.films) == 3
    assert found.left_out == {reason: 1}
