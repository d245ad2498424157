"""The shelf: what a name means, how a folder comes onto it whole, and what is said where one is not."""

from __future__ import annotations

import contextlib
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cxrtui import cli
from cxrtui.errors import Cancelled, UsageError, WeightsError, cancelled_when
from cxrtui.files import sha256
from cxrtui.weights import hub, shelf, shelving
from cxrtui.weights.port import PortOptions
from tests.weights import torchvision_file
from tests.weights.loopback_hub import Hub, publish, serving

REVISION = "0123456789abcdef0123456789abcdef01234567"
NARROW = PortOptions(width=4, stages=(1, 1, 1, 1), licence="MIT")  # four features instead of 64
SOME = hub.Published("some", "for tests", "lab/resnet", REVISION, "model.safetensors", "MIT", "torchvision",
                     width=4, stages=(1, 1, 1, 1))  # fmt: skip


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A narrow, shallow ResNet with torchvision's keys."""
    tensors = torchvision_file.torchvision_tensors(4, (1, 1, 1, 1))
    return torchvision_file.saved(tensors, tmp_path_factory.mktemp("file"))


@pytest.fixture(scope="module")
def _ported(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, _ = shelving.port(file, tmp_path_factory.mktemp("workspace") / "models", "mine", NARROW)
    return folder


@pytest.fixture
def models(_ported: Path, tmp_path: Path) -> Path:
    """A shelf with one network, `mine`."""
    (tmp_path / "models" / "mine").mkdir(parents=True)
    for item in _ported.iterdir():
        (tmp_path / "models" / "mine" / item.name).write_bytes(item.read_bytes())
    return tmp_path / "models"


@pytest.fixture
def published(file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub on loopback that has the file as the published network `some`, whose checksum is not known beforehand."""
    publish(tmp_path / "catalogue", monkeypatch, SOME)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("HF_TOKEN", "hf_test")
    monkeypatch.delenv("HF_HUB_OFFLINE")
    with serving(**{f"/lab/resnet/resolve/{REVISION}/model.safetensors": file.read_bytes()}) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.address)
        yield server


@contextlib.contextmanager
def file_limit(most: int) -> Iterator[None]:
    """No file may grow beyond so many bytes, as on a full disk."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def command(workspace: Path, *arguments: str) -> None:
    cli.cli.main(["--workspace", str(workspace), *arguments], standalone_mode=False)


def test_a_ported_file_is_a_folder_with_its_story(models: Path, file: Path) -> None:
    folder = models / "mine"
    assert {item.name for item in folder.iterdir()} == {shelf.MANIFEST, shelf.WEIGHTS, shelf.CARD}
    manifest = shelf.verify(folder)
    assert (manifest.name, manifest.format, manifest.licence) == ("mine", "torchvision", "MIT")
    assert manifest.source == file.name
    assert manifest.source_sha256 == sha256(file)
    assert manifest.sha256 == sha256(folder / shelf.WEIGHTS)
    card = (folder / shelf.CARD).read_text()
    assert manifest.source_sha256 in card
    assert "--init mine" in card


def test_what_a_name_means(models: Path, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert shelf.resolve("random", models) == "random"
    assert shelf.resolve("imagenet", models) == str(models / "imagenet")  # where it would come
    assert shelf.resolve("nonsense", models) == "nonsense"
    assert shelf.resolve("mine", Path("models")) == str(models / "mine")
    assert shelf.resolve("models/mine", models) == str(models / "mine")
    (tmp_path / "mine").touch()  # the shelf goes before a file of that name
    assert shelf.locate(shelf.resolve("mine", models)) == models / "mine"
    (tmp_path / "w.safetensors").touch()
    assert shelf.resolve("w.safetensors", models) == str(tmp_path / "w.safetensors")
    assert shelf.locate("random") is None
    assert shelf.locate(str(file)) == file
    (tmp_path / "passwd").write_text("root:x:0:0:root:/root:/bin/bash\n")
    with pytest.raises(WeightsError, match="passwd is no file of weights but text"):
        shelf.locate(shelf.resolve("./passwd", models))
    (models / "mine").rename(models / "imagenet")
    assert shelf.locate(shelf.resolve("imagenet", models)) == models / "imagenet"


def test_what_is_not_there_says_how_to_get_it(models: Path, tmp_path: Path) -> None:
    for init, words in (("imagenet", "weights fetch imagenet"), ("nonsense", "neither on the shelf nor a file"),
                        (str(tmp_path), "without model.toml"), ("x\0y", "neither on the shelf")):  # fmt: skip
        with pytest.raises(WeightsError, match=words) as caught:
            shelf.locate(shelf.resolve(init, models))
        assert "--init random" in str(caught.value)
    (models / "mine" / shelf.WEIGHTS).unlink()
    with pytest.raises(WeightsError, match=r"has no weights\.safetensors"):
        shelf.locate(str(models / "mine"))


def test_known_weights_that_are_not_here_are_wanted_where_they_can_be_had(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages = (3, 4, 6, 3)
    monkeypatch.delenv("HF_HUB_OFFLINE")
    for name in ("imagenet", "resnet50-a1"):
        place = shelf.resolve(name, models)
        assert shelf.check(place, 64, stages) == hub.catalogue()[name]
        with pytest.raises(WeightsError, match=rf"weights fetch {name};.*--init random.*--offline"):
            shelf.check(place, 64, stages, offline=True)
        with pytest.raises(WeightsError, match=r"set model\.width and model\.stages"):
            shelf.check(place, 8, stages)
    assert shelf.wanting(str(models.parent / "imagenet")) is None  # a mistyped path is no shelf
    assert shelf.check(shelf.resolve("random", models), 8, stages) is None
    assert shelf.check(shelf.resolve("mine", models), 64, stages) is None
    (models / "mine").rename(models / "imagenet")
    assert shelf.wanting(str(models / "imagenet")) is None
    (models / "imagenet" / shelf.WEIGHTS).unlink()  # as git leaves it out
    assert shelf.wanting(str(models / "imagenet")) == hub.catalogue()["imagenet"]
    monkeypatch.setenv("HF_HUB_OFFLINE", "yes")
    with pytest.raises(WeightsError, match=r"No ImageNet weights.*weights fetch imagenet"):
        shelf.check(str(models / "imagenet"), 64, stages)


def test_asking_imports_no_jax(models: Path) -> None:
    code = (
        "import sys, pathlib\nfrom cxrtui.weights import shelf\nmodels = pathlib.Path(sys.argv[1])\n"
        "assert shelf.locate(shelf.resolve('mine', models))\nassert len(shelf.entries(models)) > 1\n"
        "assert not {'jax', 'flax', 'numpy', 'huggingface_hub'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code, str(models)], check=True)


def test_the_list_has_what_is_here_and_what_could_be(models: Path) -> None:
    (models / "broken").mkdir()
    (models / "broken" / shelf.MANIFEST).write_text("no toml [")
    (models / "no shelf").mkdir()
    with (models / "mine" / shelf.WEIGHTS).open("r+b") as weights:
        weights.seek(-1, 2)
        weights.write(b"\xff")
    broken, mine, *others = shelf.entries(models)
    assert (broken.name, broken.present, bool(broken.error)) == ("broken", False, True)
    assert mine.present
    assert mine.bytes > 1000
    assert [entry.name for entry in others] == list(hub.catalogue())
    assert not any(entry.present for entry in others)
    assert "has changed" in shelf.entries(models, check=True)[1].error


def test_a_folder_appears_whole_or_not_at_all(models: Path, file: Path, tmp_path: Path) -> None:
    before = sorted(item.name for item in models.iterdir())
    torn = tmp_path / "torn.safetensors"
    torn.write_bytes(file.read_bytes()[:5000])
    named = tmp_path / "resnet50-19c8e357.pth"
    named.write_bytes(file.read_bytes())
    for path, words in ((torn, "torn"), (named, "damaged: its SHA-256"), (tmp_path / "absent", "no weights file")):
        with pytest.raises(WeightsError, match=words):
            shelving.port(path, models, "new", NARROW)
    for name, words in (("mine", "exists"), ("../x", "shelf name"), ("random", "shelf name")):
        with pytest.raises(UsageError, match=words):
            shelving.port(file, models, name, NARROW)
    (models / "other").mkdir()
    with pytest.raises(UsageError, match="exists"):  # not ours to replace
        shelving.port(file, models, "other", NARROW, force=True)
    (models / "other").rmdir()
    (tmp_path / "file").touch()
    with pytest.raises(WeightsError, match="Cannot write"):
        shelving.port(file, tmp_path / "file", "new", NARROW)
    assert sorted(item.name for item in models.iterdir()) == before
    shelving.port(file, models, "mine", replace(NARROW, licence=""), force=True)
    assert shelf.verify(models / "mine").licence == ""
    assert sorted(item.name for item in models.iterdir()) == before


@pytest.mark.parametrize("limit", [0, 50_000])
def test_a_full_disk_leaves_the_shelf_as_it_was(models: Path, file: Path, limit: int) -> None:
    before = {item: item.read_bytes() for item in models.rglob("*") if item.is_file()}
    for name in ("new", "mine"):
        with file_limit(limit), pytest.raises(WeightsError) as told:
            shelving.port(file, models, name, NARROW, force=True)
        assert str(told.value) == (
            f"Cannot write {models / name}: file too large; raise the limit on the size of a file (ulimit -f); "
            "the shelf is as it was."
        )
    assert {item: item.read_bytes() for item in models.rglob("*") if item.is_file()} == before


def test_what_a_killed_process_left_is_cleared_away(models: Path, file: Path) -> None:
    (models / ".new.abcd1234.tmp" / "new").mkdir(parents=True)
    (models / "mine").rename(models / ".mine-old")  # killed between the two renames: the old one comes back
    (models / ".mine.abcd1234.tmp").mkdir()
    (models / ".mine-old").rename(models / ".mine.abcd1234.tmp" / "old")
    (models / ".other.tmp").mkdir()  # not ours
    with shelving.placing(models, "first") as folder:
        with shelving.placing(models, "second") as another:  # does not clear away the first, which is at work
            (another / "file").touch()
        assert folder.is_dir()
    assert sorted(item.name for item in models.iterdir()) == [".other.tmp", "first", "mine", "second"]
    assert shelf.verify(models / "mine")


def test_removing_takes_a_folder_of_the_shelf_and_nothing_else(models: Path, tmp_path: Path) -> None:
    (models / "other").mkdir()
    outside = tmp_path / "outside"
    (models / "mine").rename(outside)
    (models / "link").symlink_to(outside)
    for name in ("other", "absent", "../outside", str(outside), "", "."):
        with pytest.raises(UsageError, match="to be removed"):
            shelving.remove(models, name)
    shelving.remove(models, "link")
    assert shelf.verify(outside)
    outside.rename(models / "mine")
    shelving.remove(models, "mine")
    assert [item.name for item in models.iterdir()] == ["other"]


def test_a_port_that_is_not_wanted_any_more_leaves_no_trace(models: Path, file: Path) -> None:
    before = sorted(item.name for item in models.iterdir())
    for steps in range(3):
        asked: list[bool] = []
        with pytest.raises(Cancelled):
            shelving.port(
                file,
                models,
                "new",
                NARROW,
                check_cancelled=cancelled_when(lambda a=asked, n=steps: len(a) == n or a.append(True)),
            )  # type: ignore[misc,func-returns-value]
        assert sorted(item.name for item in models.iterdir()) == before


def test_a_fetch_that_is_given_up_goes_on_later_or_is_thrown_away(published: Hub, tmp_path: Path) -> None:
    models, known = tmp_path / "models", hub.catalogue()["some"]
    for tidy in (False, True):
        published.mishaps = ["drip"]
        told: list[int] = []

        def tell(here: int, _all: int, told: list[int] = told) -> None:
            told.append(here)

        with pytest.raises(Cancelled):
            shelving.fetch("some", models, tell, check_cancelled=cancelled_when(lambda told=told: len(told) > 3))  # type: ignore[misc]
        kept = hub.partial_file(known, models).stat().st_size
        assert kept == max(told)
        if tidy:
            shelving.remove_partial(known, models)
            assert list(models.iterdir()) == []
        else:
            shelving.fetch("some", models, lambda _here, _all: None)
            assert published.ranges[-1] == f"bytes={kept}-"
            shelving.remove(models, "some")


def test_fetched_weights_are_on_the_shelf_with_their_origin(
    published: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str], file: Path
) -> None:
    published.mishaps = [30_000]
    command(tmp_path, "weights", "fetch", "some")
    out, err = capsys.readouterr()
    folder = tmp_path / "models" / "some"
    assert out == f"{folder}\n"
    assert f"first fetch was trusted, and its SHA-256 {sha256(file)} is recorded" in err.replace("\n", " ")
    assert published.ranges == ["", "bytes=30000-"]
    manifest = shelf.verify(folder)
    assert (manifest.source, manifest.revision, manifest.licence) == ("lab/resnet/model.safetensors", REVISION, "MIT")
    assert [item.name for item in (tmp_path / "models").iterdir()] == ["some"]  # no partial file is left

    command(tmp_path, "weights", "fetch", "some")
    assert "on the shelf already, and its checksum is right" in capsys.readouterr().err
    assert len(published.requests) == 2
    # The recorded checksum holds for the next fetch.
    published.files = {path: body[:-1] + b"X" for path, body in published.files.items()}
    with pytest.raises(WeightsError, match="is not the published one"):
        command(tmp_path, "weights", "fetch", "some", "--force")
    assert shelf.verify(folder)
    (folder / shelf.WEIGHTS).write_bytes(b"tampered")
    with pytest.raises(WeightsError, match="has changed since it was put on the shelf"):
        command(tmp_path, "weights", "fetch", "some")
    os.truncate(folder / shelf.WEIGHTS, 1 << 40)  # sparse; reading it would take an hour
    with pytest.raises(WeightsError, match="has changed since"):
        shelf.verify(folder)


def test_what_cannot_be_the_file_is_not_kept_to_be_gone_on_with(published: Hub, tmp_path: Path, file: Path) -> None:
    """Neither size nor checksum of it is known beforehand, so only reading it tells."""
    whole, models = published.files, tmp_path / "models"
    published.files = dict.fromkeys(whole, b"please log in to this network")
    with pytest.raises(
        WeightsError, match=r"The file that was fetched as lab/resnet/model\.safetensors has been removed: "
    ):
        shelving.fetch("some", models, lambda _here, _all: None)
    assert list(models.iterdir()) == []
    published.files = whole
    shelving.fetch("some", models, lambda _here, _all: None)
    assert published.ranges == ["", ""]
    assert shelf.verify(models / "some").source_sha256 == sha256(file)


def test_published_weights_must_have_the_keys_that_they_are_known_for(
    published: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(tmp_path / "catalogue", monkeypatch, replace(SOME, format="transformers"))
    with pytest.raises(WeightsError, match=r"has the keys of torchvision, and .* those of transformers"):
        shelving.fetch("some", tmp_path / "models", lambda _here, _all: None)


def test_what_is_known_by_its_checksum_is_kept_where_the_shelf_refuses_it(
    published: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: Path
) -> None:
    known, models = replace(SOME, sha256=sha256(file)), tmp_path / "models"
    publish(tmp_path / "catalogue", monkeypatch, known)
    hub.fetch(known, models, lambda _here, _all: None)
    with file_limit(10_000), pytest.raises(WeightsError, match="Cannot write"):
        shelving.fetch("some", models, lambda _here, _all: None)
    shelving.fetch("some", tmp_path / "models", lambda _here, _all: None)
    asked = f"bytes={file.stat().st_size}-"  # no more than the question whether it is whole
    assert published.ranges == ["", asked, asked]


def test_a_file_carried_by_hand_gets_the_story_it_was_published_with(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    publish(tmp_path / "catalogue", monkeypatch, replace(SOME, sha256=sha256(file)),
            replace(SOME, name="imagenet", sha256="0" * 64))  # fmt: skip
    command(tmp_path, "weights", "port", str(file), "--out", "some")
    assert shelf.verify(tmp_path / "models" / "some").revision == REVISION
    told = capsys.readouterr().err.splitlines()
    assert told[0].startswith("taken: 87 tensors with torchvision's keys")
    assert [line.partition(" (")[0] for line in told[1:]] == ["left: num_batches_tracked"]
    command(tmp_path, "weights", "port", str(file), "--out", "imagenet")
    assert "is not the file that is published as imagenet" in capsys.readouterr().err
    command(tmp_path, "weights", "list")
    assert "present" in capsys.readouterr().out


def test_a_model_is_removed_by_command(file: Path, tmp_path: Path) -> None:
    shelving.port(file, tmp_path / "models", "some", NARROW)
    for yes in ((), ("--yes",)):  # nobody is asked about what is not there
        with pytest.raises(UsageError, match="no 'other'"):
            command(tmp_path, "weights", "remove", "other", *yes)
    command(tmp_path, "weights", "remove", "some", "--yes")
    assert not list((tmp_path / "models").iterdir())
