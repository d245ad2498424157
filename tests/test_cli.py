"""The command line: what it imports, what it refuses, what it says."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest

from cxrtui.cli import cli, main
from cxrtui.cli.images import all_files
from cxrtui.cli.shared import Context
from cxrtui.errors import UsageError
from cxrtui.settings.config import known_keys
from cxrtui.workspace import Workspace
from tests.conftest import SMALL
from tests.event_samples import whole_run
from tests.typed_commands import context_of, parsed, words_of

Call = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def cxrtui(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Call]:
    """Runs the command line in this process, in a folder of its own, with nothing to read on stdin."""
    with Path(os.devnull).open() as nothing:

        def call(*arguments: str) -> subprocess.CompletedProcess[str]:
            monkeypatch.setattr(sys, "argv", ["cxrtui", *arguments])
            with pytest.raises(SystemExit) as ended:
                main()
            return subprocess.CompletedProcess(arguments, int(ended.value.code or 0), *capsys.readouterr())

        monkeypatch.setattr(sys, "stdin", nothing)
        monkeypatch.chdir(tmp_path)
        yield call


def test_a_process_has_the_exit_code_and_the_sentence_on_stderr(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cxrtui", "--headless", "train", "--data", "x", "--set", "optim.epoch=3"]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert answer.stderr.startswith("cxrtui: ")
    assert "optim.epochs" in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_ctrl_c_while_modules_are_imported_is_one_word(tmp_path: Path) -> None:
    pressed = textwrap.dedent("""
        import os, signal, sys

        class Pressed:
            def find_spec(self, name, *_):
                if name == "cxrtui.cli.tune":
                    os.kill(os.getpid(), signal.SIGINT)

        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell in the background may have it ignored
        sys.meta_path.insert(0, Pressed())
        from cxrtui.__main__ import main

        main()
    """)
    command = [sys.executable, "-c", pressed, "runs", "list"]
    answer = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stdout, answer.stderr) == (130, "", "interrupted\n")


def test_a_film_without_permission_reaches_classify_which_gives_it_a_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = tmp_path / "locked.png"
    film.touch()
    monkeypatch.setattr(os, "access", lambda *_, **__: False)  # root, who may run the tests, reads all files
    command = cli.commands["classify"]
    assert command.make_context("classify", ["mine", str(film)], parent=click.Context(cli)).params["files"] == (
        str(film),
    )


@pytest.mark.parametrize(("body", "files"), [
    (b"a.png\nb c.png\n\n", ("a.png", "b c.png")), (b"a.png\0new\nline.png\0", ("a.png", "new\nline.png")),
])  # fmt: skip
def test_a_list_of_files_has_lines_or_null_bytes(tmp_path: Path, body: bytes, files: tuple[str, ...]) -> None:
    (tmp_path / "list").write_bytes(body)
    assert all_files((), str(tmp_path / "list")) == files


def test_a_full_disk_under_stdout_is_one_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cxrtui", "runs", "list"]
    with Path("/dev/full").open("w") as full:
        answer = subprocess.run(command, cwd=tmp_path, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert answer.returncode == 2
    assert answer.stderr == "cxrtui: What this prints to cannot be used (no space left on device); make room.\n"


@pytest.mark.parametrize(
    ("arguments", "forbidden"),
    [
        (["--help"], {"jax", "flax", "numpy", "textual", "sklearn", "PIL", "rich"}),
        (["train", "--help"], {"jax", "flax", "numpy", "textual"}),
        (["runs", "list"], {"jax", "flax", "textual"}),
        (["weights", "list"], {"jax", "flax", "numpy", "textual", "huggingface_hub"}),
        (["--headless", "train", "--data", "absent", "--init", "random"], {"textual"}),
    ],
)
def test_what_a_command_never_imports(tmp_path: Path, arguments: list[str], forbidden: set[str]) -> None:
    code = (
        "import sys\nfrom cxrtui.cli import main\nsys.argv = ['cxrtui', *sys.argv[1:]]\n"
        "try:\n    main()\nfinally:\n    print('LOADED', *sorted(sys.modules))\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code, *arguments], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    loaded = set(next(line for line in answer.stdout.splitlines() if line.startswith("LOADED")).split())
    assert "cxrtui.cli" in loaded
    assert not forbidden & loaded


def commands(command: click.Command, path: tuple[str, ...] = ()) -> dict[tuple[str, ...], click.Command]:
    """A command and all below it, by their words."""
    below = command.commands if isinstance(command, click.Group) else {}
    return {path: command} | {key: item for name in below for key, item in commands(below[name], (*path, name)).items()}


@pytest.mark.parametrize("path", commands(cli), ids=" ".join)
def test_the_help_of_every_command_has_an_example_that_can_be_typed(path: tuple[str, ...]) -> None:
    command = commands(cli)[path]
    shown = re.split(r"\n *Examples?:\n", command.get_help(click.Context(command)))
    assert len(shown) == 2
    lines = [line.strip() for line in itertools.takewhile(str.strip, shown[1].splitlines())]
    assert lines
    for line in lines:
        # At the end of the screen a line of the group's own says what it does.
        program, *arguments = words_of(re.split(r"  +", line)[0])
        assert program == "cxrtui"
        found = parsed(arguments)
        assert path == tuple(found)[: len(path)] or "classify" in found  # what an exported run is for


def leaves() -> list[tuple[str, ...]]:
    """The words of every command that does something."""
    return [path for path, command in commands(cli).items() if not isinstance(command, click.Group)]


def example(path: tuple[str, ...]) -> list[str]:
    """The first example of a command's help, without the program and the flags before the command."""
    command = commands(cli)[path]
    line = re.split(r"\n *Examples?:\n", command.get_help(click.Context(command)))[1].splitlines()[0]
    words = words_of(line)
    return words[words.index(path[0]) :]


def after_command(path: tuple[str, ...], words: list[str], flags: list[str]) -> list[str]:
    """`words` with flags at their end, or, for a command whose arguments may look like flags, before its arguments."""
    if commands(cli)[path].allow_interspersed_args and commands(cli)[path].context_settings == {}:
        return [*words, *flags]
    return [*path, *flags, *words[len(path) :]]


@pytest.mark.parametrize("path", leaves(), ids=" ".join)
def test_every_command_takes_the_flags_before_it_and_after_it(path: tuple[str, ...], tmp_path: Path) -> None:
    words, flags = example(path), ["--headless", "--debug", "--workspace", str(tmp_path)]
    expected = Context(Workspace(tmp_path), headless=True, debug=True)
    before, after = context_of([*flags, *words]), context_of(after_command(path, words, flags))
    between = context_of(
        ["--headless", "--debug", "--workspace", "no", *after_command(path, words, ["--workspace", str(tmp_path)])]
    )
    assert before.find_object(Context) == after.find_object(Context) == between.find_object(Context) == expected
    assert before.params == after.params == context_of(words).params


@pytest.mark.parametrize("path", leaves(), ids=" ".join)
def test_json_is_the_same_before_and_after_a_command(path: tuple[str, ...]) -> None:
    words = [word for word in example(path) if word not in ("--json", "--csv")]
    if any("--json" in param.opts for param in commands(cli)[path].params):
        assert context_of(["--json", *words]).params == context_of(after_command(path, words, ["--json"])).params
        assert context_of(["--json", *words]).params != context_of(words).params
    else:
        for arguments in (["--json", *words], after_command(path, words, ["--json"])):
            with pytest.raises(UsageError, match="prints no JSON"):
                context_of(arguments)


def test_the_later_flag_counts() -> None:
    assert context_of(["--json", "classify", "run", "film.png", "--csv"]).params["form"] == "csv"
    shared = context_of(["--workspace", "a", "runs", "--workspace", "b", "list"]).find_object(Context)
    assert shared == Context(Workspace(Path("b").absolute()))


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--json"], 2, "--json needs a command"),
        (["doctor", "--json"], 2, "prints no JSON"),
        (["train", "--headless"], 2, "--data"),
        (["--headless"], 2, "needs a command"),
        ([], 2, "needs a terminal"),
        (["--headless", "train"], 2, "--data"),
        (["--headless", "train", "--data", "x", "--set", "optim.epoch=3"], 2, "optim.epochs"),
        (["--headless", "train", "--data", "x", "--config", "absent.toml"], 2, "absent.toml"),
        (["--headless", "train", "--resume", "absent"], 2, "No run 'absent'"),
        (["--headless", "train", "--resume", "x", "--init", "random"], 2, "keeps its own"),
        (["--headless", "train", "--data", ".", "--init", "random", "--run", "../x"], 2, "name holds"),
        (["--headless", "train", "--data", "~nosuchuser/x", "--init", "random"], 3, "No such file"),
        (["train", "--data", ".", "--init", "random", "--run", "x"], 2, "needs a terminal"),
        (["attach", "absent"], 2, "No run"),
        (["--headless", "train", "--data", ".", "--init", "nonsense"], 4, "weights fetch imagenet"),
        (["runs", "stop", "absent"], 2, "No run"),
        (["runs", "export", "absent", "--to", "x"], 2, "No run"),
        (["weights", "fetch", "nonsense"], 2, "take one of imagenet"),
        (["weights", "port", "absent", "--out", "x"], 4, "no weights file"),
        (["classify", "absent", "x.png"], 2, "classifiers on the shelf: none yet"),
        (["classify"], 2, "MODEL"),
        (["classify", "absent"], 2, "Name the FILES to classify, or a file that lists them with --files-from."),
        (["evaluate", "absent", "--data", "x"], 2, "No run"),
        (["data", "phantoms", "p", "--count", "1"], 2, "at least 2"),
        (["nonsense"], 2, "nonsense"),
    ],
)
def test_a_wrong_line_is_one_sentence_and_its_exit_code(
    cxrtui: Call, arguments: list[str], code: int, words: str
) -> None:
    answer = cxrtui(*arguments)
    assert answer.returncode == code
    assert words in answer.stderr
    assert "Traceback" not in answer.stderr
    assert answer.stdout == ""


def test_a_mistake_does_not_burn_the_name_of_the_run(cxrtui: Call, tmp_path: Path) -> None:
    cxrtui("train", "--data", ".", "--init", "random", "--run", "mine")
    cxrtui("--headless", "train", "--data", "absent", "--init", "random", "--run", "mine")
    assert not (tmp_path / "checkpoints").exists()


def test_help_keeps_its_examples_apart(cxrtui: Call) -> None:
    for command in ("train", "classify", "evaluate"):
        text = cxrtui(command, "--help").stdout
        assert "\b" not in text
        assert "\\b" not in text
        assert "\n    cxrtui " in text or "\n      cxrtui " in text


@pytest.mark.slow
def test_films_and_weights_that_are_not_there_have_their_own_codes(
    cxrtui: Call, tmp_path: Path, phantom_films: Path
) -> None:
    small = [f"--set={key}={','.join(map(str, v)) if isinstance(v, tuple) else v}" for key, v in SMALL.items()]
    absent = cxrtui("--headless", "train", "--data", "absent", *small)
    assert absent.returncode == 3
    weights = cxrtui("--headless", "train", "--data", str(phantom_films), *small, "--init", "imagenet")
    assert weights.returncode == 4
    assert "--init random" in weights.stderr
    torn = tmp_path / "torn.safetensors"
    torn.write_bytes(b"\x10\x00\x00\x00\x00\x00\x00\x00{")
    weights = cxrtui("--headless", "train", "--data", str(phantom_films), *small, "--init", str(torn))
    assert weights.returncode == 4
    assert "torn.safetensors" in weights.stderr


def test_a_machine_without_a_network_is_told_how_to_carry_the_weights(
    cxrtui: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    answer = cxrtui("weights", "fetch")
    assert answer.returncode == 4
    assert "timm/resnet50.tv_in1k at revision 78f3ecf" in answer.stderr
    assert "cxrtui weights port model.safetensors --out imagenet" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert not (tmp_path / "models").exists()


def test_the_workspace_file_is_read_and_outranked(cxrtui: Call, tmp_path: Path) -> None:
    (tmp_path / "cxrtui.toml").write_text("[optim]\nepochs = 7\nbatch_size = 5\n")
    answer = cxrtui("train", "--settings", "--set", "optim.epochs=9")
    assert answer.returncode == 0
    assert "optim.epochs=9 " in answer.stdout
    assert "optim.batch_size=5 " in answer.stdout
    changed = [line for line in answer.stdout.splitlines() if line[36:39] == " * "]
    assert [line.partition("=")[0] for line in changed] == ["optim.epochs", "optim.batch_size"]
    assert "1 to 100,000 · default 30" in changed[0]
    assert [line.partition("=")[0] for line in answer.stdout.splitlines()] == known_keys()


def test_runs_are_listed_and_shown(cxrtui: Call, tmp_path: Path) -> None:
    from cxrtui.runs.listing import new_run

    assert "No runs yet" in cxrtui("runs", "list").stdout
    run = new_run(tmp_path / "checkpoints", "sample")
    run.config_file.write_text("")
    for event in whole_run():
        run.append(event)
    row = json.loads(cxrtui("runs", "list", "--json").stdout)
    assert (row["run"], row["status"], row["epoch"]) == ("sample", "finished", 3)
    shown = cxrtui("runs", "show", "sample").stdout
    assert "sensitivity 8/10" in shown
    assert "not for diagnosis" in shown
    body = json.loads(cxrtui("runs", "show", "sample", "--json").stdout)
    assert body["evaluations"]["test"]["counts"]["tp"] == 8
    assert cxrtui("runs", "delete", "sample").returncode == 2  # nobody answers
    assert run.folder.is_dir()
    assert cxrtui("runs", "delete", "sample", "--yes").returncode == 0
    assert not run.folder.exists()
