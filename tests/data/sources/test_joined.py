"""Several sources together, data sets of tfds, and folders that mean no good."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cxrtui.data.prepared.prepare import prepare
from cxrtui.data.sources.collect import read_source, read_sources
from cxrtui.data.sources.naming import absolute
from cxrtui.errors import ConfigError, DataError
from cxrtui.runs.events import DataPrepared, Warned
from cxrtui.settings import config
from cxrtui.settings.config import Config
from tests.data.conftest import drain, save
from tests.data.sources.layouts.test_published import hannover
from tests.data.sources.test_tags import write as tagged


def test_names_and_patients_of_two_sources_do_not_collide(class_folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "films"
    save(other / "COVID-19" / "c1_x.png", 900)
    save(other / "COVID-19" / "x.png", 901)
    save(class_folder / "COVID-19" / "c1_y.png", 902)
    found = read_sources([str(class_folder), str(other)])
    assert len({film.name for film in found.films}) == len(found.films) == 63
    by_source = {film.source: film for film in found.films}
    assert set(by_source) == {"films", "films-2"}
    assert by_source["films-2"].patient == "file:films-2/COVID-19/x.png"
    by_pattern = read_sources([str(class_folder), str(other)], r"^(c\d)_")
    assert {"films/c1", "films-2/c1"} <= {film.patient for film in by_pattern.films}
    with pytest.raises(DataError, match="named twice"):
        read_sources([str(class_folder), f"{class_folder}/"])


def test_a_film_of_two_sources_counts_once(class_folder: Path, tmp_path: Path) -> None:
    lines = ["path,label", f"{class_folder}/Normal/00000100_000.png,Normal",
             f"{class_folder}/Normal/00000101_000.png,healthy"]  # fmt: skip
    save(tmp_path / "new.png", 5)
    (tmp_path / "list.csv").write_text("\n".join([*lines, "new.png,Normal"]))
    found = read_sources([str(class_folder), str(tmp_path / "list.csv")])
    assert len(found.films) == 61
    assert found.left_out == {"a film of an earlier --data too": 2}
    (tmp_path / "list.csv").write_text("\n".join([*lines, f"{class_folder}/Normal/00000102_000.png,COVID-19"]))
    with pytest.raises(DataError, match=r"00000102_000.png is Normal by one --data and COVID-19 by another"):
        read_sources([str(class_folder), str(tmp_path / "list.csv")])


def test_who_has_one_name_everywhere_is_one_patient_in_two_sources(
    class_folder: Path, tmp_path: Path, configure: Callable[..., Config]
) -> None:
    """Else a Patient ID, an NIH number or a name of BIMCV or RICORD would be in training and in test."""
    other, bimcv = tmp_path / "other", "sub-S1_ses-E1_run-1_vp-ap_dx.png"
    for number in range(36):
        save(other / "Normal" / f"{number + 100:08d}_001.png", number + 500)
        save(other / "COVID-19" / f"{number // 2:08d}_00{number % 2 + 2}.png", number + 600)
    for place, seed in ((class_folder, 700), (other, 701)):
        save(place / "COVID-19" / bimcv, seed)
        tagged(place / "Normal" / "x.dcm", seed, PatientID="MRN 7")
    found = read_sources([str(class_folder), str(other)])
    assert all("/" not in film.patient for film in found.films)
    by_name = {film.name: film.patient for film in found.films}
    assert by_name[f"films/COVID-19/{bimcv}"] == by_name[f"other/COVID-19/{bimcv}"] == "sub-S1"
    assert by_name["films/Normal/x.dcm"] == by_name["other/Normal/x.dcm"] != ""
    settings = configure(class_folder, data__source=(str(class_folder), str(other)))
    _, films = drain(prepare(settings))
    held = [set(part.patients) for part in films.splits.values()]
    assert sum(map(len, held)) == len(set.union(*held))


def test_two_sources_train_together(class_folder: Path, tmp_path: Path, configure: Callable[..., Config]) -> None:
    hospital = tmp_path / "hospital"
    hospital.mkdir()
    hannover(hospital)
    settings = configure(class_folder, data__source=(str(class_folder), str(hospital)), data__positive="COVID-19",
                         data__negative="*")  # fmt: skip
    said, films = drain(prepare(settings, splits_out=tmp_path / "splits.csv"))
    prepared = next(event for event in said if isinstance(event, DataPrepared))
    assert (prepared.source, prepared.labels) == ("films + hospital", ["not COVID-19", "COVID-19"])
    assert sum(len(part) for part in films.splits.values()) == 61
    again = config.with_values(settings, {"data.splits": str(tmp_path / "splits.csv"), "run.seed": 9})
    _, same = drain(prepare(again))
    assert [part.paths for part in same.splits.values()] == [part.paths for part in films.splits.values()]
    assert same.fingerprint == films.fingerprint


def test_the_rule_of_a_layout_is_said(tmp_path: Path, configure: Callable[..., Config]) -> None:
    lines = ["filename,finding,patientid,view,modality"]
    for number in range(24):
        save(tmp_path / "d" / "images" / f"{number}.png", number)
        lines.append(f"{number}.png,{'COVID-19' if number % 2 else 'SARS'},{number},PA,X-ray")
    (tmp_path / "d" / "metadata.csv").write_text("\n".join(lines))
    said, _ = drain(prepare(configure(tmp_path / "d")))
    rule = next(event for event in said if isinstance(event, Warned))
    assert rule.code == "labels-by-layout"
    assert "positive is COVID-19 (COVID-19: 12); negative is not COVID-19 (SARS: 12)" in rule.message


def test_paths_in_the_settings(tmp_path: Path) -> None:
    settings = config.resolve({"data.source": ["a,b", "ieee8023:c\\d"]})
    text = config.as_text(settings.data.source)
    assert config.coerce("data.source", text) == settings.data.source == ("a,b", "ieee8023:c\\d")
    assert absolute("ieee8023:c") == f"ieee8023:{Path('c').absolute()}"
    assert absolute("tfds:mnist") == "tfds:mnist"
    with pytest.raises(ConfigError, match=r"data\.views may hold frontal"):
        config.resolve({"data.views": "sideways"})


def test_a_folder_of_collections_is_no_class_folder(class_folder: Path) -> None:
    (class_folder / "hospital").mkdir()
    hannover(class_folder / "hospital")
    with pytest.raises(DataError, match=r"holds collections of their own: hospital \(hannover\)"):
        read_source(class_folder)
    assert len(read_source(f"class-folders:{class_folder}").films) == 61


def test_a_layout_that_does_not_fit_is_said(class_folder: Path) -> None:
    with pytest.raises(DataError, match="; iee8023 is none of the layouts"):
        read_source(f"iee8023:{class_folder}")
    for layout in ("ieee8023", "covidx", "rsna", "bimcv", "qata", "covid-qu-ex"):
        with pytest.raises(DataError, match=r"cannot be read as|no table of labels"):
            read_source(f"{layout}:{class_folder}")


def test_a_store_of_our_own_is_a_tfds_source(
    class_folder: Path, configure: Callable[..., Config], tmp_path: Path
) -> None:
    said, _ = drain(prepare(configure(class_folder)))
    mark = next(event.fingerprint for event in said if isinstance(event, DataPrepared))
    found = read_source(f"tfds:{tmp_path / 'cache' / 'prepared' / mark}")
    assert (found.layout, found.found) == ("tfds", {"COVID-19": 24, "Normal": 36})
    assert len({film.patient for film in found.films}) == 48
    from cxrtui.data.images.decode import decode

    assert decode(found.films[0].path).dtype == np.uint8
    with pytest.raises(DataError, match="not prepared here"):
        read_source("tfds:no_such_data_set")
    with pytest.raises(DataError, match="No tfds data set was named"):
        read_source("tfds:")


def test_encoded_images_of_tfds_are_written_out_as_they_are(tmp_path: Path, configure: Callable[..., Config]) -> None:
    import tensorflow_datasets as tfds

    encoded = [save(tmp_path / f"{n}.{('png', 'jpg')[n % 2]}", n).read_bytes() for n in range(4)]
    encoded.append(encoded[0][:300])  # cut short: found out where films are decoded, and one film's matter

    class Encoded(tfds.core.GeneratorBasedBuilder):  # type: ignore[misc]
        VERSION = tfds.core.Version("1.0.0")
        code_path = None

        def _info(self) -> Any:
            label = tfds.features.ClassLabel(names=["COVID-19", "Normal"])
            features = {"image": tfds.features.Image(shape=(None, None, 1)), "label": label}
            return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features),
                                         disable_shuffling=True)  # fmt: skip

        def _split_generators(self, _: object) -> Any:
            return {"train": ((n, {"image": io.BytesIO(body), "label": n % 2}) for n, body in enumerate(encoded))}

        def _generate_examples(self) -> Any:
            """Nothing: the split is made above."""

    made = Encoded(file_format="array_record", data_dir=str(tmp_path / "tfds"))
    made.download_and_prepare(download_config=tfds.download.DownloadConfig(try_download_gcs=False))
    configure(tmp_path)  # a cache of its own
    films = read_source(f"tfds:{tmp_path / 'tfds'}").films
    assert [film.path.read_bytes() for film in films] == encoded
    assert [film.path.suffix for film in films] == [".png", ".jpg", ".png", ".jpg", ".png"]


def test_wide_quoted_tables_with_wrong_paths(tmp_path: Path) -> None:
    save(tmp_path / "images" / "a;b.png", 1)
    header = ["filename", "finding", "patientid", *[f"column {number}" for number in range(300)]]
    rows = [['"a;b.png"', '"COVID-19; ""quoted"""', "1"], ["../../etc/passwd", "COVID-19", "2"], ["x" * 9000, "x", "3"]]
    text = "\ufeff" + "\r\n".join(";".join([*row, *[""] * (303 - len(row))]) for row in [header, *rows])
    (tmp_path / "metadata.csv").write_text(text, encoding="utf-8")
    found = read_source(tmp_path)
    assert [(film.name, film.label) for film in found.films] == [("images/a;b.png", "COVID-19, quoted")]
    assert found.left_out == {"listed in the table, but no such file": 2}


@pytest.mark.slow
def test_many_files_and_links_that_loop(tmp_path: Path) -> None:
    folder = tmp_path / "A"
    folder.mkdir()
    for number in range(20_000):
        os.mknod(folder / f"{number}.png")
    (folder / "loop").symlink_to(tmp_path)
    (folder / "self").symlink_to("self")
    os.mknod(os.fsencode(folder) + b"/\xff\xfe.png")
    found = read_source(tmp_path)
    assert len(found.films) == 20_001
    assert found.left_out == {"a broken link": 1, "a link back into the data": 1}
