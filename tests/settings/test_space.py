from __future__ import annotations

from pathlib import Path

import pytest

from cxrtui.errors import ConfigError
from cxrtui.settings import config, tuning
from cxrtui.settings.config import Config, with_values
from cxrtui.settings.space import check_space, default_space, searched
from cxrtui.settings.tuning import TuneConfig


def nothing(settings: Config) -> None:
    """Every configuration can be trained."""


@pytest.mark.parametrize(
    ("key", "text", "extremes"),
    [
        ("optim.learning_rate", "1e-5..1e-2:log", ("1e-05", "0.01")),
        ("model.dropout", "0..0.6", ("0.0", "0.6")),
        ("optim.batch_size", "8..64", ("8", "64")),
        ("optim.name", "adam, sgd", ("adam", "sgd")),
        ("model.hidden", ";64;256,32", ("", "64", "256,32")),
        ("model.hidden", [[], [64], [256, 32]], ("", "64", "256,32")),
        ("optim.batch_size", [16, 32], ("16", "32")),
        ("model.unfreeze", "3:stage4;3:stage4,6:stage3", ("3:stage4", "3:stage4,6:stage3")),
        ("data.fit", "crop,pad", ("crop", "pad")),
    ],
)
def test_what_is_searched_is_read_and_written_alike(key: str, text: object, extremes: tuple[str, ...]) -> None:
    item = searched(key, text)
    assert item.extremes == extremes
    assert searched(item.key, item.text) == item
    for value in extremes:
        with_values(Config(), {item.key: value, "optim.epochs": 9, "model.freeze": "stage4"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("optim.learning_rat=1..2", "did you mean optim.learning_rate"),
        ("optim.learning_rate", "--vary takes"),
        ("optim.learning_rate=0..1e-2:log", "must begin above 0"),
        ("optim.learning_rate=1e-2..1e-3", "must rise"),
        ("optim.learning_rate=1e-3", "one value to choose from"),
        ("optim.learning_rate=-1..1", "optim.learning_rate"),
        ("optim.name=adam,adamm", "adam"),
        ("optim.name=adam..sgd", "no number"),
        ("optim.batch_size=8..9.5", "optim.batch_size"),
        ("model.hidden=64,128", "separate lists by semicolons"),
        ("run.seed=0..5", "cannot be searched: it decides the seeds"),
        ("data.source=a,b", "cannot be searched: it decides the films"),
    ],
)
def test_what_cannot_be_searched_is_an_error_that_says_why(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        tuning.parse_vary([text])


def test_an_impossible_combination_is_named_with_what_is_needed_for_it_alone() -> None:
    space = (searched("model.dropout", "0..0.5"), searched("optim.epochs", "2,20"),
             searched("model.unfreeze", "9:stage4;12:stage4"))  # fmt: skip
    base = with_values(Config(), {"model.freeze": "stage4"})
    with pytest.raises(ConfigError, match=r"would try optim\.epochs=2, model\.unfreeze=9:stage4, which cannot"):
        check_space(base, space, nothing)
    check_space(base, space[:1], nothing)


@pytest.mark.slow
@pytest.mark.parametrize("pretrained", [False, True])
def test_every_combination_of_the_default_space_can_be_trained(pretrained: bool) -> None:
    check_space(Config(), default_space(pretrained), nothing)


def test_a_pair_is_found_in_a_space_with_too_many_combinations() -> None:
    names = ("flip", "brightness", "contrast", "scale", "translation")
    many = [searched(f"augment.{name}", "0.0..0.4") for name in names]
    many += [searched("optim.batch_size", ",".join(map(str, range(1, 200)))), searched("optim.epochs", "2,20"),
             searched("model.unfreeze", "9:stage4;12:stage4")]  # fmt: skip
    with pytest.raises(ConfigError, match=r"try optim\.epochs=2, model\.unfreeze=9:stage4"):
        check_space(with_values(Config(), {"model.freeze": "stage4"}), many, nothing)


def test_the_table_of_a_search_stands_beside_the_settings(tmp_path: Path) -> None:
    file = tmp_path / "cxrtui.toml"
    file.write_text('[tune]\ntrials = 7\n[tune.vary]\n"optim.name" = ["adam", "sgd"]\n'
                    '[tune.vary.model]\ndropout = "0..0.5"\n'
                    "[optim]\nepochs = 4\n")  # fmt: skip
    values, space = tuning.read_file(file)
    assert values == {"trials": 7}
    assert [item.key for item in space] == ["optim.name", "model.dropout"]
    assert config.load(file).optim.epochs == 4  # a training does not mind the table
    later = tuning.space_of(space, tuning.parse_vary(["model.dropout=0.1,0.2"]), pretrained=True)
    assert [item.text for item in later] == ["adam,sgd", "0.1,0.2"]


@pytest.mark.parametrize(
    ("values", "message"),
    [({"trails": 3}, "did you mean tune.trials"), ({"folds": 1}, "at least 2"), ({"trials": 0}, "tune.trials"),
     ({"objective": "auc"}, "auroc"), ({"seeds": "many"}, "tune.seeds")],
)  # fmt: skip
def test_a_wrong_setting_of_the_search_is_an_error(values: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        tuning.with_values(TuneConfig(), values)
