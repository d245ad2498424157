"""A run that begins with a network of the shelf, of another architecture than the default one."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from cxrtui import runner
from cxrtui.evaluation import classify
from cxrtui.evaluation.model import load
from cxrtui.net.classifier import ClassifierSpec, create
from cxrtui.runs import events as ev
from cxrtui.runs.folder import Run
from cxrtui.settings.config import Config
from cxrtui.weights import saved
from cxrtui.weights.formats import Normalisation
from cxrtui.weights.manifest import Manifest


def shelved(folder: Path) -> ClassifierSpec:
    """A Keras-like network on the shelf: v1 strides, three channels, its own epsilon; no head."""
    spec = ClassifierSpec(hidden=(), classes=0, width=4, stage_sizes=(1, 1, 1, 1), channels=3,
                          architecture="v1", epsilon=2e-5)  # fmt: skip
    normalisation = Normalisation((103.9, 116.8, 123.7), (1.0, 1.0, 1.0), 255.0, "BGR").as_dict()
    manifest = Manifest("keras", "keras", "v1", 0, 3, normalisation, spec.as_dict())
    saved.save_shelf(folder, create(spec, seed=3), manifest)
    return spec


@pytest.mark.slow
def test_a_run_keeps_what_its_first_weights_brought(
    small: Callable[..., Config], new_run: Callable[..., Run], tmp_path: Path, phantom_films: Path
) -> None:
    folder = tmp_path / "models" / "keras"
    shelved(folder)
    settings = small(model__init=str(folder), model__freeze="stage2", optim__epochs=1)
    run = new_run()
    seen: list[ev.Event] = []
    assert runner.drive(run, settings, on_event=lambda _line, event: seen.append(event)) == 0, seen[-1]
    network, _ = saved.read_shelf(folder)
    shutil.rmtree(folder)  # it is not needed again

    model = load(run)
    spec = dataclasses.asdict(model.network().spec)
    assert (spec["architecture"], spec["epsilon"], spec["channels"], spec["stem_offset"]) == ("v1", 2e-5, 1, True)
    kept = model.network().backbone.stage1.blocks[0].conv2.kernel[...]
    np.testing.assert_array_equal(kept, network.backbone.stage1.blocks[0].conv2.kernel[...])
    film = next(phantom_films.glob("*/*.png"))
    assert next(iter(classify.load(run).classify([film]))).ok
    longer = dataclasses.replace(settings, optim=dataclasses.replace(settings.optim, epochs=2))
    assert runner.drive(run, longer, resume=True) == 0
