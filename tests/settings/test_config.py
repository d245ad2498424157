import itertools
import json
from pathlib import Path

import pytest

from cxrtui import runner
from cxrtui.errors import ConfigError
from cxrtui.runs.folder import Run
from cxrtui.settings import config, transfer
from cxrtui.settings.config import Config
from cxrtui.settings.transfer import StageRate, Unfreezing


def test_later_layers_win() -> None:
    settings = config.resolve({"optim.epochs": 5, "run.seed": 1}, {"optim.epochs": "7"})
    assert (settings.optim.epochs, settings.run.seed) == (7, 1)


def test_a_setting_answers_to_its_older_name(tmp_path: Path) -> None:
    """In any layer, in a run's config.toml of an older version, and beside its newer name."""
    older = tmp_path / "config.toml"
    older.write_text('[data]\nsize = 96\nfit = "pad"\n')
    assert config.load(older).data.resize_mode == "pad"
    for low, high in itertools.product(("data.fit", "data.resize_mode"), repeat=2):
        assert config.resolve({low: "pad", "data.size": 96}, {high: "crop"}).data.resize_mode == "crop"
        assert config.with_values(config.resolve({low: "pad"}), {high: "crop"}).data.resize_mode == "crop"
    with pytest.raises(ConfigError, match="must be one of stretch, crop, pad"):
        config.resolve({"data.fit": "squash"})
    older.write_text('[data]\nresize_mode = "crop"\nfit = "pad"\n')
    with pytest.raises(ConfigError, match=r"both data\.resize_mode and data\.fit"):
        config.load(older)
    assert "data.fit" not in config.known_keys()
    assert config.about("data.fit") == config.about("data.resize_mode")


def test_text_becomes_the_type_of_the_setting() -> None:
    settings = config.resolve(
        {
            "data.positive": "COVID-19, Other",
            "model.hidden": "64,32",
            "optim.learning_rate": "3e-4",
            "model.stages": [1, 1, 1, 1],
        }
    )
    assert settings.data.positive == ("COVID-19", "Other")
    assert settings.model.hidden == (64, 32)
    assert settings.optim.learning_rate == 3e-4
    assert settings.model.stages == (1, 1, 1, 1)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"optim.epoch": 3}, "optim.epochs"),
        ({"optm.epochs": 3}, "optim.epochs"),
        ({"epochs": 3}, "optim.epochs"),
        ({"optim.epochs": "many"}, "whole number"),
        ({"optim.epochs": 2.5}, "whole number"),
        ({"optim.epochs": 0}, "between 1 and"),
        ({"optim.epochs": True}, "whole number"),
        ({"optim.learning_rate": "nan"}, "between"),
        ({"model.freeze": "stage9"}, "one of none"),
        ({"model.stages": "3,4,6"}, "four numbers"),
        ({"model.hidden": "64,-1"}, "positive"),
        ({"data.source": "films\udcff"}, "UTF-8"),
        ({"data.validation": 0.5, "data.test": 0.5}, "at least 5 %"),
        ({"data.positive": "a,b", "data.negative": "b"}, "both name b"),
        ({"model.freeze": "stage4", "model.unfreeze": "stage4"}, "EPOCH:GROUP, for example 3:stage4"),
        ({"model.freeze": "stage4", "model.unfreeze": "3:stage9"}, "one of stem, stage1.*not '3:stage9'"),
        ({"model.freeze": "stage4", "model.unfreeze": "-3:stage4"}, "EPOCH:GROUP"),
        ({"model.freeze": "stage4", "model.unfreeze": "1:stage4"}, "epoch 2 or .* set model.freeze=stage3"),
        ({"model.freeze": "stage4", "model.unfreeze": "31:stem"}, "after the last epoch, optim.epochs=30"),
        ({"model.freeze": "stage4", "model.unfreeze": "6:stage4,3:stem"}, "3:stem follows epoch 6"),
        ({"model.freeze": "stage4", "model.unfreeze": "3:stage4,3:stem"}, "only the lowest group"),
        ({"model.freeze": "stage2", "model.unfreeze": "3:stage3"}, "nothing: in epoch 3 stem to stage2 are frozen"),
        ({"model.freeze": "stage4", "model.unfreeze": "3:stage1,5:stage2"}, "in epoch 5 the stem alone is frozen"),
        ({"model.unfreeze": "3:stage4"}, "nothing is frozen; take it out, or set model.freeze"),
        ({"optim.stage_learning_rates": "1e-4"}, "GROUP:RATE, for example stage4:1e-4"),
        ({"optim.stage_learning_rates": "stage4:fast"}, "not 'stage4:fast'"),
        ({"optim.stage_learning_rates": "stage4:nan"}, "not 'stage4:nan'"),
        ({"optim.stage_learning_rates": "head:1e-3"}, "layers on top have optim.head_learning_rate"),
        ({"optim.stage_learning_rates": "stem:0"}, "above 0 .* set model.freeze"),
        ({"optim.stage_learning_rates": "stem:inf"}, "at most 10"),
        ({"optim.stage_learning_rates": "stem:1e-4,stem:1e-3"}, "names stem twice"),
        ({"optim.stage_learning_rates": "stage2:1e-4,stage3:1e-4", "model.freeze": "stage2"}, "names stage2, frozen"),
        ({"optim.stage_learning_rates": "stage4:1e-4", "optim.learning_rate": 0}, "leaves stem, stage1.*, head with"),
        ({"optim.head_learning_rate": 1e-3, "optim.learning_rate": 0}, "leaves stem.*model.freeze .stage4 trains the"),
        ({"optim.learning_rate": 0, "model.freeze": "stage3", "optim.stage_learning_rates": "stage4:1"}, "leaves head"),
    ],
)
def test_a_bad_value_is_named(values: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        config.resolve(values)


@pytest.mark.parametrize(
    "values",
    [
        {"model.freeze": "stage4", "model.unfreeze": ["2:stage4", " 30 : stem "]},
        {"model.freeze": "stage4", "model.unfreeze": "3:stage2", "optim.stage_learning_rates": "stage2:1e-5,stage4:1"},
        {"model.freeze": "stage4", "optim.learning_rate": 0, "optim.head_learning_rate": 1e-3},
        {"optim.learning_rate": 0},
    ],
)
def test_what_freezing_and_rates_may_be(values: dict[str, object]) -> None:
    settings = config.resolve(values)
    assert config.resolve({f"{section}.{key}": value for section, body in settings.as_dict().items()
                           for key, value in body.items()}) == settings  # fmt: skip


TABLES = {
    "model.unfreeze": (Unfreezing(3, "stage4"), Unfreezing(6, "stage2")),
    "optim.stage_learning_rates": (StageRate("stage4", 1e-4), StageRate("stage2", 4e-5)),
}


@pytest.mark.parametrize(
    "content",
    [
        "[model.unfreeze]\n6 = 'stage2'\n3 = 'stage4'\n[optim.stage_learning_rates]\nstage4 = 1e-4\nstage2 = 4e-5\n",
        "model = {freeze='stage4', unfreeze={3='stage4', 6='stage2'}}\n"
        "optim.stage_learning_rates = {stage4='1e-4', stage2=0.00004}\n",
        "[model]\nunfreeze = ['3:stage4', '6 : stage2']\n[optim]\nstage_learning_rates = 'stage4:1e-4,stage2:4e-5'\n",
    ],
    ids=["tables", "tables on a line", "as of older versions"],
)
def test_tables_are_read_once_into_values(tmp_path: Path, content: str) -> None:
    file = tmp_path / "config.toml"
    file.write_text(content)
    settings = config.resolve({"model.freeze": "stage4"}, config.read_file(file))
    assert {"model.unfreeze": settings.model.unfreeze,
            "optim.stage_learning_rates": settings.optim.stage_learning_rates} == TABLES  # fmt: skip
    assert config.as_text(settings.model.unfreeze) == "3:stage4,6:stage2"
    assert (
        config.coerce("optim.stage_learning_rates", config.as_text(settings.optim.stage_learning_rates))
        == (TABLES["optim.stage_learning_rates"])
    )
    runner.save_config(Run(tmp_path), settings)
    assert 'unfreeze = {3 = "stage4", 6 = "stage2"}' in file.read_text()
    assert runner.start_config(Run(tmp_path)) == settings
    assert json.loads(json.dumps(settings.as_dict()))["model"]["unfreeze"] == {"3": "stage4", "6": "stage2"}


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("model.unfreeze", {"3": 4}, "not '3:4'"),
        ("model.unfreeze", {"3": {"stage4": 1}}, "takes EPOCH:GROUP"),
        ("model.unfreeze", {"x": "stage4"}, "not 'x:stage4'"),
        ("model.unfreeze", 3, "must be a table, not 3"),
        ("optim.stage_learning_rates", {"stage4": True}, "takes GROUP:RATE"),
        ("optim.stage_learning_rates", {"stage4": [1e-4]}, "takes GROUP:RATE"),
        ("optim.stage_learning_rates", {"stage4": 0}, "above 0"),
        ("optim.stage_learning_rates", {"head": 1e-3}, "optim.head_learning_rate"),
        ("optim.epochs", {"3": 4}, "must be a whole number"),
        ("optim.epochs", "", "must be a whole number, and is empty"),
        ("data.positive", {"a": "b"}, "must be text"),
    ],
)
def test_a_bad_table_is_named(key: str, value: object, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        config.coerce(key, value)


def test_the_freeze_level_of_each_epoch() -> None:
    unfreeze = config.coerce("model.unfreeze", "3:stage4,4:stage2,6:stem")
    levels = [transfer.freeze_level_in(epoch, "stage4", unfreeze) for epoch in range(1, 8)]
    assert levels == ["stage4", "stage4", "stage3", "stage1", "stage1", "none", "none"]
    assert transfer.training("stage2") == ("stage3", "stage4")
    assert transfer.training("none") == transfer.STAGES


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"[optim\n", "not a TOML"),
        (b"\xff\xfe\x00", "not a TOML"),
        (b"epochs = 3\n", "Unknown section"),
        (b"[optimizer]\nepochs = 3\n", "did you mean optim"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "bad.toml").write_bytes(content)
    with pytest.raises(ConfigError, match=words):
        config.resolve(config.read_file(tmp_path / "bad.toml"))


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="Cannot read"):
        config.read_file(tmp_path / "absent.toml")
    with pytest.raises(ConfigError, match="Cannot read"):
        config.read_file(tmp_path)


def test_an_assignment_needs_an_equals_sign() -> None:
    assert config.parse_assignments(["a.b=c=d"]) == {"a.b": "c=d"}
    with pytest.raises(ConfigError, match=r"section\.key=value"):
        config.parse_assignments(["optim.epochs"])


def test_a_saved_configuration_reads_back_equal(tmp_path: Path) -> None:
    settings = config.resolve({"data.source": 'odd "name"\\ ü', "data.positive": ["a", "b"], "model.hidden": []})
    runner.save_config(Run(tmp_path), settings)
    assert runner.start_config(Run(tmp_path)) == settings
    assert "# largest number of passes" in (tmp_path / "config.toml").read_text()


def test_every_setting_has_help_and_a_plain_value() -> None:
    for key in config.known_keys():
        section, name = key.split(".")
        assert config.about(key)
        assert config.coerce(key, Config().as_dict()[section][name]) == getattr(getattr(Config(), section), name)


def test_a_configuration_without_end_is_refused() -> None:
    with pytest.raises(ConfigError, match="/dev/zero: it is longer than"):
        config.read_file(Path("/dev/zero"), pipe=True)
