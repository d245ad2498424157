"""Whether heat maps lie on the opacities of phantoms, whether they depend on the weights, and how long they take.

    python benchmarks/heatmap_mass.py RUN PHANTOMS [--workspace DIR] [--seeds 5]

RUN is a run on PHANTOMS, a folder that `cxrtui data phantoms` wrote; only films of its test split are looked at, which
the network has not seen. For the positive films, "mass" is the share of a map's evidence for the positive class that
lies within the true mask of the opacities, "area" the mask's share of the film (the mass of a map that is the same
everywhere), and "hit" the share of films whose strongest point lies within it. Peers: "other masks" is the mass of the
same maps within the masks of other films, which a map that only knew where opacities usually are would have too; and
"untrained" is the mass of the maps of the same network with random variables. Intervals are of 95 %, by patient.

Then the cascading randomisation of Adebayo et al. 2018: how alike maps are before and after groups of the network were
put back to random values, from the head down. Last, heat maps against plain classification on this machine, of the
same films and the same network: rounds alternate, and the best of each counts. On a busy machine the ratio of processor
times is the one to read.
"""

from __future__ import annotations

import argparse
import csv
import time
from pathlib import Path

import numpy as np
from PIL import Image

from cxrtui.data.images.decoding.films import read_film
from cxrtui.evaluation import model as models
from cxrtui.evaluation.evidence import randomise
from cxrtui.evaluation.evidence.explain import METHODS, STAGES, Explainer
from cxrtui.evaluation.evidence.location import Location, locate
from cxrtui.evaluation.evidence.place import Place
from cxrtui.evaluation.model import Model
from cxrtui.evaluation.predict import Predictor, Variables
from cxrtui.net import freeze
from cxrtui.net.classifier import ClassifierSpec, create
from cxrtui.runs.folder import Run
from cxrtui.runs.listing import find_run
from cxrtui.settings.config import Config
from cxrtui.statistics.bootstrap import bootstrap, ratio

BATCH = 8


def test_films(run: Run, folder: Path) -> list[tuple[Path, str]]:
    """Path and patient of the positive films of the run's test split."""
    with run.splits_file.open(newline="", encoding="utf-8") as file:
        return [(folder / row["path"], row["patient"]) for row in csv.DictReader(file)
                if row["part"] == "test" and row["label"] == "positive"]  # fmt: skip


def mask_of(folder: Path, film: Path) -> np.ndarray:
    with Image.open(folder / "annotations" / "masks" / f"{film.stem}_mask.png") as mask:
        return np.asarray(mask) > 127


def stated(values: list[float], patients: list[str]) -> str:
    """A mean with its interval; films without a value are left out."""
    kept = [(value, patient) for value, patient in zip(values, patients, strict=True) if np.isfinite(value)]
    found = bootstrap(ratio([value for value, _ in kept], np.ones(len(kept))), [patient for _, patient in kept], seed=0)
    return f"{100 * found.value:.1f} % ({100 * found.low:.1f}-{100 * found.high:.1f})"


def locations(
    model: Model, variables: Variables, method: str, stage: str, films: np.ndarray, masks: list[np.ndarray]
) -> list[Location]:
    maps = Explainer(model.graphdef, model.size, model.stored_size, method, stage, BATCH)(variables, films).maps
    place = Place.of(model, stage)
    return [locate(place.on_film(cells, mask.shape), mask) for cells, mask in zip(maps, masks, strict=True)]


def mass(model: Model, films: np.ndarray, masks: list[np.ndarray], patients: list[str]) -> None:
    untrained = dict(randomise.cascade(model, seed=1))["stem"]  # the last group: all variables are random
    moved = max(patients.count(patient) for patient in patients)  # further than any patient has films
    others = [masks[(index + moved) % len(masks)] for index in range(len(masks))]
    for stage in STAGES:
        for method in METHODS:
            found = locations(model, model.variables, method, stage, films, masks)
            print(f"{method} of {stage}: area {stated([item.area for item in found], patients)}; "
                  f"mass {stated([item.mass for item in found], patients)}; "
                  f"hit {stated([float(item.hit) for item in found], patients)}")  # fmt: skip
            for words, variables, where in (("other masks", model.variables, others), ("untrained", untrained, masks)):
                peer = locations(model, variables, method, stage, films, where)
                print(f"    {words}: mass {stated([item.mass for item in peer], patients)}; "
                      f"hit {stated([float(item.hit) for item in peer], patients)}")  # fmt: skip


def dependence(model: Model, films: np.ndarray, seeds: int) -> None:
    for stage, method in (("stage4", "gradcam"), ("stage3", "gradcam"), ("stage3", "hirescam")):
        print(f"{method} of {stage}, {len(films)} films, {seeds} draws: rank correlation (its magnitude), SSIM")
        for row in randomise.randomisation(model, films, method, stage, range(1, seeds + 1)):
            print(f"    down to {row.group:6}  {row.rank:+.2f} ({row.magnitude:.2f})  {row.structure:.2f}")


def speed(model: Model) -> None:
    rng = np.random.default_rng(0)
    films = rng.integers(0, 256, (BATCH, model.stored_size, model.stored_size), np.uint8)
    work = {"classification": Predictor(model.graphdef, model.size, model.stored_size, BATCH)} | {
        f"{method} of {stage}": Explainer(model.graphdef, model.size, model.stored_size, method, stage, BATCH)
        for method, stage in (("gradcam", "stage4"), ("gradcam", "stage3"), ("hirescam", "stage3"))
    }
    best = {name: np.full(2, np.inf) for name in work}
    for number in range(12):  # the first round compiles
        for name, compute in work.items():
            started = np.array([time.perf_counter(), time.process_time()])
            compute(model.variables, films)
            taken = np.array([time.perf_counter(), time.process_time()]) - started
            best[name] = np.minimum(best[name], taken) if number else best[name]
    for name, (wall, processor) in best.items():
        print(f"    {name}: {BATCH / wall:.0f} films/s; processor time {processor / best['classification'][1]:.2f} "
              "of classification's")  # fmt: skip


def resnet50() -> Model:
    """A whole ResNet-50 at 224 pixels, with random variables."""
    graphdef, trainable, frozen, statistics = freeze.split(create(ClassifierSpec()))
    variables = {"trainable": trainable, "frozen": frozen, "statistics": statistics}
    return Model("ResNet-50", Config(), ("negative", "positive"), graphdef, variables, step=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("phantoms", type=Path)
    parser.add_argument("--workspace", type=Path, default=Path())
    parser.add_argument("--seeds", type=int, default=5)
    arguments = parser.parse_args()
    run = find_run(arguments.workspace / "checkpoints", arguments.run)
    model = models.load(run)
    chosen = test_films(run, arguments.phantoms)
    mode = model.config.data.resize_mode
    films = np.stack([read_film(path, model.stored_size, mode).values for path, _ in chosen])
    print(f"{len(chosen)} positive films of {len({patient for _, patient in chosen})} patients; "
          f"test split: {run.read().evaluations['test'].metrics}")  # fmt: skip
    mass(model, films, [mask_of(arguments.phantoms, path) for path, _ in chosen], [patient for _, patient in chosen])
    dependence(model, films, arguments.seeds)
    for name, network in ((run.name, model), ("ResNet-50 at 224 pixels", resnet50())):
        print(f"{name}, batches of {BATCH}:")
        speed(network)


if __name__ == "__main__":
    main()
