"""No message that a screen shows of the films or the weights speaks of the command line."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from cxrtui.data.sources.suggestions import example
from cxrtui.runs import advice
from cxrtui.runs.folder import Run
from cxrtui.tui.wording import in_fields, in_keys
from cxrtui.weights import input_range

ROOT = Path(__file__).parents[2] / "cxrtui"
FOLDERS = (ROOT / "data" / "sources", ROOT / "data" / "confounders", ROOT / "data" / "inspect" / "sections")
FILES = sorted(file for folder in FOLDERS for file in folder.rglob("*.py"))


def text_of(node: ast.JoinedStr | ast.Constant) -> str:
    """The text of a literal; what is filled in is a word."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "WORD" for part in node.values)


def texts(files: list[Path]) -> Iterator[tuple[str, str]]:
    """Every text of the code, with its file; docstrings are none."""
    for file in files:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        statements = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        inner = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in ast.walk(tree):
            if isinstance(node, (ast.JoinedStr, ast.Constant)) and id(node) not in statements | inner:
                yield file.name, text_of(node)


MESSAGES = [
    (name, text) for name, text in texts(FILES)
    if ("--data" in text or "--set" in text) and not text.startswith("--set")  # that is a part of `example`
]  # fmt: skip
OF_WEIGHTS = [
    (name, text) for name, text in texts(sorted((ROOT / "weights").rglob("*.py")))
    if ("cxrtui weights" in text or " --" in text or "(--" in text)
    # Not what a card on the shelf says, the command that `asked` puts in its message, and what is said of checkpoints.
    and name not in ("cards.py", "input_range.py", "checkpoints.py", "states.py")
    and " takes" not in text and " are taken " not in text
]  # fmt: skip


def test_a_protocol_that_did_not_begin_says_so_in_fields() -> None:
    file = ROOT / "data" / "prepared" / "held_out.py"
    advice = [in_fields(text) for _, text in texts([file]) if "--" in text and "--external" not in text]
    assert len(advice) == 3
    assert not [said for said in advice if "--" in said]
    assert any("their paths in the field Data, with commas, or choose patient-kfold (^y)." in said for said in advice)


def test_there_are_such_messages() -> None:
    assert len(MESSAGES) >= 10
    assert len(OF_WEIGHTS) >= 10
    assert {"labels.py", "joining.py", "nih.py"} <= {name for name, _ in MESSAGES}


@pytest.mark.parametrize(("name", "text"), MESSAGES, ids=[name for name, _ in MESSAGES])
def test_an_option_is_said_in_fields(name: str, text: str) -> None:
    said = in_fields(text)
    assert "--data" not in said
    assert "--set" not in said
    assert "  " not in said


@pytest.mark.parametrize("here", [False, True])
@pytest.mark.parametrize(("name", "text"), OF_WEIGHTS, ids=[name for name, _ in OF_WEIGHTS])
def test_a_command_is_said_in_keys(name: str, text: str, here: bool) -> None:
    said = in_keys(text.format("the default ones", "imagenet"), here=here)
    assert "cxrtui" not in said
    assert "--" not in said
    assert "  " not in said


def test_what_a_file_does_not_tell_is_said_on_the_shelf() -> None:
    said = in_keys(input_range.asked(Path("a film.pth")))
    assert "put it on the shelf (f3, then p), with its range in the field Range: " in said
    assert input_range.HOW in said
    assert "cxrtui" not in said
    said = in_keys("x holds 2 networks: choose one and put it on the shelf with: cxrtui weights port 'a b' --prefix "
                   "'m.x' --out NAME", here=True)  # fmt: skip
    assert said == "x holds 2 networks: choose one and put it on the shelf (p), with 'm.x' in the field Prefix"


@pytest.mark.parametrize(
    ("plus", "minus", "words"),
    [
        ((), (), "with the fields Positive and Negative of the form"),
        (("COVID-19",), ("No Finding",), "for example with COVID-19 in the field Positive and No Finding in the field"),
        (("COVID-19",), ("*",), "with COVID-19 in the field Positive and * in the field Negative of the form"),
        (("a, b", "c.d"), ("No (finding)",), r"with a\, b,c.d in the field Positive and No (finding) in the field"),
    ],
)
def test_the_example_of_both_classes(plus: tuple[str, ...], minus: tuple[str, ...], words: str) -> None:
    said = in_fields(f"It is not clear which classes count; say it, {example(plus, minus)} (or '*', all others)")
    assert words in said
    assert "--set" not in said
    assert said.endswith("(or '*', all others)")


def test_where_films_have_moved_the_dialog_asks_below() -> None:
    command = advice.resume(Run(Path("checkpoints/mine")), data=True)
    said = in_fields(f"Bring the old ones back, say where they lie with: {command} (or start a new run).")
    assert said == "Bring the old ones back, say below where they are now (or start a new run)."


def test_other_texts_stay_as_they_are() -> None:
    text = "films/--data.png: the file is empty; 12 of 124 films cannot be read"
    assert in_fields(text) == text
