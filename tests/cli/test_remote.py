"""What is remote on the command line, and what cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from cxrtui.cli import cli
from cxrtui.errors import CheckpointError, DataError, UsageError


def refused(*words: str) -> Exception:
    answer = CliRunner().invoke(cli, words, standalone_mode=False)
    assert isinstance(answer.exception, Exception), answer.output
    return answer.exception


@pytest.mark.parametrize("words", [["--workspace", "s3://bucket/w", "runs", "list"],
                                   ["runs", "list", "--workspace", "s3://bucket/w"]])  # fmt: skip
def test_a_workspace_is_on_a_disk(words: list[str]) -> None:
    error = refused(*words)
    assert isinstance(error, UsageError)
    assert "a lock, a control file and a log" in str(error)
    assert "--set run.mirror=s3://bucket/w" in str(error)


def test_a_model_is_fetched_first() -> None:
    assert "cxrtui runs fetch s3://bucket/runs/night" in str(refused("classify", "s3://bucket/runs/night", "film.png"))


@pytest.mark.slow
def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    where = ("--workspace", str(tmp_path))
    for words, kind in (
        (("runs", "fetch", f"file://{tmp_path}/no/run"), CheckpointError),
        (("--headless", "train", "--resume", f"file://{tmp_path}/no/run"), CheckpointError),
        (("data", "inspect", f"file://{tmp_path}/films"), DataError),
        (("train", "--headless", "--data", "nonesuch://films", "--resume", "nonesuch://x"), CheckpointError),
    ):
        error = refused(*where, *words)
        assert isinstance(error, kind), words
        assert "is not there" in str(error) or "protocol that is not known" in str(error)
    assert not (tmp_path / "checkpoints").exists()
