"""Pictures of heat maps in a folder: their names, the rows that name them, and what happens if they cannot be made."""

from __future__ import annotations

import csv
import json
import os
import resource
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cxrtui import RESEARCH_ONLY
from cxrtui.cli import cli, main
from cxrtui.data.images.decoding.films import read_film
from cxrtui.errors import FilmError
from cxrtui.evaluation import classify
from cxrtui.evaluation.evidence import colours
from cxrtui.evaluation.evidence.explain import METHODS, STAGES, Explainer
from cxrtui.evaluation.evidence.heatmaps import HeatMaps, names
from cxrtui.evaluation.evidence.layers import film_layer
from cxrtui.evaluation.evidence.overlay import TITLES
from cxrtui.evaluation.evidence.place import STRIDES, Place
from cxrtui.runs.folder import Run
from cxrtui.tui.classify.heat import KINDS

Call = Callable[..., tuple[object, str, str]]


def test_films_of_one_name_have_pictures_of_their_own(tmp_path: Path) -> None:
    films = [Path("a/x.png"), Path("b/x.png"), Path("a/y.png"), Path("a/Y.jpg"), Path("z.png"), Path("a/x.png")]
    found = names(films, tmp_path)
    assert found[Path("z.png")] == "z.heatmap.png"
    assert len({name.casefold() for name in found.values()}) == len(set(films))
    assert all(found[path].startswith(path.stem) for path in films)
    assert names(films[::-1], tmp_path) == found


def test_no_picture_replaces_a_film(tmp_path: Path) -> None:
    films = [tmp_path / "x.png", tmp_path / "x.heatmap.png"]
    found = names(films, tmp_path)
    assert not {tmp_path / name for name in found.values()} & set(films)


def test_odd_names_are_names_of_files(tmp_path: Path) -> None:
    films = [
        Path(name) for name in ("." * 3, "正" * 84 + ".png", os.fsdecode(b"caf\xe9.png"), "a\nb.png", "-.png", " ")
    ]
    for name in names(films, tmp_path).values():
        (tmp_path / name).write_bytes(b"")
        assert name.isprintable()
        assert not name.startswith(".")
    assert len(list(tmp_path.iterdir())) == len(films)


def test_the_command_and_the_keys_offer_what_there_is() -> None:
    options = {option.name: option.type for option in cli.commands["classify"].params}
    assert tuple(options["method"].choices) == METHODS  # type: ignore[attr-defined]
    assert tuple(options["stage"].choices) == STAGES  # type: ignore[attr-defined]
    assert set(TITLES) == set(METHODS)
    assert set(STRIDES) >= set(STAGES)
    # Behind stage4 both methods are the same map.
    kinds = {(method, stage) for method, stage, _ in KINDS} | {("hirescam", "stage4")}
    assert kinds == {(method, stage) for method in METHODS for stage in STAGES}


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], trained: Run) -> Call:
    def run(*arguments: str | Path) -> tuple[object, str, str]:
        monkeypatch.setattr(sys, "argv", ["cxrtui", "classify", str(trained.folder), *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return ended.value.code, printed.out, printed.err

    return run


@pytest.mark.slow
def test_the_command_writes_a_picture_for_each_film_and_names_it(
    call: Call, phantom_films: Path, tmp_path: Path
) -> None:
    films = sorted(phantom_films.glob("positive/*.png"))[:2]
    (tmp_path / "other").mkdir()
    twin = shutil.copy(films[1], tmp_path / "other" / films[0].name)
    bad = tmp_path / "bad.png"
    bad.write_text("no image")
    maps = tmp_path / "new" / "maps"
    code, plain, _ = call("--json", *films, twin, bad)
    assert (code, maps.exists()) == (3, False)
    code, out, _ = call("--json", *films, twin, bad, "--heatmap", maps, "--opacity", "0.9")
    assert code == 3
    rows = [json.loads(line) for line in out.splitlines()]
    written = [row.pop("heatmap") for row in rows]
    assert rows == [json.loads(line) for line in plain.splitlines()]  # the answers are the same to the last bit
    assert written[3] is None
    assert sorted(map(Path, written[:3])) == sorted(maps.iterdir())
    assert len(set(written[:3])) == 3
    with Image.open(written[0]) as picture:
        assert picture.size[0] == 512
        text = picture.text  # type: ignore[attr-defined]
    assert text["Film"] == str(films[0])
    assert float(text["Probability"]) == pytest.approx(rows[0]["probabilities"]["positive"], abs=1e-6)
    code, out, _ = call("--csv", films[0], bad, "--heatmap", maps, "--method", "hirescam", "--stage", "stage3")
    table = list(csv.DictReader(out.splitlines()))
    assert [row["heatmap"] for row in table] == [str(maps / f"{films[0].stem}.heatmap.png"), ""]
    with Image.open(table[0]["heatmap"]) as picture:
        assert picture.text["Method"] == "HiResCAM of stage3"  # type: ignore[attr-defined]
    code, out, _ = call(films[0], "--heatmap", maps)
    assert (code, out.count("heat map: "), out.count(RESEARCH_ONLY)) == (0, 1, 1)


@pytest.mark.slow
def test_options_that_make_no_sense_are_refused(call: Call, phantom_films: Path, tmp_path: Path) -> None:
    film = next(phantom_films.glob("positive/*.png"))
    code, _, error = call(film, "--opacity", "0.5")
    assert (code, "--heatmap DIR" in error) == (2, True)
    (tmp_path / "file").touch()
    code, _, error = call(film, "--heatmap", tmp_path / "file" / "maps")
    assert (code, "Cannot make the folder" in error) == (2, True)


@pytest.mark.slow
def test_a_disk_that_refuses_is_named_once_and_the_answers_go_on(
    call: Call, phantom_films: Path, tmp_path: Path
) -> None:
    films = sorted(phantom_films.glob("positive/*.png"))[:10]
    assert call("--json", *films, "--heatmap", tmp_path / "before")[0] == 0  # keeps its programs, without the limit
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        code, out, error = call("--json", *films, "--heatmap", tmp_path / "maps")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 2
    assert [row["ok"] for row in rows] == [True] * 10
    assert [row["heatmap"] for row in rows] == [None] * 10
    assert error.count("Cannot write") == 1
    assert "raise the limit on the size of a file" in error
    assert not list((tmp_path / "maps").iterdir())


@pytest.mark.slow
def test_a_film_that_is_gone_costs_its_own_picture(trained: Run, phantom_films: Path, tmp_path: Path) -> None:
    films = [Path(shutil.copy(film, tmp_path)) for film in sorted(phantom_films.glob("positive/*.png"))[:2]]
    classifier = classify.load(trained)
    rows = list(classifier.classify(films))
    films[0].unlink()
    problems: list[str] = []
    maps = HeatMaps(classifier.model, tmp_path / "maps", films, on_problem=problems.append)
    assert [bool(row.heatmap) for row in maps.rows(rows)] == [False, True]
    assert (len(problems), maps.failed, maps.refused) == (1, 1, "")


@pytest.mark.slow
def test_a_classifier_of_the_shelf_explains_as_its_run_does(trained: Run, phantom_films: Path, tmp_path: Path) -> None:
    from cxrtui.evaluation import export

    folder = export.export(trained, tmp_path / "shelf", "finished", {})
    films = sorted(phantom_films.glob("positive/*.png"))[:1]
    pictures = []
    for target in (trained, folder):
        classifier = classify.load(target)
        maps = HeatMaps(classifier.model, tmp_path / classifier.model.name, films, stage="stage3")
        (row,) = maps.rows(classifier.classify(films))
        with Image.open(str(row.heatmap)) as picture:
            pictures.append(np.asarray(picture)[:512])
    np.testing.assert_array_equal(*pictures)


@pytest.mark.slow
def test_a_screen_gets_the_same_map_as_a_layer_of_colours(trained: Run, phantom_films: Path, tmp_path: Path) -> None:
    model = classify.load(trained).model
    film = next(phantom_films.glob("positive/*.png"))
    layer = film_layer(model, film, (3000, 1500), "hirescam", "stage3")
    assert (layer.pixels.shape, layer.pixels.dtype) == ((256, 128, 4), np.uint8)
    assert layer.positive == "positive"
    image = read_film(film, model.stored_size).values
    explainer = Explainer(model.graphdef, model.size, model.stored_size, "hirescam", "stage3", 1)
    cells = explainer(model.variables, image[None]).maps[0]
    heat = Place.of(model, "stage3").on_film(cells, (256, 128))
    np.testing.assert_array_equal(layer.pixels, colours.layer(colours.strength(heat, np.abs(cells).max())))
    assert (layer.strongest > 0) == bool((heat > 0).any())
    with pytest.raises(FilmError):
        film_layer(model, tmp_path / "gone.png", (9, 9))
