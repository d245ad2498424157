"""The checks of the form: what it says beside each field, and which configuration it describes. It has no widgets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cxrtui.data.films import printable
from cxrtui.errors import ConfigError, CxrtuiError, WeightsError
from cxrtui.files import NAME_RULE, is_name, is_url
from cxrtui.settings import config as configs
from cxrtui.settings.config import Config
from cxrtui.settings.listing import SETTINGS, Setting
from cxrtui.settings.sections import FILES
from cxrtui.tui.keys import key_of
from cxrtui.tui.surveys import Survey
from cxrtui.tui.wording import in_fields, in_keys
from cxrtui.weights import hub, shelf
from cxrtui.workspace import Workspace, expand

RUN_NAME = Setting("run.name", "Run name", "empty: date and time", often=True)
"""The only field that is not a setting."""

GROUPS = {
    "data": "Data", "model": "Network", "optim": "Optimizer", "augment": "Augmentation",
    "train": "Frozen groups", "stop": "Stopping", "run": "Run",
}  # fmt: skip
"""The titles of the form's groups, in its order, by the section of the configuration that each holds."""

FIELDS = {
    item.key: item for section in GROUPS for item in (RUN_NAME, *SETTINGS) if item.section == section
}  # fmt: skip
"""All fields, in the order of the form."""

FIRST = tuple(item for item in FIELDS.values() if item.often)
"""The fields that the form shows at first; each group opens to show its others."""

SHELF = Path("models")
_DEFAULTS = Config()


@dataclass(frozen=True)
class Note:
    """The text beside a field, whether the field is right, and whether it is changed from the default."""

    ok: bool
    text: str
    changed: bool = False


def initial(key: str, config: Config) -> str:
    """Return the text that a field starts with."""
    return "" if key == RUN_NAME.key else FIELDS[key].text(config)


def notes(values: Mapping[str, str], workspace: Workspace, survey: Survey, base: Config = _DEFAULTS) -> dict[str, Note]:
    """Return a note for each text of `values`; the run may start if all are ok. `base` has the other settings."""
    result = {}
    for key, text in values.items():
        item = FIELDS[key]
        changed = is_changed(item, text)
        try:
            text_of_note = _check(item, values, workspace, survey, base)
        except CxrtuiError as error:
            result[key] = Note(False, printable(str(error).removeprefix(f"{key} ")), changed)
        else:
            plain = text_of_note == item.about
            default = f" · default {item.default_text}" if changed and plain and item.default_text else ""
            result[key] = Note(True, printable(text_of_note + default), changed)
    return result


def is_changed(item: Setting, text: str) -> bool:
    """Return whether `text` is not the default of its field."""
    if item is RUN_NAME:
        return bool(text.strip())
    try:
        return bool(configs.coerce(item.key, text.strip()) != item.default)
    except CxrtuiError:
        return True


def _check(item: Setting, values: Mapping[str, str], workspace: Workspace, survey: Survey, base: Config) -> str:
    text = values[item.key].strip()
    match item.key:
        case "data.source":
            return _check_source(text, survey)
        case "data.positive" | "data.negative":
            return _check_classes(item, values, survey)
        case key if key in FILES and text and not expand(text).is_file():
            raise ConfigError("no such file")
        case "model.init":
            return _check_init(text, workspace.models)
        case "model.freeze" if text != "none" and values.get("model.init", base.model.init).strip() == "random":
            return "what is frozen stays random: choose pretrained weights"
        case RUN_NAME.key:
            if text and not is_name(text):
                raise ConfigError(NAME_RULE)
            if text and (workspace.checkpoints / text).exists():
                raise ConfigError("a run of this name exists; choose another")
        case "optim.learning_rate" if configs.coerce(item.key, text) == 0:
            if not _have_own_rates(values, base):
                raise ConfigError("must be above 0")
            return "others have rates of their own"
        case _:
            configs.coerce(item.key, text)
    return item.about


def _have_own_rates(values: Mapping[str, str], base: Config) -> bool:
    """Return whether a group of the network has a learning rate of its own."""
    keys = ("optim.head_learning_rate", "optim.stage_learning_rates")
    return any(values[key].strip() not in ("", "0", "0.0") if key in values else FIELDS[key].value(base)
               for key in keys)  # fmt: skip


def together(base: Config, values: Mapping[str, str], models: Path) -> tuple[Config | None, str]:
    """Return the configuration, or why texts that are right one by one are wrong together."""
    try:
        config = settings(base, values, models)
        shelf.check(config.model.init, config.model.width, config.model.stages)
    except CxrtuiError as error:
        return None, printable(in_keys(str(error)))
    return config, ""


def films_that_count(config: Config, survey: Survey) -> int:
    """Return the number of films of a positive or a negative class; 0 if it is not clear which count."""
    from cxrtui.data.sources.labels import decide

    try:
        rule = decide(survey.found, config.data.positive, config.data.negative, defaults=survey.rule,
                      question=survey.question)  # fmt: skip
    except CxrtuiError:
        return 0
    return sum(count for label, count in survey.found.items() if rule.class_index(label) is not None)


def _check_source(text: str, survey: Survey) -> str:
    if not text:
        raise ConfigError("say where the films are: a folder of class folders, or a CSV")
    if not _exists(text):
        raise ConfigError("no such folder or file")
    if survey.path != text:
        return "looking…"
    if survey.error:
        raise ConfigError(in_fields(survey.error))
    return " · ".join(filter(None, (survey.classes, survey.about)))


def _exists(text: str) -> bool:
    """Return whether every path of the field exists; a data set of tfds is looked for later."""
    from cxrtui.data.sources.naming import TFDS, split_name

    named = [split_name(item) for item in configs.coerce("data.source", text)]
    return all(layout == TFDS or is_url(path) or expand(path).exists() for layout, path in named)


def _check_classes(item: Setting, values: Mapping[str, str], survey: Survey) -> str:
    chosen = configs.coerce(item.key, values[item.key])
    other = "data.negative" if item.key == "data.positive" else "data.positive"
    rest = configs.coerce(other, values[other])
    from cxrtui.data.findings import same_finding

    if both := [name for name in chosen if any(same_finding(name, one) for one in rest)]:
        raise ConfigError(f"{', '.join(both)} cannot be both")
    found = survey.found
    if survey.path != values["data.source"].strip() or not found:
        return item.about
    from cxrtui.data.sources.labels import decide
    from cxrtui.data.sources.matching import matches

    for label in chosen:
        if not any(matches(name, label) for name in found):
            raise ConfigError(f"no class {label}; there are {', '.join(found)}")
    try:
        decided = decide(found, configs.coerce("data.positive", values["data.positive"]),
                         configs.coerce("data.negative", values["data.negative"]),
                         defaults=survey.rule, question=survey.question)  # fmt: skip
    except CxrtuiError:
        if chosen:
            return _count(chosen, found)
        if len(found) == 1:
            raise ConfigError(
                f"all are {', '.join(found)}; name films of the other class too, behind a comma"
            ) from None
        # The question's advice is for the command line; only its first sentence says why it is asked.
        why = f" ({survey.question.partition('. ')[0]})" if survey.question and not rest else ""
        raise ConfigError(f"say which of {', '.join(found)}{why}") from None
    index = int(item.key == "data.positive")
    total = sum(count for label, count in found.items() if decided.class_index(label) == index)
    return f"{total:,} films" if chosen else f"{decided.names[index]}: {total:,} films"


def _count(labels: tuple[str, ...], found: Mapping[str, int]) -> str:
    from cxrtui.data.sources.matching import matches

    total = sum(count for label, count in found.items() if any(matches(label, name) for name in labels))
    return f"{total:,} films"


def _check_init(text: str, models: Path) -> str:
    key = key_of("launch", "weights")
    if not text:
        raise ConfigError(f"imagenet, random, a name on the shelf, or a file of weights; {key} shows the shelf")
    resolved = shelf.resolve(text, models)
    if (known := shelf.wanting(resolved)) is not None:
        if hub.offline():
            raise ConfigError(f"not here, and nothing is fetched offline; {key} shows what is here; or random")
        return f"not here yet: fetched at the start ({known.size}, {known.licence})"
    try:
        place = shelf.locate(resolved)
    except WeightsError as error:
        if is_name(text) and shelf.is_shelf(models / text):
            raise ConfigError(f"on the shelf, but its weights are missing: {key} shows it") from None
        if expand(text).is_file():
            raise ConfigError(in_keys(str(error))) from None
        raise ConfigError(f"no such file, and no such name on the shelf ({key} shows it); or random") from None
    if place is None:
        return f"from nothing: needs many films and epochs; {key} shows others"
    return "from the shelf" if place.is_dir() else "from this file"


def settings(base: Config, values: Mapping[str, str], models: Path = SHELF) -> Config:
    """Return the configuration that the form describes, over `base`; `models` is the shelf.

    Raises:
        ConfigError: a value is not valid, or the values contradict each other.
    """
    chosen = {key: text.strip() for key, text in values.items() if key != RUN_NAME.key}
    return absolute(configs.with_values(base, chosen), models)


def absolute(config: Config, models: Path = SHELF) -> Config:
    """Return `config` with absolute paths, so that its run can be resumed from another folder."""
    from cxrtui.data.sources import naming

    values: dict[str, Any] = {"data.source": tuple(map(naming.absolute, config.data.source))}
    values["model.init"] = shelf.resolve(config.model.init, models)
    values.update({key: str(expand(file).absolute()) for key, file in configs.named_files(config).items()})
    return configs.with_values(config, values)
