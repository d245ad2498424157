"""Reads what a resumed run recorded of its films, and checks that they are still at the same place."""

from __future__ import annotations

import json

from cxrtui.data.films import printable
from cxrtui.data.prepared.continued import FilmRecord
from cxrtui.data.sources.naming import absent
from cxrtui.errors import MovedError
from cxrtui.files import read_text
from cxrtui.runs import advice
from cxrtui.runs.folder import Run
from cxrtui.settings.config import Config


def initial_films(run: Run) -> FilmRecord:
    """Return the record in the run's manifest.json; runs of older versions have none, and its hashes are then empty."""
    try:
        data = json.loads(read_text(run.manifest_file))["data"]
        content, splits_hash = str(data["content"]), str(data["division"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        content = splits_hash = ""
    there = run.splits_file.exists()
    return FilmRecord(run.name, advice.resume(run, data=True), run.splits_file, content if there else "", splits_hash)


def check_there(config: Config, run: Run) -> None:
    """Check that the sources of `config` exist.

    Raises:
        MovedError: one does not; the message has the command that resumes the run with its films at another place.
    """
    for path in absent(config.data.source):
        raise MovedError(
            f"The films of run {run.name} are not at {printable(path)} any more; name where they lie now, every "
            f"--data of the run again, with: {advice.resume(run, data=True)}"
        )
