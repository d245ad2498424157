"""A folder that means no good ends in words: nothing hangs, nothing is lost from the report, memory stays bounded."""

from __future__ import annotations

import importlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.hostile_folder import Made, build
from cxrtui.data.confounders import measuring
from cxrtui.data.images.decoding.films import warm
from cxrtui.data.inspect.report import inspect
from cxrtui.data.pool import workers
from cxrtui.data.prepared.prepare import prepare
from cxrtui.data.sources.collect import read_source
from cxrtui.errors import DataError
from cxrtui.runs.events import DataPrepared
from cxrtui.settings.config import Config, DataConfig
from tests.data.conftest import drain, save

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
MEBIBYTE = 1 << 10  # in KiB


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Made]:
    root = tmp_path_factory.mktemp("hostile") / "films"
    return root, build(root, 240)


RUN = """
import atexit, sys
place = sys.argv[1]
def peak():
    with open("/proc/self/status") as status, open(place, "w") as file:
        file.write(next(line.split()[1] for line in status if line.startswith("VmHWM")))
atexit.register(peak)
from cxrtui.cli import main
sys.argv[:2] = ["cxrtui"]
main()
"""


def command(*arguments: str, cache: Path) -> tuple[int, str, str, int]:
    """The exit code of a command, what it wrote, and its peak memory in KiB (by /proc: a fork inherits the other)."""
    cache.mkdir(exist_ok=True)
    environment = {**os.environ, "CXRTUI_CACHE_DIR": str(cache), "PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu"}
    child = subprocess.run([sys.executable, "-c", RUN, str(cache / "peak"), *arguments], capture_output=True, text=True,
                           env=environment, check=False)  # fmt: skip
    return child.returncode, child.stdout, child.stderr, int((cache / "peak").read_text())


def test_inspecting_mentions_every_file(hostile: tuple[Path, Made], tmp_path: Path) -> None:
    root, made = hostile
    code, out, err, peak = command("data", "inspect", str(root), "--json", cache=tmp_path)
    assert (code, "Traceback" in err) == (0, False)
    report = json.loads(out)
    assert report["films"] == made.films + sum(made.unreadable.values())
    assert report["sections"]["left_out"]["counts"] == made.left_out
    assert len(report["sections"]["unreadable"]["files"]) == sum(made.unreadable.values())
    code, out, err, _ = command("data", "inspect", str(root), "--json", "--headers-only", cache=tmp_path)
    unreadable = json.loads(out)["sections"]["unreadable"]
    assert len(unreadable["files"]) == sum(made.unreadable.values()) - 2  # behind their headers: cut.png, shallow.png
    assert "by their headers alone" in unreadable["notes"][0]
    assert peak < 320 * MEBIBYTE  # the largest bomb would be 4 GiB; scikit-learn and SciPy alone are 90 MiB


def test_preparing_says_which_films_are_unreadable(
    hostile: tuple[Path, Made], configure: Callable[..., Config]
) -> None:
    root, made = hostile
    with pytest.raises(DataError, match=r"131 of \d+ films cannot be read, more than data\.max_bad.*and 121 more"):
        drain(prepare(configure(root)))
    said, films = drain(prepare(configure(root, data__max_bad=0.9)))
    summary = next(event for event in said if isinstance(event, DataPrepared))
    assert len(summary.unreadable) == sum(made.unreadable.values())
    assert all(reason for _, reason in summary.unreadable)
    assert sum(len(part) for part in films.splits.values()) == made.films
    assert summary.left_out == made.left_out
    assert not any(sign in path for path, _ in summary.unreadable for sign in "\n\x1b")


def test_training_ends_with_exit_3_before_the_first_step(hostile: tuple[Path, Made], tmp_path: Path) -> None:
    root, _ = hostile
    code, _, err, peak = command("--workspace", str(tmp_path), "--headless", "train", "--data", str(root),
                                 "--init", "random", "--run", "hostile", cache=tmp_path / "cache")  # fmt: skip
    assert code == 3
    assert "131 of 262 films cannot be read, more than data.max_bad = 0.01 allows" in err
    assert "Traceback" not in err
    assert peak < 1024 * MEBIBYTE  # JAX and tensorflow-datasets alone are half of it


def test_the_page_has_no_control_characters_of_names(tmp_path: Path) -> None:
    odd = tmp_path / "\x1b[2Jclear"
    save(odd / "a\nb" / "film.png", 1)
    (odd / "a\nb" / "\x1b[31mtorn.png").touch()
    code, out, err, _ = command("data", "inspect", str(odd), cache=tmp_path)
    assert code == 0
    assert "\x1b" not in out + err
    assert r"a\x0ab" in out
    assert r"\x1b[31mtorn.png: the file is empty" in out.replace("\n", "")


def test_a_terminal_that_is_not_utf8(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", "ascii")
    save(tmp_path / "films" / "été" / "film.png", 1)
    code, out, err, _ = command("data", "inspect", str(tmp_path / "films"), cache=tmp_path / "cache")
    assert (code, "Traceback" in err, "Error" in err) == (0, False, False)  # progress, on a slow machine
    assert "\\xe9t\\xe9" in out
    code, out, _, _ = command("data", "inspect", str(tmp_path / "films"), "--json", cache=tmp_path / "cache")
    assert json.loads(out)["sections"]["classes"]["counts"] == {"été": 1}


def test_a_header_with_control_characters_is_quoted(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("pa\x1b[2Jth,label\n1,2\n")
    with pytest.raises(DataError, match=r"it has pa\\x1b\[2Jth, label"):
        read_source(tmp_path / "m.csv")


@pytest.fixture
def as_nobody() -> Iterator[Path]:
    """A folder of nobody's, and files' permissions as they are to nobody: to root, nothing is forbidden."""
    folder = Path(tempfile.mkdtemp())
    root = os.geteuid() == 0
    if root:
        os.chown(folder, 65534, 65534)
        os.seteuid(65534)
    try:
        yield folder
    finally:
        if root:
            os.seteuid(0)
        shutil.rmtree(folder)


def ready() -> None:
    """Processes that decode, and modules that are imported late, loaded by whoever may run this Python."""
    nobody = os.geteuid()
    if nobody != os.getuid():
        os.seteuid(os.getuid())
    warm(workers())
    measuring.processes.warm(workers())
    for name in ("mmap", "scipy.ndimage", "scipy.stats", "sklearn.ensemble", "cxrtui.data.images.dicom.dataset"):
        importlib.import_module(name)
    if nobody != os.getuid():
        os.seteuid(nobody)


def test_what_may_not_be_read_is_said(as_nobody: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXRTUI_CACHE_DIR", str(as_nobody / "cache"))
    for number in range(40):
        save(as_nobody / "films" / ("COVID-19", "Normal")[number % 2] / f"{number}.png", number)
    locked = as_nobody / "films" / "Normal" / "1.png"
    locked.chmod(0)
    inner = save(as_nobody / "films" / "Normal" / "inner" / "50.png", 50).parent
    inner.chmod(0)
    settings = DataConfig(source=(str(as_nobody / "films"),), size=32, max_bad=0.1)
    ready()
    report = inspect(as_nobody / "films", settings)
    assert report.section("unreadable").files == [(str(locked), "there is no permission to read it")]
    assert report.section("left_out").counts == {"a folder that cannot be opened": 1}
    ready()
    said, _ = drain(prepare(Config(data=settings)))
    assert said[-1].unreadable == [[str(locked), "there is no permission to read it"]]
    assert said[-1].left_out == {"a folder that cannot be opened": 1}
    (as_nobody / "films").chmod(0)
    with pytest.raises(DataError, match="Permission denied") as caught:
        read_source(as_nobody / "films")
    assert caught.value.exit_code == 3
    (as_nobody / "films").chmod(0o700)
    inner.chmod(0o700)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_hostile_manifest(tmp_path: Path, configure: Callable[..., Config], encoding: str, separator: str) -> None:
    """Byte-order marks, separators, quotes, 300 columns, and paths that lead nowhere or elsewhere."""
    wide = [f"column {number}" for number in range(300)]
    rows = [["Path ", *wide, "LABEL", "patient"]]
    for number in range(40):
        name = f'film{separator}"é" {number}.png'
        save(tmp_path / name, number)
        rows.append([name, *wide, ("COVID-19", "Normal")[number % 2], f"p{number}"])
    wrong = ["gone.png", "../../../../../../etc/passwd", "/dev/zero", "..", "x" * 5000, "a/" * 300 + "b.png"]
    rows += [[path, *wide, "Normal", ""] for path in wrong]
    rows += [["", *wide, "Normal", ""], ["film 0.png", *wide, "", ""], ["nul\0.png", *wide, "Normal", ""], []]
    quoted = [separator.join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows]
    (tmp_path / "films.csv").write_bytes("\r\n".join(quoted).encode(encoding))
    report = inspect(tmp_path / "films.csv", DataConfig())
    assert (report.layout, report.films) == ("manifest", 46)
    assert report.section("left_out").counts == {
        "a row without path": 1, "a row without label": 1, "a row whose path no file can have": 1,
    }  # fmt: skip
    assert len(report.section("unreadable").files) == len(wrong)
    said, films = drain(prepare(configure(tmp_path / "films.csv", data__max_bad=0.2)))
    assert sum(len(part) for part in films.splits.values()) == 40
    assert len(said[-1].unreadable) == len(wrong)
