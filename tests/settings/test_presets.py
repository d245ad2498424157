from __future__ import annotations

from pathlib import Path

import pytest

from cxrtui.errors import ConfigError
from cxrtui.settings.config import load, resolve
from cxrtui.settings.listing import BY_KEY
from cxrtui.settings.presets import KEYS, PRESETS, Preset, values_of

ROOT = Path(__file__).parents[2]
SCHEDULE = {"model.freeze", "model.unfreeze", "optim.learning_rate", "optim.head_learning_rate",
            "optim.stage_learning_rates"}  # fmt: skip


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_a_preset_is_a_configuration_that_holds_its_values(preset: Preset) -> None:
    config = resolve(preset.values)
    for key, text in preset.values.items():
        assert BY_KEY[key].text(config) == text
    assert set(preset.values) <= set(KEYS)


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_a_preset_means_the_same_whatever_schedule_of_transfer_learning_was_set_before(
    preset: Preset, tmp_path: Path
) -> None:
    before = resolve(values_of("gradual"), {"optim.stage_learning_rates": "stem:1e-6"})
    merged = resolve({item.key: item.value(before) for item in BY_KEY.values()}, preset.values)
    assert preset.values.keys() >= SCHEDULE
    assert all(BY_KEY[key].value(merged) == BY_KEY[key].value(resolve(preset.values)) for key in SCHEDULE)


def test_presets_set_neither_films_nor_weights() -> None:
    assert not {"data.source", "data.positive", "data.negative", "model.init"} & set(KEYS)


def test_an_unknown_preset_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ConfigError, match="did you mean gradual"):
        values_of("gradul")


def test_a_preset_ranks_above_the_workspace_and_below_a_file(tmp_path: Path) -> None:
    file = tmp_path / "more.toml"
    file.write_text("[optim]\nepochs = 7\n")
    from cxrtui.cli.shared import Context
    from cxrtui.workspace import Workspace

    (tmp_path / "cxrtui.toml").write_text("[optim]\nepochs = 3\nbatch_size = 5\nmomentum = 0.5\n")
    context = Context(Workspace(tmp_path))
    assert context.settings(None, [], {}, "quick-look").optim.epochs == 5
    found = context.settings(file, ["stop.patience=2"], {}, "quick-look")
    assert (found.optim.epochs, found.stop.patience, found.optim.batch_size, found.optim.momentum) == (7, 2, 32, 0.5)
    assert load(tmp_path / "cxrtui.toml").optim.batch_size == 5


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.name)
def test_the_documents_describe_each_preset(preset: Preset) -> None:
    page = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
    assert f"| `{preset.name}` | {preset.about} |" in page
