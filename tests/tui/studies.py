"""A study that was recorded: 24 trials of a small network on 624 films of `darkcovidnet/` at 32 pixels.

::

    cxrtui tune --headless --study darkcovidnet-32 --data darkcovidnet --init random --trials 24 --seeds 3
      --set data.positive=COVID-19 --set data.negative=No_findings --set data.size=32 --set model.width=8
      --set model.stages=1,1,1,1 --set optim.epochs=12 --set tune.startup=8
"""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

from cxrtui.search.study import Study

NAME = "darkcovidnet-32"
RECORDED = Path(__file__).parent / "recorded" / NAME
_STATE, _ENDED, _REPORT = 6, (1, 2, 3), 7  # Optuna's codes of lines with a trial's state and objective


def write(checkpoints: Path, ended: int | None = None) -> Study:
    """Put the study into a folder of runs: as it was at its end, or when so many trials had `ended` and one ran."""
    study = Study(checkpoints.absolute() / NAME)
    for folder in ("claims", "workers"):
        (study.folder / folder).mkdir(parents=True)
    shutil.copy(RECORDED / "study.toml", study.file)
    lines = gzip.decompress((RECORDED / "journal.log.gz").read_bytes()).decode().splitlines(keepends=True)
    if ended is None:
        shutil.copy(RECORDED / "result.json", study.result_file)
        shutil.copy(RECORDED / "outcome.json", study.outcome_file)
    else:
        lines = lines[: _place(lines, ended)]
    study.journal.write_text("".join(lines))
    return study


def _place(lines: list[str], ended: int) -> int:
    """Return the number of lines up to the third report of the trial that follows the one that ended as the last."""
    reports = 0
    for place, line in enumerate(lines):
        body = json.loads(line)
        if ended and body["op_code"] == _STATE and body["state"] in _ENDED:
            ended -= 1
        elif not ended and body["op_code"] == _REPORT:
            reports += 1
            if reports == 3:
                return place + 1
    raise ValueError("the study has not so many trials")
