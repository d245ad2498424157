"""A remote folder of films is copied once, then brought up to date; nothing of it leaves its place in the cache."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cxrtui.data.sources.collect import read_sources
from cxrtui.data.sources.naming import absent, absolute
from cxrtui.errors import DataError, WeightsError
from cxrtui.files import is_url
from cxrtui.remote.folders import fetched, fetched_file, no_progress
from cxrtui.remote.store import IMPOSSIBLE, possible
from cxrtui.workspace import cache_root
from tests.remote.conftest import Store

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CXRTUI_CACHE_DIR", str(tmp_path / "cache"))


def below(folder: Path) -> dict[str, bytes]:
    return {item.relative_to(folder).as_posix(): item.read_bytes() for item in folder.rglob("*") if item.is_file()}


def test_a_folder_is_copied_and_brought_up_to_date(store: Store) -> None:
    store.put(**{"films/yes/größe 1.png": b"one", "films/yes/a?*[1]#%41.png": b"two", "films/no/empty.png": b"",
                 "films/no/": b"", "elsewhere/x.png": b"not ours"})  # fmt: skip
    first = fetched(store.url("films/"), no_progress).path
    assert first.name == "films"
    assert below(first) == {"yes/größe 1.png": b"one", "yes/a?*[1]#%41.png": b"two", "no/empty.png": b""}
    times = {name: (first / name).stat().st_mtime_ns for name in below(first)}
    store.put(**{"films/yes/größe 1.png": b"ONE", "films/new/x.png": b"three"})
    store.client.delete_object(Bucket="films-of-tests", Key="films/no/empty.png")
    told: list[tuple[str, int, int]] = []
    again = fetched(store.url("films"), lambda *words: told.append(words))
    assert again.path == first
    assert below(first) == {"yes/größe 1.png": b"ONE", "yes/a?*[1]#%41.png": b"two", "new/x.png": b"three"}
    assert told[-1][1:] == (2, 2), "what is the same is not fetched again"
    assert (first / "yes/a?*[1]#%41.png").stat().st_mtime_ns == times["yes/a?*[1]#%41.png"]
    (first / "new/x.png").write_bytes(b"other")
    fetched(store.url("films"), no_progress)
    assert below(first)["new/x.png"] == b"three", "a copy that was changed is fetched again"


def test_no_key_leads_out_of_the_copy(store: Store) -> None:
    store.put(**{"f/../../../outside.png": b"x", "f//double.png": b"x", "f/./dot.png": b"x", "f/a": b"file",
                 "f/a/b": b"in it", "f/" + 300 * "n": b"x", "f/good.png": b"good"})  # fmt: skip
    copy = fetched(store.url("f"), no_progress)
    assert below(copy.path) == {"good.png": b"good", "a/b": b"in it"}
    assert copy.left_out[IMPOSSIBLE] == 5
    assert [item.name for item in cache_root().parent.iterdir()] == ["cache"]
    assert {name.rpartition("/")[2] for name in below(cache_root())} == {"good.png", "b", "files.json", "lock"}


@pytest.mark.parametrize(("name", "fits"), [("a/b.png", True), ("..a", True), ("../a", False), ("a/..", False),
                                            ("/a", False), ("a//b", False), ("a\0", False), ("", False)])  # fmt: skip
def test_only_names_below_the_folder_are_possible(name: str, fits: bool) -> None:
    assert possible(name) is fits


def test_a_copy_that_was_interrupted_goes_on(store: Store) -> None:
    store.put(**{f"f/{number}.png": b"x" for number in range(70)})

    class Enough(Exception):
        pass

    def stop(phase: str, done: int, total: int) -> None:
        if done:
            raise Enough

    with pytest.raises(Enough):
        fetched(store.url("f"), stop)
    told: list[int] = []
    copy = fetched(store.url("f"), lambda phase, done, total: told.append(total))
    assert told[-1] == 6, "64 were fetched before"
    assert len(below(copy.path)) == 70


def test_films_are_read_from_a_url(store: Store, phantom_films: Path) -> None:
    for path in sorted(phantom_films.rglob("*.png"))[::6]:
        store.put(**{f"unit/{path.relative_to(phantom_films).as_posix()}": path.read_bytes()})
    store.put(**{"unit/../x": b""})
    found = read_sources(store.url("unit"))
    assert found.left_out[IMPOSSIBLE] == 1
    assert set(found.found) == {"negative", "positive"}
    assert all(film.path.is_file() for film in found.films)
    rows = "path,label\n" + "".join(f"{film.name},{film.label}\n" for film in found.films[:4])
    store.put(**{"unit/manifest.csv": rows.encode()})
    assert len(read_sources(store.url("unit/manifest.csv")).films) == 4
    assert absolute(store.url("unit")) == store.url("unit")
    assert absent([store.url("unit"), "nowhere/at/all"]) == ["nowhere/at/all"]


def test_one_file_is_fetched_and_fetched_again_when_it_changes(store: Store) -> None:
    store.put(**{"a/film.png": b"one", "a/other.png": b"not wanted"})
    path = fetched_file(store.url("a/film.png"))
    assert (path.name, path.read_bytes(), os.listdir(path.parent)) == ("film.png", b"one", ["film.png"])
    store.put(**{"a/film.png": b"two!"})
    assert fetched_file(store.url("a/film.png")).read_bytes() == b"two!"
    with pytest.raises(DataError, match="is a folder"):
        fetched_file(store.url("a"))


def test_each_error_says_what_to_do(store: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import s3fs

    for url in ("s3://no-such-bucket/films", store.url("nothing/here")):
        with pytest.raises(DataError, match=f"{url} is not there; check the bucket"):
            fetched(url, no_progress)
    with pytest.raises(DataError, match="protocol that is not known"):
        fetched("nonesuch://bucket/films", no_progress)
    store.put(**{"f/x.png": b"x"})
    monkeypatch.setenv("CXRTUI_CACHE_DIR", str(tmp_path / "file"))
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot be copied"):
        fetched(store.url("f"), no_progress)
    monkeypatch.delenv("CXRTUI_CACHE_DIR")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(DataError, match="needs credentials"):
        fetched(store.url("f"), no_progress)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    s3fs.S3FileSystem.clear_instance_cache()
    with pytest.raises(DataError, match="cannot be reached"):
        fetched(store.url("f"), no_progress)


def test_what_is_a_url() -> None:
    assert all(map(is_url, ("s3://b/x", "gs://b", "S3://b", "file:///x")))
    assert not any(map(is_url, ("s3:/b", "/a://b", "C:\\films", "ieee8023:films", "", "films")))


def test_initial_weights_are_fetched(store: Store, tmp_path: Path, phantom_films: Path) -> None:
    from click.testing import CliRunner

    from cxrtui.cli import cli

    store.put(**{"weights/broken.safetensors": b"no weights"})
    words = ["--workspace", str(tmp_path), "--headless", "train", "--data", str(phantom_films), "--init"]
    absent = CliRunner().invoke(cli, [*words, store.url("weights/none.safetensors")], standalone_mode=False)
    assert "is not there; check the bucket" in str(absent.exception)
    broken = CliRunner().invoke(cli, [*words, store.url("weights/broken.safetensors")], standalone_mode=False)
    assert isinstance(broken.exception, WeightsError), "it was fetched and read"
