"""The last door before the terminal: what is printed stands there and does nothing else."""

from __future__ import annotations

import ast
import io
import subprocess
import sys
from pathlib import Path

import pytest
from rich.table import Table

import cxrtui
from cxrtui.console import terminal
from cxrtui.console.rich_text import PrintableConsole
from tests.hostile import TEXT, acts


def test_a_stream_is_printable_and_its_lines_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", out := io.StringIO())
    with terminal.guarded():
        print(f"a\tb\n{TEXT}\r\n50 %\r100 %")
        assert not sys.stdout.isatty()
    assert sys.stdout is out
    assert acts(out.getvalue().replace("\t", "")) == []
    assert out.getvalue().startswith("a\tb\n\\x1b]0;PWN")
    assert out.getvalue().endswith("\n50 %\n100 %\n")


def test_only_the_console_passes_with_its_own_styles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", out := io.StringIO())
    table = Table("[bold]head", box=None)
    table.add_row(TEXT)
    with terminal.guarded():
        console = PrintableConsole(force_terminal=True, color_system="standard", width=200)
        console.print(table)
        console.print(f"[red]{TEXT}", style="green")
    said = out.getvalue()
    assert "\x1b[32m" in said
    assert "[bold]head" in said
    assert "[red]\\x1b]0;PWN" in said
    assert ":bomb:" in said
    for style in ("\x1b[32m", "\x1b[1m", "\x1b[0m"):
        said = said.replace(style, "")
    assert acts(said) == []


def test_a_console_shows_no_link(monkeypatch: pytest.MonkeyPatch) -> None:
    from rich.text import Text

    monkeypatch.setattr(sys, "stdout", out := io.StringIO())
    console = PrintableConsole(force_terminal=True, color_system="standard")
    console.print(Text("here", style="link https://example.org"))
    assert "example.org" not in out.getvalue()


@pytest.mark.parametrize(
    "code",
    ["import warnings; warnings.warn({text!r})", "import logging; logging.warning({text!r})",
     "raise ValueError({text!r})", "import sys; print({text!r}, file=sys.stderr)"],
)  # fmt: skip
def test_what_libraries_say_goes_through_the_door(code: str) -> None:
    script = (
        "import sys; from cxrtui.console.terminal import guarded\n"
        "import traceback\n"
        "with guarded():\n"
        "    try:\n"
        f"        {code.format(text=TEXT)}\n"
        "    except ValueError:\n"
        "        traceback.print_exc()\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert "\\x1b]0;PWN" in done.stderr
    assert acts(done.stderr) == []


def _sources() -> list[Path]:
    return sorted(Path(cxrtui.__file__).parent.rglob("*.py"))


def test_no_other_console_is_made() -> None:
    """Rich's own takes brackets for markup and lets escapes through."""
    for file in _sources():
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Console":
                pytest.fail(f"{file}:{node.lineno} makes a console of Rich's own")
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "TextColumn":
                assert any(item.arg == "markup" for item in node.keywords), f"{file}:{node.lineno} reads markup"
