from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cxrtui.data.images.decode import read_film, stored_size
from cxrtui.data.prepared.evaluation import load_evaluation
from cxrtui.data.prepared.prepare import prepare
from cxrtui.data.store import open_store
from cxrtui.errors import Cancelled, DataError, cancelled_when
from cxrtui.runs.codec import decode, encode
from cxrtui.runs.events import DataPrepared, Preparing, Warned
from cxrtui.settings.config import Config
from tests.data.conftest import drain, save, warned

pytestmark = pytest.mark.slow

Configure = Callable[..., Config]


def test_from_a_folder_to_parts(class_folder: Path, configure: Configure, tmp_path: Path) -> None:
    said, films = drain(prepare(configure(class_folder), splits_out=tmp_path / "run" / "splits.csv"))
    last = said[-1]
    assert isinstance(last, DataPrepared)
    assert {event.stage for event in said if isinstance(event, Preparing)} >= {"reading folder", "decoding films"}
    [strange] = [event for event in said if isinstance(event, Warned)]
    assert strange.code == "not-frontal"
    assert "Of 60 films, 60 do not look like upright frontal chest films" in strange.message
    assert last.labels == films.labels == ["Normal", "COVID-19"]
    assert last.counts["train"] == {"Normal": 26, "COVID-19": 16}
    assert last.patients == {"train": 34, "validation": 7, "test": 7}
    assert not last.cached
    assert decode(encode(last)) == last
    part = films.splits["validation"]
    assert (part.labels.dtype, films.stored_size, part.nbytes) == (np.int32, stored_size(32), len(part) * 40**2)
    for place, path in enumerate(part.paths):
        np.testing.assert_array_equal(part.images[place], read_film(path, 40))
        assert part.labels[place] == (Path(path).parent.name == "COVID-19")
    np.testing.assert_array_equal(part.gather([3, 0]), part.images[[3, 0]])


def test_a_second_run_starts_at_once_and_is_the_same(class_folder: Path, configure: Configure) -> None:
    _, first = drain(prepare(configure(class_folder)))
    said, second = drain(prepare(configure(class_folder)))
    assert said[-1].cached
    assert first.fingerprint == second.fingerprint
    for name, part in first.splits.items():
        assert part.paths == second.splits[name].paths
        np.testing.assert_array_equal(part.images, second.splits[name].images)


@pytest.mark.parametrize("change", ["content", "size", "fit", "label"])
def test_what_changes_is_noticed(class_folder: Path, configure: Configure, change: str) -> None:
    _, first = drain(prepare(configure(class_folder)))
    options = {"size": {"data__size": 64}, "fit": {"data__fit": "pad"}}.get(change, {})
    if change == "content":
        path = class_folder / "Normal" / "00000100_000.png"
        before = path.stat()
        save(path, 1000)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    elif change == "label":
        options = {"data__positive": "Normal", "data__negative": "COVID-19"}
    said, second = drain(prepare(configure(class_folder, **options)))
    assert not said[-1].cached
    assert first.fingerprint != second.fingerprint


def test_a_folder_may_move(class_folder: Path, configure: Configure, tmp_path: Path) -> None:
    drain(prepare(configure(class_folder)))
    class_folder.rename(tmp_path / "moved")
    said, _ = drain(prepare(configure(tmp_path / "moved")))
    assert said[-1].cached


def test_a_split_can_be_reused(class_folder: Path, configure: Configure, tmp_path: Path) -> None:
    file = tmp_path / "splits.csv"
    _, first = drain(prepare(configure(class_folder), splits_out=file))
    _, second = drain(prepare(configure(class_folder, data__splits=str(file), run__seed=9)))
    assert first.splits["test"].paths == second.splits["test"].paths
    save(class_folder / "Normal" / "new.png", 999)
    with pytest.raises(DataError, match="does not say where 1 of 61 films belong"):
        drain(prepare(configure(class_folder, data__splits=str(file))))


def test_unreadable_films(class_folder: Path, configure: Configure) -> None:
    (class_folder / "Normal" / "bad.png").write_text("text")
    with pytest.raises(DataError, match=r"1 of 61 films cannot be read.*data\.max_bad.*bad\.png: it is not a PNG"):
        drain(prepare(configure(class_folder)))
    for _ in ("first", "from the store"):
        said, films = drain(prepare(configure(class_folder, data__max_bad=0.05)))
        assert said[-1].unreadable == [[str(class_folder / "Normal" / "bad.png"), said[-1].unreadable[0][1]]]
        assert sum(len(part) for part in films.splits.values()) == 60
        for part in films.splits.values():
            np.testing.assert_array_equal(part.images[-1], read_film(part.paths[-1], 40))


def test_unknown_patients_are_warned_of(class_folder: Path, configure: Configure) -> None:
    save(class_folder / "Normal" / "nobody.png", 999)
    said, _ = drain(prepare(configure(class_folder)))
    [warning] = warned(said)
    assert warning.code == "patients-unknown"
    assert "1 of 61" in warning.message


def test_stopping_leaves_nothing(class_folder: Path, configure: Configure, tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        drain(prepare(configure(class_folder), check_cancelled=cancelled_when(lambda: True)))
    stage = prepare(configure(class_folder))
    while next(stage).stage != "decoding films":  # type: ignore[attr-defined]
        pass
    stage.close()
    assert not [item for item in (tmp_path / "cache" / "prepared").iterdir() if item.name != "hashes"]


def test_a_store_that_is_not_whole_is_built_anew(class_folder: Path, configure: Configure, tmp_path: Path) -> None:
    _, first = drain(prepare(configure(class_folder)))
    folder = tmp_path / "cache" / "prepared" / first.fingerprint
    [record] = folder.rglob("*array_record*")
    record.write_bytes(record.read_bytes()[:-100])
    assert open_store(folder) is None
    said, second = drain(prepare(configure(class_folder)))
    assert not said[-1].cached
    np.testing.assert_array_equal(second.splits["test"].images[0], read_film(second.splits["test"].paths[0], 40))


def test_a_cache_that_cannot_be_written(class_folder: Path, configure: Configure, monkeypatch: pytest.MonkeyPatch,
                                        tmp_path: Path) -> None:  # fmt: skip
    config = configure(class_folder)
    (tmp_path / "file").touch()
    monkeypatch.setenv("CXRTUI_CACHE_DIR", str(tmp_path / "file"))
    with pytest.raises(DataError, match="CXRTUI_CACHE_DIR"):
        drain(prepare(config))


def test_names_that_are_not_utf8_go_through(class_folder: Path, configure: Configure, tmp_path: Path) -> None:
    os.rename(os.fsencode(save(class_folder / "x.png", 1234)), os.fsencode(class_folder / "Normal") + b"/\xff\xfe.png")
    config = configure(class_folder)
    said, films = drain(prepare(config, splits_out=tmp_path / "splits.csv"))
    encode(said[-1]).encode()
    assert sum(len(part) for part in films.splits.values()) == 61
    drain(prepare(configure(class_folder, data__splits=str(tmp_path / "splits.csv"))))


def test_evaluation_takes_every_film(class_folder: Path, configure: Configure, tmp_path: Path) -> None:
    config = configure(class_folder, data__positive="COVID-19", data__negative="Normal")
    said, films = drain(load_evaluation(config.data, class_folder))
    assert list(films.splits) == ["all"]
    assert said[-1].counts == {"all": {"Normal": 36, "COVID-19": 24}}
    (class_folder / "Normal").rename(tmp_path / "away")
    said, films = drain(load_evaluation(config.data, class_folder))
    assert said[-1].counts == {"all": {"Normal": 0, "COVID-19": 24}}
    assert [event.message for event in warned(said)] == [
        "No film of " + str(class_folder) + " is called Normal; it has COVID-19."
    ]
    misspelt = configure(class_folder, data__positive="COVID19x", data__negative="*")
    said, films = drain(load_evaluation(misspelt.data, class_folder))
    assert "is called COVID19x; it has COVID-19." in warned(said)[0].message


def test_real_films(real_films: Path, configure: Configure) -> None:
    config = configure(real_films / "darkcovidnet", data__positive="COVID-19", data__negative="No_findings",
                       data__duplicates="identical")  # fmt: skip  # near-duplicates have their own tests
    said, films = drain(prepare(config))
    assert said[-1].counts == {
        "train": {"No_findings": 350, "COVID-19": 86},
        "validation": {"No_findings": 75, "COVID-19": 19},
        "test": {"No_findings": 75, "COVID-19": 19},
    }
    assert said[-1].left_out == {"class Pneumonia": 500}
    people = [set(part.patients) for part in films.splits.values()]
    assert not people[0] & people[1] | people[0] & people[2] | people[1] & people[2]


def test_nothing_is_left_in_the_temporary_folder(
    class_folder: Path, configure: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    drain(prepare(configure(class_folder)))
    assert not list(temporary.iterdir())
