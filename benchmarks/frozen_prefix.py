"""An epoch with frozen groups: cxrtui on features that are computed once, and PyTorch with ``requires_grad=False``.

    python benchmarks/frozen_prefix.py --size 224 --batch 32 --films 256 --level stage4
    python benchmarks/frozen_prefix.py --size 224 --batch 32 --films 256 --level stage3

Both train a ResNet-50 with a Dense(256) head on as many films of one channel, in one process, in turn: some epochs of
cxrtui by `training.fit.fit` itself with ``train.views``, then one of PyTorch by the usual loop over uint8 images in
memory (``requires_grad=False`` for the frozen groups, their BatchNorm in eval mode, channels_last, AdamW), with a
random flip and brightness of each film, and a validation. cxrtui also writes its log and a checkpoint after each epoch,
so both times are given: steps and validation as the log has them, and all that passed; the time of processors says
what either needs where other work runs too. Printed are medians with the least and the greatest, their ratios, and
after how many epochs the features have paid.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parent))
from torch_resnet import torch_network

from cxrtui import memory
from cxrtui.data.phantoms import generate
from cxrtui.runs import events as ev
from cxrtui.runs import listing
from cxrtui.settings.config import Config, resolve
from cxrtui.settings.transfer import STAGES
from cxrtui.training.fit import fit

TORCH = {"stem": ("conv1", "bn1"), **{f"stage{index}": (f"layer{index}",) for index in range(1, 5)}}


@dataclasses.dataclass
class Epoch:
    """Seconds of one epoch: its steps and its validation; all that passed, with the checkpoint; and of processors."""

    work: float
    all: float
    processors: float


def ours(config: Config, folder: Path, turn: int) -> Iterator[ev.Encoded | Epoch]:
    """Yield the event of the features, then the mean `Epoch` of the next `turn` epochs whenever it is asked for one."""
    run = listing.new_run(folder / "checkpoints", "run")
    started, busy, work, epochs = 0.0, 0.0, 0.0, 0
    for event in fit(config, run):
        if isinstance(event, ev.Encoded):
            yield event
            started, busy = time.perf_counter(), time.process_time()
        elif isinstance(event, (ev.EpochDone, ev.Validated)):
            work += event.seconds
            epochs += isinstance(event, ev.Validated)
            if epochs == turn:
                passed, used = time.perf_counter() - started, time.process_time() - busy
                yield Epoch(work / turn, passed / turn, used / turn)
                started, busy, work, epochs = time.perf_counter(), time.process_time(), 0.0, 0


def theirs(level: str, batch: int, train: np.ndarray, labels: np.ndarray, checked: np.ndarray) -> Iterator[Epoch]:
    """Yield one `Epoch` of PyTorch whenever it is asked for the next; images are uint8 ``[N, size, size]``."""
    import torch

    torch.set_num_threads(os.cpu_count() or 1)
    network = torch_network().to(memory_format=torch.channels_last)
    frozen = [name for stage in STAGES[: STAGES.index(level) + 1] for name in TORCH[stage]]
    for name, parameter in network.named_parameters():
        parameter.requires_grad = name.partition(".")[0] not in frozen
    optimizer = torch.optim.AdamW([item for item in network.parameters() if item.requires_grad], 1e-3)
    random = np.random.default_rng(0)

    def normalised(images: np.ndarray) -> Any:
        pixels = torch.from_numpy(images[:, None]).to(torch.float32) / 255
        return pixels.to(memory_format=torch.channels_last)

    while True:
        started, busy = time.perf_counter(), time.process_time()
        network.train()
        for name in frozen:
            getattr(network, name).eval()
        order = random.permutation(len(train))
        for start in range(0, len(order) - batch + 1, batch):
            places = order[start : start + batch]
            images = normalised(train[places])
            images = torch.where(torch.rand(batch, 1, 1, 1) < 0.5, images.flip(3), images)
            images = (images + 0.2 * torch.rand(batch, 1, 1, 1) - 0.1 - 0.449) / 0.226
            optimizer.zero_grad(set_to_none=True)
            loss = torch.nn.functional.cross_entropy(network(images), torch.from_numpy(labels[places]).long())
            loss.backward()
            optimizer.step()
            loss.item()
        network.eval()
        with torch.inference_mode():
            for start in range(0, len(checked), batch):
                network((normalised(checked[start : start + batch]) - 0.449) / 0.226).numpy()
        seconds = time.perf_counter() - started
        yield Epoch(seconds, seconds, time.process_time() - busy)


def spread(name: str, values: list[float]) -> str:
    """Return a line with the median of seconds, the least and the greatest."""
    return f"{name:44}{statistics.median(values):9.3f} s   ({min(values):.3f} to {max(values):.3f}, n={len(values)})"


def main() -> None:
    """Measure and print."""
    memory.start_again()  # with large pages, as the commands that compute do
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--level", default="stage4", choices=STAGES, help="model.freeze")
    parser.add_argument("--size", type=int, default=224, help="of the network's input, pixels")
    parser.add_argument("--batch", type=int, default=32, help="films a step")
    parser.add_argument("--films", type=int, default=256, help="in all; 70 %% of them train")
    parser.add_argument("--views", type=int, default=2, help="train.views")
    parser.add_argument("--rounds", type=int, default=3, help="turns of each, after one to warm up")
    parser.add_argument("--turn", type=int, default=4, help="epochs of cxrtui in a turn; of PyTorch it is one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["CXRTUI_CACHE_DIR"] = str(folder / "cache")
        generate(folder / "films", count=options.films, seed=0, size=options.size)
        epochs = options.turn * (options.rounds + 1) + 1
        config = resolve({
            "data.source": str(folder / "films"), "data.size": options.size, "model.init": "random",
            "model.freeze": options.level, "train.views": options.views, "optim.epochs": epochs,
            "optim.batch_size": options.batch, "stop.patience": 0, "data.duplicates": "identical",
        })  # fmt: skip
        training = ours(config, folder, options.turn)
        encoded = next(training)
        assert isinstance(encoded, ev.Encoded)
        count = round(0.7 * options.films)
        random = np.random.default_rng(0)
        images = random.integers(0, 256, (options.films, options.size, options.size), dtype=np.uint8)
        labels = random.integers(0, 2, count)
        peer = theirs(options.level, options.batch, images[:count], labels, images[count : count + count * 15 // 70])
        pairs = [(next(training), next(peer)) for _ in range(options.rounds + 1)][1:]
    mine, others = ([pair[index] for pair in pairs] for index in (0, 1))
    print(f"{options.level} frozen, {options.size} pixels, batch {options.batch}, {count} films train; an epoch")
    print(spread("PyTorch: steps and validation", [item.all for item in others]))
    print(spread("cxrtui: steps and validation", [item.work for item in mine]))
    print(spread("cxrtui: all, with the checkpoint of each epoch", [item.all for item in mine]))
    print(spread("processor time: PyTorch", [item.processors for item in others]))
    print(spread("processor time: cxrtui, with checkpoints", [item.processors for item in mine]))
    for what, kind, peer_kind in (
        ("", "work", "all"), (", with checkpoints", "all", "all"),
        (" of processor time, with checkpoints", "processors", "processors"),
    ):  # fmt: skip
        ratios = [getattr(two, peer_kind) / getattr(one, kind) for one, two in zip(mine, others, strict=True)]
        print(f"ratio{what}: {statistics.median(ratios):.1f} ({min(ratios):.1f} to {max(ratios):.1f})")
    saved = statistics.median([item.all for item in others]) - statistics.median([item.all for item in mine])
    print(f"features: {encoded.computed} in {encoded.seconds:.1f} s, {encoded.bytes / 1e6:.1f} MB; paid after "
          f"{encoded.seconds / saved:.1f} epochs")  # fmt: skip


if __name__ == "__main__":
    main()
