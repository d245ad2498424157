"""Text of other hands that is to be shown: nothing in it may do anything to a terminal."""

from __future__ import annotations

import sys
import unicodedata

import pytest

from cxrtui.errors import DataError
from cxrtui.printable import printable, printable_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("a\nb\tc\rd\x00\x7f\x9b", "a\\x0ab\\x09c\\x0dd\\x00\\x7f\\x9b"),
        ("x\u202egpj\u2066\u2069", "x\\u202egpj\\u2066\\u2069"),
        ("zero\u200bwidth\u00ad\ufeff", "zero\\u200bwidth\\xad\\ufeff"),
        ("line\u2028end\u2029", "line\\u2028end\\u2029"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("byte\udcff", "byte\\xff"),
        ("lone\ud800", "lone\\ud800"),
        ("filler\u3164", "filler\\u3164"),
        ("Größe 肺炎 ковид e\u0301 \u00a0 👍 العربية", "Größe 肺炎 ковид e\u0301 \u00a0 👍 العربية"),
    ],
)
def test_what_is_shown(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert printable(shown) == shown


def test_no_code_point_gets_through() -> None:
    for code in range(sys.maxunicode + 1):
        if unicodedata.category(chr(code)) in ("Cc", "Cf", "Cs", "Zl", "Zp", "Cn"):
            assert printable(chr(code)).isascii(), hex(code)


def test_line_feeds_stay_where_lines_are_meant() -> None:
    assert printable_lines("a\x1b\nb\u202e\n") == "a\\x1b\nb\\u202e\n"


def test_an_error_is_printable_whatever_it_quotes() -> None:
    assert str(DataError("No such file: \x1b]0;x\x07\udcff\u202e.")) == "No such file: \\x1b]0;x\\x07\\xff\\u202e."
