"""The compilation cache's place, and what is said of the device."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import jax
import jax.numpy as jnp
import pytest

from cxrtui.net import backend, convolution


@pytest.fixture(autouse=True)
def _restore() -> Iterator[None]:
    before = jax.config.jax_compilation_cache_dir, jax.config.jax_persistent_cache_min_compile_time_secs
    jax.config.update("jax_compilation_cache_dir", None)
    yield
    jax.config.update("jax_compilation_cache_dir", before[0])
    jax.config.update("jax_persistent_cache_min_compile_time_secs", before[1])


def test_prepare_makes_and_names_the_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CXRTUI_CACHE_DIR", str(tmp_path / "a"))
    assert backend.prepare() == tmp_path / "a" / "xla"
    assert (tmp_path / "a" / "xla").is_dir()
    assert jax.config.jax_compilation_cache_dir == str(tmp_path / "a" / "xla")


def test_prepare_respects_a_folder_that_jax_was_given(tmp_path: Path) -> None:
    jax.config.update("jax_compilation_cache_dir", str(tmp_path))
    assert backend.prepare() == tmp_path


def test_prepare_does_without_a_folder_it_cannot_make(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("CXRTUI_CACHE_DIR", str(tmp_path / "file" / "below"))
    assert backend.prepare() is None
    assert jax.config.jax_compilation_cache_dir is None


def test_device_description_is_plain() -> None:
    described = json.loads(json.dumps(backend.describe_device()))
    assert described["platform"] == jax.default_backend()
    assert described["count"] >= 1
    assert backend.default_compute_dtype() == ("float32" if described["platform"] == "cpu" else "bfloat16")


def test_a_program_gets_the_options_of_its_device_that_this_version_of_xla_knows() -> None:
    assert set(backend.compiler_options()) <= set(backend._OPTIONS[jax.default_backend()])
    assert not backend._known("xla_gpu_no_such_option", True)
    assert not backend._known("xla_cpu_experimental_ynn_fusion_type", "LIBRARY_FUSION_TYPE_NO_SUCH")
    assert backend._known("xla_gpu_exclude_nondeterministic_ops", True)


@pytest.mark.skipif(jax.default_backend() != "cpu", reason="the options of a CPU")
def test_a_convolution_is_not_left_to_a_library_that_computes_it_on_one_core() -> None:
    if not (options := backend.compiler_options()):
        pytest.skip("this version of XLA does not know the option")
    program = jax.jit(lambda images, kernel: convolution.direct(images, kernel, 1, 1), compiler_options=options)
    text = program.lower(jnp.ones((2, 16, 16, 8)), jnp.ones((3, 3, 8, 8))).compile().as_text()
    assert " convolution(" in text
    assert "ynn" not in text
