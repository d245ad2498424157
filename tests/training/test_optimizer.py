import functools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx

from cxrtui.net import freeze
from cxrtui.net.classifier import ClassifierSpec, create
from cxrtui.settings.config import Config, ModelConfig, OptimConfig, coerce
from cxrtui.settings.transfer import STAGES, StageRate, Unfreezing
from cxrtui.training.hyper import Hyper, hyper_of
from cxrtui.training.optimizer import counted_groups, grown, optimizer
from cxrtui.training.rates import Rates, schedule


@pytest.fixture(scope="module")
def trainable() -> nnx.State:
    spec = ClassifierSpec(hidden=(8,), width=4, stage_sizes=(1, 1, 1, 1))
    return freeze.split(create(spec))[1]


@functools.partial(jax.jit, static_argnames=("name", "groups"))
def update(
    name: str, hyper: Hyper, gradient: nnx.State, state: Any, trainable: nnx.State, groups: tuple[str, ...] = ()
) -> Any:
    """One update, as the training step makes it: the hyperparameters are its arguments."""
    return optimizer(name, hyper, groups).update(gradient, state, trainable)


def settings_of(config: OptimConfig, step: int = 9) -> Hyper:
    """The hyperparameters of step `step` of 10."""
    return hyper_of(Config(optim=config), np.ones(2, np.float32)).at(np.float32(Rates(config, 10).of(step)))


def moved(config: OptimConfig, trainable: nnx.State, gradient: nnx.State) -> dict[str, float]:
    """Largest change of each parameter in the third step."""
    hyper = settings_of(config)
    state = optimizer(config.name, hyper).init(trainable)
    updates = gradient
    for _ in range(3):
        updates, state = update(config.name, hyper, gradient, state, trainable)
    return {"/".join(map(str, path)): float(np.abs(leaf[...]).max()) for path, leaf in nnx.to_flat_state(updates)}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["adam", "adamw", "sgd"])
def test_decay_moves_kernels_and_neither_norms_nor_biases(name: str, trainable: nnx.State) -> None:
    zero = jax.tree.map(jnp.zeros_like, trainable)
    config = OptimConfig(name=name, weight_decay=0.1, schedule="constant", warmup=0.0)
    changes = moved(config, trainable, zero)
    kernels = {path: change for path, change in changes.items() if path.endswith("kernel")}
    assert all(change > 0 for change in kernels.values())
    assert all(change == 0 for path, change in changes.items() if path not in kernels)
    assert len(kernels) < len(changes)


def test_the_head_has_its_own_rate(trainable: nnx.State) -> None:
    ones = jax.tree.map(jnp.ones_like, trainable)
    config = OptimConfig(
        name="adam", weight_decay=0.0, clip=0.0, schedule="constant", warmup=0.0, learning_rate=1e-3,
        head_learning_rate=1e-2,
    )  # fmt: skip
    for path, change in moved(config, trainable, ones).items():
        assert change == pytest.approx(1e-2 if path.startswith("head") else 1e-3, rel=1e-3), path


@pytest.mark.slow
def test_clipping_bounds_the_global_norm(trainable: nnx.State) -> None:
    huge = jax.tree.map(lambda leaf: jnp.full_like(leaf, 1e3), trainable)
    config = OptimConfig(
        name="sgd", momentum=0.0, weight_decay=0.0, clip=0.5, schedule="constant", warmup=0.0, learning_rate=1.0
    )
    hyper = settings_of(config)
    _, state = update(config.name, hyper, huge, optimizer(config.name, hyper).init(trainable), trainable)
    updates, _ = update(config.name, hyper, huge, state, trainable)
    norm = np.sqrt(sum(float(jnp.sum(leaf**2)) for leaf in jax.tree.leaves(updates)))
    assert norm == pytest.approx(0.5, rel=1e-3)


def peaks(changes: dict[str, float]) -> dict[str, float]:
    """Changes by part; all parameters of a part must have changed alike."""
    found: dict[str, float] = {}
    for path, change in changes.items():
        part = path.split("/")[0 if path.startswith("head") else 1]
        assert found.setdefault(part, change) == pytest.approx(change, rel=1e-3), path
    return found


RATES = ("stem:1e-5", "stage2:1e-4", "stage4:5e-3")


def parameters(*parts: str) -> nnx.State:
    """A kernel and a bias of ones in each part."""
    owners = [("head",) if part == "head" else ("backbone", part) for part in parts]
    return nnx.from_flat_state(
        [((*owner, name), nnx.Param(jnp.ones(3, jnp.float32))) for owner in owners for name in ("kernel", "bias")]
    )


@pytest.mark.parametrize(
    ("rate", "head", "settings", "expected"),
    [
        (1e-3, 0.0, RATES, [1e-5, 1e-3, 1e-4, 1e-3, 5e-3, 1e-3]),
        (1e-3, 1e-2, RATES[:1], [1e-5, 1e-3, 1e-3, 1e-3, 1e-3, 1e-2]),
        (0.0, 1e-2, (*RATES, "stage1:2e-5", "stage3:2e-4"), [1e-5, 2e-5, 1e-4, 2e-4, 5e-3, 1e-2]),
    ],
)
@pytest.mark.parametrize("name", ["adam", "adamw", "sgd"])
def test_a_stage_has_its_own_rate_and_its_decay_follows(
    rate: float, head: float, settings: tuple[str, ...], expected: list[float], name: str
) -> None:
    everything = parameters(*STAGES, "head")
    config = OptimConfig(
        name=name, weight_decay=0.1 if name == "adamw" else 0.0, clip=0.0, schedule="constant", warmup=0.0,
        momentum=0.0, learning_rate=rate, head_learning_rate=head,
        stage_learning_rates=coerce("optim.stage_learning_rates", settings),
    )  # fmt: skip
    if name == "adamw":  # without a gradient it only decays: weights of one, by rate times decay
        changes = moved(config, everything, jax.tree.map(jnp.zeros_like, everything))
        changes = {path: change / 0.1 for path, change in changes.items() if path.endswith("kernel")}
    else:
        changes = moved(config, everything, everything)
    assert peaks(changes) == pytest.approx(dict(zip((*STAGES, "head"), expected, strict=True)), rel=1e-3)


def test_own_rates_follow_the_schedule_of_the_leading_one() -> None:
    config = OptimConfig(learning_rate=0.0, head_learning_rate=1e-3, stage_learning_rates=(StageRate("stage4", 1e-2),))
    assert max(float(schedule(config, 100)(step)) for step in range(100)) == pytest.approx(1e-2, rel=1e-2)


@pytest.mark.parametrize("head", [0.0, 1e-2])
def test_without_the_new_settings_state_and_numbers_are_those_of_before(head: float) -> None:
    """Old checkpoints hold exactly this chain's state."""
    everything, config = parameters(*STAGES, "head"), OptimConfig(head_learning_rate=head)
    rates = [optax.masked(optax.scale(head / 1e-3), lambda params: freeze.mask(params, freeze.is_head))] * (head > 0)
    before = optax.chain(
        optax.clip_by_global_norm(1.0), optax.scale_by_adam(),
        optax.add_decayed_weights(0.01, lambda params: freeze.mask(params, freeze.decays)),
        optax.scale_by_learning_rate(schedule(config, 10)), *rates,
    )  # fmt: skip
    results = []
    with jax.numpy_dtype_promotion("standard"):
        state = before.init(everything)
        for _ in range(2):
            updates, state = jax.jit(before.update)(everything, state, everything)
    results.append((updates, state))
    state = optimizer(config.name, settings_of(config)).init(everything)
    for step in range(2):
        updates, state = update(config.name, settings_of(config, step), everything, state, everything)
    results.append((updates, state))
    assert jax.tree.structure(results[0]) == jax.tree.structure(results[1])
    assert all(np.array_equal(x, y) for x, y in zip(*map(jax.tree.leaves, results), strict=True))


def leaves_of(tree: Any) -> dict[str, np.ndarray]:
    return {jax.tree_util.keystr(path): np.asarray(leaf) for path, leaf in jax.tree_util.tree_leaves_with_path(tree)}


@pytest.mark.parametrize("name", ["adam", "sgd"])
def test_what_trains_later_starts_its_own_state_and_the_rest_keeps_its(name: str) -> None:
    few, more = parameters("head"), parameters("stage4", "head")
    optim = OptimConfig(name=name, weight_decay=0.0, clip=0.0, schedule="constant", warmup=0.0, learning_rate=0.5)
    settings = Config(model=ModelConfig(freeze="stage4", unfreeze=(Unfreezing(2, "stage4"),)), optim=optim)
    hyper, before, after = settings_of(optim), *(counted_groups(settings, level) for level in ("stage4", "stage3"))
    state = optimizer(name, hyper, before).init(few)
    for _ in range(30):
        _, state = update(name, hyper, few, state, few, groups=before)
    state_after = grown(state, optimizer(name, hyper, after).init(more))
    shapes = jax.eval_shape(optimizer(name, hyper, after).init, more)
    assert jax.tree.structure(state_after) == jax.tree.structure(shapes)
    old, new = leaves_of(state), leaves_of(state_after)
    assert all(np.array_equal(new[path], leaf) for path, leaf in old.items())
    added = {path: leaf for path, leaf in new.items() if path not in old}
    assert len(added) == (5 if name == "adam" else 2)
    assert all("stage4" in path and not leaf.any() for path, leaf in added.items())
    updates, _ = update(name, hyper, more, state_after, more, groups=after)
    changes = {"/".join(map(str, path)): float(np.abs(leaf[...]).max()) for path, leaf in nnx.to_flat_state(updates)}
    # Under gradients of one Adam moves by the rate from its first step on. By the head's count stage4 would move 0.57
    # times as far in its first step here, and 3.16 times after a long run.
    momentum = {"head": 0.5 * sum(0.9**k for k in range(32)), "stage4": 0.5 * 1.9}
    expected = momentum if name == "sgd" else {"head": 0.5, "stage4": 0.5}
    assert peaks(changes) == pytest.approx(expected, rel=1e-4)


def test_clipping_is_over_all_that_trains() -> None:
    optim = OptimConfig(name="adam", weight_decay=0.0, clip=1.0)
    settings = Config(model=ModelConfig(freeze="stage4", unfreeze=(Unfreezing(2, "stage4"),)), optim=optim)
    hyper, groups, more = settings_of(optim), counted_groups(settings, "stage3"), parameters("stage4", "head")
    first = optimizer("adam", hyper, groups).init(more)
    _, state = update("adam", hyper, more, first, more, groups=groups)
    moments = [leaf for path, leaf in leaves_of(state).items() if ".mu" in path]
    assert len(moments) == 4
    assert np.sqrt(sum((leaf**2).sum() for leaf in moments)) == pytest.approx(0.1, rel=1e-5)  # 1 - 0.9 of a norm of 1


@pytest.mark.parametrize("name", ["constant", "cosine", "onecycle"])
@pytest.mark.parametrize(("warmup", "steps"), [(0.0, 100), (0.3, 100), (0.5, 1), (0.9, 2), (0.0, 1)])
def test_every_schedule_rises_to_its_peak_and_stays_finite(name: str, warmup: float, steps: int) -> None:
    config = OptimConfig(schedule=name, warmup=warmup, learning_rate=0.1)
    rates = np.asarray([float(schedule(config, steps)(step)) for step in range(steps + 1)])
    assert np.all(np.isfinite(rates))
    assert np.all((rates >= 0) & (rates <= 0.1 + 1e-6))
    if steps == 100:
        assert rates.max() == pytest.approx(0.1, rel=0.02)
        if name != "constant":
            assert rates[-1] < 1e-3
        if warmup:
            assert rates[0] < rates[10] < rates[29]
