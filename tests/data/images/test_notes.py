from __future__ import annotations

from cxrtui.data.images.notes import by_kind, warnings


def test_one_kind_whatever_the_values() -> None:
    slope = "Rescale Slope (0028,1053) is 0, which leaves one grey; taken as 1"
    intercept = "Rescale Intercept (0028,1052) is missing; taken as 0"
    noted = [
        ("a", ["its window (center 5000, width 20.5) leaves 1 of 256 greys; its own range was used", slope]),
        ("b", ["its window (center -40, width 1e-05) leaves 1 of 256 greys; its own range was used"]),
        ("c", ["its window (center 5000, width 20.5) leaves 1 of 256 greys; its own range was used", intercept]),
        ("d", ["its window (center 5000, width 20.5) leaves 1 of 256 greys; its own range was used"]),
    ]
    kinds = by_kind(noted)
    assert [(kind.text, kind.names) for kind in kinds] == [
        ("its window (center …, width …) leaves 1 of 256 greys; its own range was used", ["a", "b", "c", "d"]),
        (slope, ["a"]),
        (intercept, ["c"]),
    ]
    first, second, _ = warnings(kinds)
    assert first.message == (
        "Of 4 films: its window (center …, width …) leaves 1 of 256 greys; its own range was used (a, b, c and 1 more)."
    )
    assert (second.code, second.message) == ("film-notes", f"Of 1 film: {slope} (a).")


def test_a_log_does_not_drown_in_kinds() -> None:
    said = warnings(by_kind((f"film {n}", [f"remark {chr(97 + n)}"]) for n in range(25)))
    assert len(said) == 21
    assert said[-1].message == "5 rarer remarks on films; data inspect lists them."
