from pathlib import Path

import pytest

from cxrtui import config, runner
from cxrtui.config import Config
from cxrtui.errors import ConfigError
from cxrtui.runs import Run


def test_later_layers_win() -> None:
    settings = config.resolve({"optim.epochs": 5, "run.seed": 1}, {"optim.epochs": "7"})
    assert (settings.optim.epochs, settings.run.seed) == (7, 1)


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
    ],
)
def test_a_bad_value_is_named(values: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        config.resolve(values)


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
    assert "# most passes" in (tmp_path / "config.toml").read_text()


def test_every_setting_has_help_and_a_plain_value() -> None:
    for key in config.known_keys():
        section, name = key.split(".")
        assert config.about(key)
        assert config.coerce(key, Config().as_dict()[section][name]) == getattr(getattr(Config(), section), name)
