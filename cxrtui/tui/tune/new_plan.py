"""What the form of a new study says, as a plan. This module has no widgets."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from cxrtui.errors import ConfigError
from cxrtui.files import NAME_RULE, is_name, is_there
from cxrtui.runs.size import counted
from cxrtui.search.plan import Plan, with_whole_paths
from cxrtui.search.study import Study, new_study
from cxrtui.settings import tuning
from cxrtui.settings.config import Config
from cxrtui.settings.field import Limits
from cxrtui.settings.listing import SETTINGS
from cxrtui.settings.space import SearchedSetting, check_space, searched
from cxrtui.settings.tuning import TuneConfig
from cxrtui.workspace import Workspace

NAME, WORKERS = "name", "workers"
MOST_WORKERS = 256


@dataclass(frozen=True)
class Field:
    """A field of the form: its name, help text, and the words that it may have if it is a list."""

    name: str
    about: str
    choices: tuple[str, ...] = ()


def _of_search() -> tuple[Field, ...]:
    found = []
    for item in fields(TuneConfig):
        limits = typing.cast(Limits, item.metadata["limits"])
        found.append(Field(item.name, item.metadata["about"], limits.choices))
    return tuple(found)


FIELDS = (
    Field(NAME, "name of the study; empty: date and time"),
    Field(WORKERS, "processes that train trials, also when cxrtui ends; 0 = start none now"),
    *_of_search(),
)
"""All fields but those of the searched settings."""


def defaults(config: Config, workspace: Workspace) -> tuple[TuneConfig, tuple[SearchedSetting, ...], frozenset[str]]:
    """Return the search that the form begins with, that of the workspace's cxrtui.toml or the default one.

    Returns:
        The settings of the search, those that may vary, and the keys of those that are ticked: of the default ones the
        run's form has not changed.

    Raises:
        ConfigError: the table [tune] of that file is not valid.
    """
    own: Mapping[str, object] = {}
    space: tuple[SearchedSetting, ...] = ()
    if is_there(workspace.config_file):
        own, space = tuning.read_file(workspace.config_file)
    made = tuning.space_of(space, pretrained=config.model.init != "random")
    changed = {item.key for item in SETTINGS if item.value(config) != item.default}
    ticked = frozenset(item.key for item in made if space or item.key not in changed)
    return tuning.with_values(TuneConfig(), own), made, ticked


def first_texts(tune: TuneConfig) -> dict[str, str]:
    """Return the text that each field begins with."""
    return {NAME: "", WORKERS: "1"} | {name: str(value) for name, value in tune.as_dict().items()}


def problem_of(name: str, text: str) -> str:
    """Return what is wrong with the text of a field; empty if nothing is."""
    try:
        if name == NAME:
            if text and not is_name(text):
                raise ConfigError(NAME_RULE)
        elif name == WORKERS:
            workers_of(text)
        else:
            tuning.with_values(TuneConfig(), {name: text})
    except ConfigError as error:
        return str(error).removeprefix(f"{tuning.SECTION}.{name} ")
    return ""


def problem_of_values(key: str, text: str) -> str:
    """Return what is wrong with the values of a searched setting; empty if nothing is."""
    try:
        searched(key, text)
    except ConfigError as error:
        return str(error).removeprefix(f"{key} ")
    return ""


def workers_of(text: str) -> int:
    """Return the number of workers.

    Raises:
        ConfigError: it is no number from 0 to `MOST_WORKERS`.
    """
    if not (text.isascii() and text.isdigit() and int(text) <= MOST_WORKERS):
        raise ConfigError(f"must be a whole number from 0 to {MOST_WORKERS}")
    return int(text)


def plan_of(config: Config, texts: Mapping[str, str], varied: Mapping[str, str]) -> Plan:
    """Return the plan that the form describes: texts of fields by name, and values of searched settings by key.

    Raises:
        ConfigError: a text is not valid, or nothing is searched.
    """
    if not varied:
        raise ConfigError("Nothing is searched; tick at least one setting.")
    own = {name: text for name, text in texts.items() if name not in (NAME, WORKERS)}
    space = tuple(searched(key, text) for key, text in varied.items())
    return Plan(tuning.with_values(TuneConfig(), own), config, space)


def make(workspace: Workspace, name: str, plan: Plan) -> Study:
    """Check every combination of extreme values, and make the study; only a thread calls this.

    Raises:
        ConfigError: a combination cannot be trained.
        UsageError: the name is taken, or the disk refuses.
    """
    from cxrtui.weights import shelf

    def check(settings: Config) -> None:
        shelf.check(settings.model.init, settings.model.width, settings.model.stages)

    plan = replace(plan, space=tuple(with_whole_paths(item, workspace.models) for item in plan.space))
    check_space(plan.base, plan.space, check)
    return new_study(workspace.checkpoints, name, plan)


def summary(plan: Plan, workers: int) -> str:
    """Return what the study will train, as one line."""
    tune, epochs = plan.tune, plan.base.optim.epochs
    trainings = max(1, tune.folds) * tune.repeats
    each = counted(tune.trials, "trial") + (f" of {trainings} trainings" if trainings > 1 else "")
    end = f", then {counted(tune.seeds, 'training')} of the best" if tune.seeds else ""
    limit = counted(epochs, "epoch")
    return f"{counted(len(plan.space), 'setting')} · {each} of at most {limit}{end} · {workers} at work"
