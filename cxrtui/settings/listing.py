"""Every setting of the configuration as one value; forms, lists and documents are made from these values only."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from cxrtui.settings.config import SECTIONS, Config, as_text
from cxrtui.settings.field import Entry


@dataclass(frozen=True)
class Setting:
    """One setting.

    Attributes:
        key: ``section.name``.
        label: the name in a form.
        about: the help text.
        default: the value if nothing is set.
        low: the least value, if there is one.
        high: the greatest value, if there is one.
        choices: the allowed words, for the value or for each of its items; empty if any is allowed.
        table: the type of an entry if the setting is a table.
        often: whether most runs set it, so that a form shows it at first.
    """

    key: str
    label: str
    about: str
    default: Any = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    table: type[Entry] | None = None
    often: bool = False

    @property
    def section(self) -> str:
        """The name of the setting's section."""
        return self.key.partition(".")[0]

    @property
    def several(self) -> bool:
        """Whether the value holds several items."""
        return isinstance(self.default, tuple)

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
        low, high = (None if limit is None else amount(limit) for limit in (self.low, self.high))
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


SETTINGS = tuple(
    Setting(
        key=f"{section}.{item.name}", label=item.metadata["label"] or _label(item.name),
        about=item.metadata["about"], default=item.default, low=item.metadata["low"], high=item.metadata["high"],
        choices=item.metadata["choices"], table=item.metadata["table"], often=item.metadata["often"],
    )
    for section, cls in SECTIONS.items()
    for item in fields(cls)
)  # fmt: skip
"""All settings, in the order of the file."""

BY_KEY = {item.key: item for item in SETTINGS}
