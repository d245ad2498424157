"""What a message says to type works when it is typed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from cxrtui.data.sources.labels import decide
from cxrtui.errors import DataError
from cxrtui.runs import advice
from cxrtui.runs.folder import Run
from cxrtui.runs.listing import find_run
from cxrtui.settings.config import coerce, parse_assignments


@pytest.mark.parametrize("odd", [
    "it's", 'so "called"', "a $HOME b", "`id`", "back\\slash", "-dash", "--set", "tab\there", "esc\x1b[2J",
    "semi;colon", "per%cent", "star*", "a, b", "new\nline", "equals=b", "(round)", "\x07", "é ü", "#hash", "!bang",
    "~", "{a,b}",
])  # fmt: skip
def test_the_classes_that_are_suggested_are_understood(odd: str) -> None:
    found = {odd: 3, "COVID-19": 4, "Something else": 2}
    with pytest.raises(DataError) as asked:
        decide(found, (odd,), ())
    command = re.findall(r"--set data\.(?:positive|negative)=(?:'(?:[^']|'\"'\"')*'|[^\s'])+", str(asked.value))
    assert command, str(asked.value)
    typed = [word for word in shlex.split(" ".join(command)) if word != "--set"]
    values = {key: coerce(key, text) for key, text in parse_assignments(typed).items()}
    assert decide(found, values["data.positive"], ("COVID-19",)).class_index(odd) == 1


def test_a_run_is_called_so_that_it_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for workspace in (tmp_path, tmp_path / "an other's"):
        folder = workspace / "checkpoints" / "run 1"
        folder.mkdir(parents=True)
        for name in ("config.toml", "events.jsonl"):
            (folder / name).touch()
        for place in (tmp_path, workspace / "checkpoints", folder):
            monkeypatch.chdir(place)
            (word,) = shlex.split(advice.named(Run(folder)))
            assert find_run(Path("checkpoints"), word).folder == folder
    assert advice.resume(Run(tmp_path / "checkpoints" / "x"), data=True).endswith("--data NEWPATH")
