"""What is asked of the films at a path while its text is typed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cxrtui.data.films import Collection, Film
from cxrtui.errors import Cancelled, DataError
from cxrtui.settings.config import DataConfig
from cxrtui.tui.backend import Backend
from cxrtui.tui.surveys import Survey, Surveys, above_home


class Posted:
    """Receives surveys in their thread."""

    def __init__(self) -> None:
        self.surveys: list[Survey] = []
        self.came = threading.Semaphore(0)

    def __call__(self, survey: Survey) -> None:
        self.surveys.append(survey)
        self.came.release()


def collection(path: Path) -> Collection:
    films = tuple(
        Film(root=path, name=f"{place}", label=label, patient=patient)
        for place, (label, patient) in enumerate([("COVID-19", "a"), ("COVID-19", "a"), ("Normal", "b")])
    )
    return Collection(films=films, root=path, layout="class-folders", found={"COVID-19": 2, "Normal": 1})


def test_a_survey_counts_films_and_patients(tmp_path: Path) -> None:
    survey = Survey.of("x", collection(tmp_path), ("all",))
    assert (survey.films, survey.classes, survey.about) == (3, "COVID-19 2, Normal 1", "2 patients · class-folders")
    assert Survey("x").about == ""


def test_a_path_that_did_not_change_is_walked_once(tmp_path: Path) -> None:
    walked: list[Path] = []

    def survey(path: Path, on_progress: Any) -> Collection:
        walked.append(path)
        return collection(path)

    posted = Posted()
    surveys = Surveys(Backend(survey=survey), posted)
    for text in (str(tmp_path), f"{tmp_path}/", str(tmp_path)):
        surveys.ask(text)
        assert posted.came.acquire(timeout=20)
        assert posted.surveys[-1].path == text
    assert walked == [tmp_path]
    (tmp_path / "more").mkdir()
    surveys.ask(str(tmp_path))
    assert posted.came.acquire(timeout=20)
    assert len(walked) == 2


def test_films_that_the_settings_leave_out_are_not_counted(tmp_path: Path) -> None:
    excluded = tmp_path / "excluded.txt"
    posted = Posted()
    surveys = Surveys(Backend(survey=lambda path, on_progress: collection(path)), posted)
    for lines, counts in (("0\n", (2, 2)), ("0\n2\n", (1, 1))):
        excluded.write_text(lines)
        surveys.ask(str(tmp_path), DataConfig(exclude=str(excluded)))
        assert posted.came.acquire(timeout=20)
        assert (posted.surveys[-1].films, posted.surveys[-1].patients) == counts


def test_a_newer_request_ends_the_one_before(tmp_path: Path) -> None:
    begun, ended = threading.Event(), list[str]()

    def survey(path: Path, on_progress: Callable[[str, int, int], None]) -> Collection:
        if path.name == "slow":
            begun.set()
            try:
                while True:
                    on_progress("reading folder", 32, 0)
            except Cancelled:
                ended.append(path.name)
                raise
        return collection(path)

    posted = Posted()
    surveys = Surveys(Backend(survey=survey), posted)
    surveys.ask(str(tmp_path / "slow"))
    assert begun.wait(20)
    surveys.ask(str(tmp_path / "between"))  # may be overtaken; whichever is asked last is answered
    surveys.ask(str(tmp_path / "quick"))
    assert posted.came.acquire(timeout=20)
    while posted.surveys[-1].path != str(tmp_path / "quick"):
        assert posted.came.acquire(timeout=20)
    assert ended == ["slow"]
    assert str(tmp_path / "slow") not in {item.path for item in posted.surveys}


@pytest.mark.parametrize(("error", "words"), [(DataError("No films found."), "No films"), (OSError(13, "no"), "no")])
def test_why_a_path_cannot_be_used(tmp_path: Path, error: Exception, words: str) -> None:
    def survey(path: Path, on_progress: Any) -> Collection:
        raise error

    posted = Posted()
    Surveys(Backend(survey=survey), posted).ask(str(tmp_path))
    assert posted.came.acquire(timeout=20)
    assert words in posted.surveys[0].error


def test_what_lies_above_the_users_folder_is_not_walked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert all(above_home(text) for text in ("/", str(tmp_path), f"{tmp_path}/"))
    assert not any(above_home(text) for text in ("~", "~/films", str(tmp_path / "films"), "films"))
