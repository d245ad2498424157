import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from cxrtui.config import OptimConfig
from cxrtui.net import freeze
from cxrtui.net.classifier import Classifier, ClassifierSpec
from cxrtui.training.optimizer import optimizer, schedule


@pytest.fixture(scope="module")
def trainable() -> nnx.State:
    spec = ClassifierSpec(hidden=(4,), width=4, stage_sizes=(1, 1, 1, 1))
    return freeze.split(Classifier(spec, nnx.Rngs(0)))[1]


def moved(config: OptimConfig, trainable: nnx.State, gradient: nnx.State) -> dict[str, float]:
    """Largest change of each parameter in the third step."""
    transform = optimizer(config, 10)
    update = jax.jit(transform.update)  # one program: eagerly, each of the many parameters is several
    state = jax.jit(transform.init)(trainable)
    updates = gradient
    for _ in range(3):
        updates, state = update(gradient, state, trainable)
    return {"/".join(map(str, path)): float(np.abs(leaf[...]).max()) for path, leaf in nnx.to_flat_state(updates)}


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


def test_clipping_bounds_the_global_norm(trainable: nnx.State) -> None:
    huge = jax.tree.map(lambda leaf: jnp.full_like(leaf, 1e3), trainable)
    config = OptimConfig(
        name="sgd", momentum=0.0, weight_decay=0.0, clip=0.5, schedule="constant", warmup=0.0, learning_rate=1.0
    )
    transform = optimizer(config, 10)
    update = jax.jit(transform.update)
    _, state = update(huge, jax.jit(transform.init)(trainable), trainable)
    updates, _ = update(huge, state, trainable)
    norm = np.sqrt(sum(float(jnp.sum(leaf**2)) for leaf in jax.tree.leaves(updates)))
    assert norm == pytest.approx(0.5, rel=1e-3)


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
