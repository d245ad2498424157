"""Classifying files end to end: cxrtui, with XLA or ONNX Runtime, and PyTorch behind a DataLoader of two workers.

    python benchmarks/classify_files.py                        # 1,000 files of synthetic films
    python benchmarks/classify_files.py --films FOLDER         # of the films in FOLDER, in turn
    taskset -c 0 python benchmarks/classify_files.py --count 120

The files are JPEG, PNG and DICOM (12 bits, uncompressed), a third each. All contestants classify them from the paths to
the probabilities, with a ResNet-50 of random weights at 224 pixels in float32: cxrtui by `Classifier.classify`, which
also refuses what is no frontal film, PyTorch (channels_last) with Pillow and pydicom in the workers of its DataLoader.
They are warm: programs are compiled and the processes that decode are there; PyTorch keeps its workers too. Rounds
alternate. The seconds of processors, with those of the processes that decode, compare where other work runs.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pydicom
from PIL import Image
from pydicom.dataset import FileMetaDataset
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian, generate_uid

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))
from torch_resnet import torch_network

from cxrtui import memory
from cxrtui.data.phantoms import generate
from cxrtui.evaluation.classify import Classifier
from cxrtui.evaluation.model import Model
from cxrtui.evaluation.onnx_runtime import OnnxNetwork, converted
from cxrtui.net import backend, freeze
from cxrtui.net.classifier import ClassifierSpec, create
from cxrtui.settings import config

SIZE = 224
Run = Callable[[Sequence[Path]], Iterator[Any]]  # yields something for each file


def dicom_of(image: Image.Image) -> pydicom.Dataset:
    """Return a film as a digital radiograph of 12 bits."""
    values = np.asarray(image, np.uint16) * 16
    film = pydicom.Dataset()
    film.file_meta = FileMetaDataset()
    film.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    film.SOPClassUID, film.SOPInstanceUID = DigitalXRayImageStorageForPresentation, generate_uid()
    film.Modality, film.ViewPosition, film.PatientID = "DX", "PA", "1"
    film.Rows, film.Columns = values.shape
    film.SamplesPerPixel, film.PhotometricInterpretation, film.PixelRepresentation = 1, "MONOCHROME2", 0
    film.BitsAllocated, film.BitsStored, film.HighBit = 16, 12, 11
    film.PixelData = values.tobytes()
    return film


def mixed(films: Sequence[Path], count: int, folder: Path) -> list[Path]:
    """Write `count` files of `films`, in turn, and return their paths."""
    paths = []
    for index in range(count):
        image = Image.open(films[index % len(films)]).convert("L")
        path = folder / f"{index:05}{('.jpg', '.png', '.dcm')[index % 3]}"
        if path.suffix == ".dcm":
            dicom_of(image).save_as(path, enforce_file_format=True)
        else:
            image.save(path, **({"quality": 90} if path.suffix == ".jpg" else {}))
        paths.append(path)
    return paths


def ours(engine: str) -> Run:
    """Return cxrtui with an engine."""
    graphdef, trainable, frozen, statistics = freeze.split(create(ClassifierSpec()))
    variables = {"trainable": trainable, "frozen": frozen, "statistics": statistics}
    settings = config.resolve({"data.size": SIZE})
    model = Model("random", settings, ("negative", "positive"), graphdef, variables, 0)
    classifier = Classifier(model, network=OnnxNetwork(converted(model)) if engine == "onnxruntime" else None)
    return classifier.classify


class Files:
    """A data set of PyTorch: the path's film, as its network takes it."""

    def __init__(self, paths: Sequence[Path]) -> None:
        self.paths = paths

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Any:
        import torch

        path = self.paths[index]
        if path.suffix == ".dcm":
            values = pydicom.dcmread(path).pixel_array
            image = Image.fromarray((values / max(int(values.max()), 1) * 255).astype(np.uint8))
        else:
            image = Image.open(path).convert("L")
        pixels = np.asarray(image.resize((SIZE, SIZE), Image.Resampling.BILINEAR), np.float32)
        return torch.from_numpy((pixels / 255 - 0.449) / 0.226)[None]


def theirs(batch: int) -> Run:
    """Return PyTorch."""
    import torch
    from torch.utils.data import DataLoader

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    network = torch_network().eval().to(memory_format=torch.channels_last)
    loaders: dict[tuple[Path, ...], Any] = {}

    def run(paths: Sequence[Path]) -> Iterator[Any]:
        key = tuple(paths)
        if key not in loaders:
            # The workers are spawned: a fork beside JAX is unsafe.
            loaders[key] = DataLoader(
                Files(paths), batch, num_workers=2, persistent_workers=True, multiprocessing_context="spawn"
            )
        with torch.inference_mode():
            for images in loaders[key]:
                yield from network(images.to(memory_format=torch.channels_last)).softmax(-1).numpy()

    return run


def processors() -> float:
    """Return the seconds that this process and its children have computed."""
    seconds = 0.0
    for process in (psutil.Process(), *psutil.Process().children(recursive=True)):
        times = process.cpu_times()
        seconds += times.user + times.system
    return seconds


def timed(run: Run, paths: Sequence[Path]) -> tuple[float, float, float]:
    """Return seconds of the clock, seconds of processors, and seconds of the clock until the first file's answer."""
    first, busy, started = 0.0, processors(), time.perf_counter()
    for _ in run(paths):
        first = first or time.perf_counter() - started
    return time.perf_counter() - started, processors() - busy, first


def spread(values: Sequence[float]) -> str:
    """Return median, least and greatest."""
    return f"{np.median(values):.3f} ({min(values):.3f} to {max(values):.3f})"


def main() -> None:
    """Measure and print."""
    memory.start_again()  # with large pages, as the commands that compute do
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=Path, help="folder of PNG or JPEG films; by default synthetic ones")
    parser.add_argument("--count", type=int, default=1000, help="files")
    parser.add_argument("--batch", type=int, default=8, help="of PyTorch")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="xla,onnxruntime,torch")
    options = parser.parse_args()
    backend.prepare()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if options.films is None:
            generate(folder / "films", count=60, seed=0, size=1024)
        given = options.films or folder / "films"
        films = sorted(path for path in given.rglob("*") if path.suffix in (".png", ".jpg"))
        (folder / "files").mkdir()
        paths = mixed(films, options.count, folder / "files")
        runs = {name: theirs(options.batch) if name == "torch" else ours(name) for name in options.only.split(",")}
        taken: dict[str, list[tuple[float, float, float]]] = {name: [] for name in runs}
        alone: dict[str, list[tuple[float, float, float]]] = {name: [] for name in runs}
        for run in runs.values():  # PyTorch's workers belong to one list of files
            for warming in (paths if run is runs.get("torch") else paths[:30], paths[:1]):
                timed(run, warming)
        for _ in range(options.rounds):
            for name, run in runs.items():
                taken[name].append(timed(run, paths))
                alone[name].append(timed(run, paths[:1]))
    print(f"{len(paths)} files, {options.rounds} rounds in turn, {len(os.sched_getaffinity(0))} cores, load "
          f"{os.getloadavg()[0]:.1f}; median (least to greatest)")  # fmt: skip
    for name in runs:
        clock, busy, first = zip(*taken[name], strict=True)
        print(f"{name}\n  all files: {spread(clock)} s, of processors {spread(busy)} s")
        print(f"  the first row after {spread(first)} s")
        clock, busy, _ = zip(*alone[name], strict=True)
        print(f"  one file: {spread(clock)} s, of processors {spread(busy)} s")
        if "torch" in runs and name != "torch":
            for index, what in enumerate(("of the clock", "of processors")):
                ratios = [peer[index] / own[index] for own, peer in zip(taken[name], taken["torch"], strict=True)]
                print(f"  times PyTorch, all files, by seconds {what}: {spread(ratios)}")


if __name__ == "__main__":
    main()
