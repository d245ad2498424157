from __future__ import annotations

import math

import pytest

from cxrtui.durations import age, duration


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, "–"), (math.nan, "–"), (math.inf, "–"), (-1, "–"), (0, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"),
     (80, "1 min 20 s"), (599, "9 min 59 s"), (700, "11 min"), (3600, "1 h 00 min"), (7500, "2 h 05 min"),
     (48 * 3600, "2 d"), (3e5, "3 d")],
)  # fmt: skip
def test_a_duration_in_words(seconds: float | None, words: str) -> None:
    assert duration(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-5, "0 s"), (math.nan, "0 s"), (0, "0 s"), (59.9, "59 s"), (60, "1 min"), (7199, "1 h"), (86399, "23 h"),
     (3 * 86400, "3 d")],
)  # fmt: skip
def test_an_age_in_words(seconds: float, words: str) -> None:
    assert age(seconds) == words
