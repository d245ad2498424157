"""What is said of a run before it starts is near what its network and its compiled step have."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from cxrtui.data.images import decode
from cxrtui.data.loader import Batch
from cxrtui.errors import ConfigError
from cxrtui.evaluation.evaluator import BATCH
from cxrtui.net.layout import Layout
from cxrtui.settings.config import resolve
from cxrtui.training import estimate, speed
from cxrtui.training.hyper import hyper_of
from cxrtui.training.initial_state import initial
from cxrtui.training.step import Program, train_step
from tests.conftest import SMALL

TINY: dict[str, Any] = {"model.init": "random", "model.width": 8, "model.stages": "1,2,1,1", "model.hidden": "16",
                        "data.size": 64}  # fmt: skip


@pytest.mark.parametrize("values", [TINY | {"model.hidden": ()}, SMALL | {"model.freeze": "stage2"}])
def test_parameters_are_counted_as_in_the_network(values: dict[str, Any]) -> None:
    config = resolve(values)
    layers, groups = list(estimate.costs(config)), estimate.trained(config)
    network = initial(config, hyper_of(config, np.ones(2, np.float32)), Layout.over())
    trainable = sum(layer.parameters for layer in layers if layer.group in groups)
    assert network.state.counts == (sum(layer.parameters for layer in layers), trainable)


def test_resnet50_has_its_published_size() -> None:
    layers = [layer for layer in estimate.costs(resolve({})) if layer.group != "head"]
    rgb = 2 * 7 * 7 * 64  # the stem of the published network has two more channels
    assert sum(layer.parameters for layer in layers) + rgb == 23_508_032
    assert 4.0e9 < sum(layer.macs for layer in layers) < 4.1e9


@pytest.mark.parametrize("size", [32, 96, 224, 1024])
def test_the_stored_size_is_that_of_the_decoder(size: int) -> None:
    assert estimate.stored_size(size) == decode.stored_size(size)
    assert estimate.VALIDATED == BATCH


@pytest.mark.slow
@pytest.mark.parametrize("freeze", ["stage2"])
def test_memory_and_operations_are_near_those_of_the_compiled_step(freeze: str) -> None:
    config = resolve(TINY, {"optim.batch_size": 64, "model.width": 16, "model.freeze": freeze})
    layout = Layout.over()
    hyper = layout.put_state(hyper_of(config, np.ones(2, np.float32)))
    network = initial(config, hyper, layout)
    program = Program.of(config, network.graphdef, freeze, layout)
    stored = estimate.stored_size(64)
    batch: Any = Batch(layout.abstract_batch((64, stored, stored), np.uint8), layout.abstract_batch((64,), np.int32))
    step = jax.jit(functools.partial(train_step, program), donate_argnums=0).lower(network.state, batch, hyper)
    compiled = step.compile()
    found, expected = compiled.memory_analysis(), estimate.memory(config)
    total = found.temp_size_in_bytes + found.argument_size_in_bytes
    assert 0.6 < (expected.activations + expected.state) / total < 1.6
    assert 0.8 < estimate.flops(config) * 64 / compiled.cost_analysis()["flops"] < 1.3


def test_what_costs_more_is_said_to_cost_more() -> None:
    config = resolve({})
    for key, value in (("optim.batch_size", 64), ("data.size", 320), ("model.width", 96), ("model.stages", "3,4,23,3")):
        larger = resolve({key: value})
        assert estimate.memory(larger).total > estimate.memory(config).total
        assert estimate.epoch_seconds(larger, 1000, 200, 1e11) >= estimate.epoch_seconds(config, 1000, 200, 1e11) * 0.9
    for key, value in (("model.freeze", "stage3"), ("optim.name", "sgd")):
        assert estimate.memory(resolve({key: value})).total < estimate.memory(config).total
    frozen = resolve({"model.freeze": "stage4"})
    assert estimate.compile_seconds(frozen) < estimate.compile_seconds(config)
    assert estimate.flops(frozen) < estimate.flops(config) / 2
    assert estimate.memory(config, half=True).activations < estimate.memory(config).activations
    assert estimate.memory(config, films=1000).films == 1000 * 256**2
    assert estimate.memory(resolve({"data.feed": "stream"}), films=1000).films == 0
    thawed = resolve({"model.freeze": "stage4", "model.unfreeze": "3:stem"})
    assert estimate.memory(thawed) == estimate.memory(config)


def test_epochs_in_which_less_trains_count_for_less() -> None:
    assert estimate.whole_epochs(resolve({"optim.epochs": 30})) == 30
    frozen = resolve({"optim.epochs": 10, "model.freeze": "stage4", "model.unfreeze": "6:stem"})
    assert 5 + 5 / 3 < estimate.whole_epochs(frozen) < 5 + 5 / 2.9
    assert estimate.flops(frozen, 5) < estimate.flops(frozen, 6) == estimate.flops(frozen)
    kept = resolve({"optim.epochs": 10, "model.freeze": "stage4", "model.unfreeze": "6:stem", "train.views": 8})
    assert estimate.flops(kept, 5) < estimate.flops(frozen, 5) / 1000
    assert estimate.flops(kept) == estimate.flops(frozen)
    # Five of the eight views are needed, by as many epochs; the head alone costs next to nothing.
    once = estimate.features_seconds(kept, 1000, 1e11)
    assert once == pytest.approx(5 * (estimate.epoch_seconds(frozen, 1000, 0, 1e11) - 0.31) / 3, rel=0.1)
    assert estimate.features_seconds(frozen, 1000, 1e11) == 0


def test_a_run_that_does_not_fit_is_tight() -> None:
    memory = estimate.memory(resolve({}))
    forecast = estimate.Forecast(memory, room=memory.total - 1)
    assert forecast.tight
    assert not replace(forecast, room=memory.total).tight
    assert not estimate.Forecast(memory).tight


def test_importing_it_imports_no_jax() -> None:
    code = "import sys, cxrtui.training.estimate, cxrtui.training.speed; sys.exit('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_measured_device_is_kept_and_a_damaged_file_is_measured_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CXRTUI_CACHE_DIR", str(tmp_path))
    calls = 0

    def run(words: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        body = {"platform": "cpu", "kind": "cpu", "flops": 1e11, "memory": 8 << 30}
        return subprocess.CompletedProcess(words, 0, json.dumps(body).encode())

    monkeypatch.setattr(subprocess, "run", run)
    expected = speed.Machine("cpu", "cpu", 1e11, 8 << 30)
    assert speed.machine() == speed.machine() == expected
    assert calls == 1
    for damaged in ("{", "[]", *(json.dumps({speed._key(): body}) for body in ({"platform": "cpu"}, 3))):
        (tmp_path / "speed.json").write_text(damaged)
        calls = 0
        assert speed.machine() == expected
        assert calls == 1


@pytest.mark.slow
def test_the_device_is_measured_in_a_process_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CXRTUI_CACHE_DIR", str(tmp_path))
    found = speed.machine()
    assert found is not None
    assert found.platform == "cpu"
    assert not found.half
    assert found.flops > 1e8
    assert (tmp_path / "speed.json").is_file()


def test_the_batch_size_that_is_chosen_suits_films_and_memory() -> None:
    config = resolve({"optim.batch_size": "auto"})
    assert config.optim.batch_size == 0
    assert estimate.batch_size(config, 100_000, None) == 256
    assert estimate.batch_size(config, 436, None) == 32  # thirteen steps, where 64 gives six
    assert estimate.batch_size(config, 5, None) == 2
    room = 10 * 10**9
    for apart in (False, True):
        size = estimate.batch_size(config, 10_000, room, apart=apart)
        taken = [estimate.memory(estimate.with_batch(config, number), films=10_000) for number in (size, 2 * size)]
        used = [memory.device if apart else memory.total for memory in taken]
        assert used[0] <= 0.8 * room < used[1]


def test_each_of_several_devices_holds_its_share_of_a_batch_and_all_else_whole() -> None:
    config = resolve({"optim.batch_size": 256})
    one, eight = (estimate.memory(config, films=1000, devices=count) for count in (1, 8))
    assert (eight.state, eight.films, eight.program) == (one.state, one.films, one.program)
    assert eight.activations == estimate.memory(estimate.with_batch(config, 32), films=1000).activations
    assert one.activations > 4 * eight.activations


def test_a_batch_that_is_chosen_can_be_shared_equally() -> None:
    config, room = resolve({"optim.batch_size": "auto"}), 10 * 10**9
    assert [estimate.batch_size(config, 100_000, None, devices=count) for count in (1, 3, 8, 300)] == [
        256,
        255,
        256,
        300,
    ]
    assert estimate.batch_size(config, 5, None, devices=8) == 8
    assert estimate.batch_size(config, 10_000, room, devices=4) >= 2 * estimate.batch_size(config, 10_000, room)


def test_gpus_share_the_work_and_devices_of_a_cpu_do_not() -> None:
    config = resolve({"optim.batch_size": 256})
    seconds = [[estimate.epoch_seconds(config, 100_000, 0, 1e14, platform, count) for count in (1, 8)]
               for platform in ("gpu", "cpu")]  # fmt: skip
    assert seconds[0][0] > 4 * seconds[0][1]
    assert seconds[1][0] == seconds[1][1]


@pytest.mark.parametrize("word", ["full", "0.5", "-1"])
def test_only_the_word_auto_stands_for_a_batch_size(word: str) -> None:
    with pytest.raises(ConfigError, match="batch_size"):
        resolve({"optim.batch_size": word})
