"""Every setting of the configuration as one value; forms, lists and documents are made from these values only."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from cxrtui.settings.config import SECTIONS, Config, as_text
from cxrtui.settings.field import NO_LIMITS, Entry, Limits


@dataclass(frozen=True)
class Setting:
    """One setting.

    Attributes:
        key: ``section.name``.
        label: the name in a form.
        about: the help text.
        default: the value if nothing is set.
        limits: the allowed values.
        often: whether most runs set it, so that a form shows it at first.
    """

    key: str
    label: str
    about: str
    default: Any = ""
    limits: Limits = NO_LIMITS
    often: bool = False

    @property
    def section(self) -> str:
        """The name of the setting's section."""
        return self.key.partition(".")[0]

    @property
    def several(self) -> bool:
        """Whether the value holds several items."""
        return isinstance(self.default, tuple)

    @property
    def choices(self) -> tuple[str, ...]:
        """The allowed words, for the value or for each of its items; empty if any is allowed."""
        return self.limits.choices

    @property
    def table(self) -> type[Entry] | None:
        """The type of an entry if the setting is a table."""
        return self.limits.table

    def value(self, config: Config) -> Any:
        """Return the setting's value in `config`."""
        section, _, name = self.key.partition(".")
        return getattr(getattr(config, section), name)

    def text(self, config: Config) -> str:
        """Return the setting's value in `config` in the form that ``--set`` takes."""
        return as_text(self.value(config))

    @property
    def allowed(self) -> str:
        """The choices or the limits as text; empty if there are none."""
        if self.choices:
            return f"{'any' if self.several else 'one'} of {', '.join(self.choices)}"
        low, high = (None if limit is None else amount(limit) for limit in (self.limits.low, self.limits.high))
        if low is None or high is None:
            return f"at least {low}" if low is not None else f"at most {high}" if high is not None else ""
        return f"{low} to {high}"

    @property
    def default_text(self) -> str:
        """The default in the form that ``--set`` takes; empty if the default is empty."""
        return as_text(self.default)


def amount(value: float) -> str:
    """Return a limit as text: commas between thousands, and no more digits than it has."""
    return f"{int(value):,}" if value == int(value) else f"{value:g}"


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize()


def listed(section: str, cls: type[Any]) -> tuple[Setting, ...]:
    """Return the settings that the dataclass `cls` of a section declares."""
    return tuple(
        Setting(
            key=f"{section}.{item.name}", label=item.metadata["label"] or _label(item.name),
            about=item.metadata["about"], default=item.default, limits=item.metadata["limits"],
            often=item.metadata["often"],
        )
        for item in fields(cls)
    )  # fmt: skip


SETTINGS = tuple(item for section, cls in SECTIONS.items() for item in listed(section, cls))
"""All settings, in the order of the file."""

BY_KEY = {item.key: item for item in SETTINGS}


def texts_of(config: Config) -> dict[str, str]:
    """Return every setting of a configuration by key, as the texts of a form."""
    return {item.key: item.text(config) for item in SETTINGS}
