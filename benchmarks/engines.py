"""Inference of one ResNet-50 by XLA, ONNX Runtime, OpenVINO and PyTorch, in turn in one process.

    taskset -c 0 python benchmarks/engines.py --batch 1,8,32 --rounds 9

The first three get the same network, from stored images to probabilities; PyTorch (channels_last) gets normalised
images. What counts is the median of the rounds' ratio to PyTorch, in seconds of the processor, because other work
lengthens those of the clock. What is not installed is left out; PyTorch must be.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))
from torch_resnet import torch_network

from cxrtui import memory
from cxrtui.evaluation.model import Model
from cxrtui.evaluation.onnx_file import onnx_file
from cxrtui.evaluation.onnx_runtime import OnnxNetwork
from cxrtui.evaluation.predict import Predictor, softmax
from cxrtui.net import backend, freeze
from cxrtui.net.classifier import ClassifierSpec, create
from cxrtui.settings import config

SIZE = 224
Infer = Callable[[], Any]


def random_model() -> Model:
    """A classifier of random weights."""
    graphdef, trainable, frozen, statistics = freeze.split(create(ClassifierSpec(stem_offset=True)))
    variables = {"trainable": trainable, "frozen": frozen, "statistics": statistics}
    return Model("random", config.resolve({"data.size": SIZE}), ("negative", "positive"), graphdef, variables, 0)


def openvino(body: bytes, films: np.ndarray, precision: str) -> Infer:
    """OpenVINO, compiled for the shape of `films`."""
    from openvino import Core

    core = Core()
    network = core.read_model(body)
    network.reshape({"films": list(films.shape)})
    how = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": len(os.sched_getaffinity(0)),
           "PERFORMANCE_HINT": "LATENCY"}  # fmt: skip
    request = core.compile_model(network, "CPU", how).create_infer_request()
    return lambda: request.infer({"films": films})[0].copy()


def torch_inference(batch: int, random: np.random.Generator) -> Infer:
    """PyTorch."""
    import torch

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    network = torch_network().eval().to(memory_format=torch.channels_last)
    images = torch.from_numpy(random.normal(size=(batch, 1, SIZE, SIZE)).astype(np.float32))
    images = images.to(memory_format=torch.channels_last)

    def infer() -> Any:
        with torch.inference_mode():
            return network(images).numpy()

    return infer


def entrants(model: Model, body: bytes, batch: int) -> dict[str, Infer]:
    """What is installed, for one size of the batch; PyTorch last."""
    random = np.random.default_rng(0)
    films = random.integers(0, 256, (batch, model.stored_size, model.stored_size), dtype=np.uint8)
    xla, onnx = Predictor(model.graphdef, model.size, model.stored_size, batch), OnnxNetwork(body)
    found: dict[str, Infer] = {"xla": lambda: softmax(xla(model.variables, films)), "onnxruntime": lambda: onnx(films)}
    for name, precision in (("openvino", "f32"), ("openvino, bfloat16", "bf16")):
        try:
            found[name] = openvino(body, films, precision)
        except ImportError:
            print(f"{name}: not installed, left out", file=sys.stderr)
    return {**found, "torch": torch_inference(batch, random)}


def main() -> None:
    """Measure and print."""
    memory.start_again()  # with large pages, as the commands that compute do
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", default="1,8,32", help="images, comma-separated")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    backend.prepare()
    model = random_model()
    body = onnx_file(model)
    for batch in map(int, options.batch.split(",")):
        infers = entrants(model, body, batch)
        answers = {name: (infer(), infer())[1] for name, infer in infers.items()}
        taken: dict[str, list[float]] = {name: [] for name in infers}
        for _ in range(options.rounds):
            for name, infer in infers.items():
                started = time.process_time()
                infer()
                taken[name].append(time.process_time() - started)
        print(f"batch {batch}, {options.rounds} rounds, load {os.getloadavg()[0]:.1f}: seconds of processors, times "
              "PyTorch (least to greatest), largest difference from XLA")  # fmt: skip
        for name, seconds in taken.items():
            ratios = np.asarray(taken["torch"]) / np.asarray(seconds)
            apart = "" if name == "torch" else f"{np.abs(answers[name] - answers['xla']).max():.1e}"
            print(f"{name:20}{np.median(seconds):8.3f} s{np.median(ratios):8.2f} ({ratios.min():.2f} to "
                  f"{ratios.max():.2f})  {apart}", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
