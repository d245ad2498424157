"""The actions of the form that show something in front of it: presets, earlier settings, preview, command, TOML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

from textual import on
from textual.message import Message

from cxrtui.errors import ConfigError, CxrtuiError
from cxrtui.printable import printable
from cxrtui.settings import config as configs
from cxrtui.settings.config import Config
from cxrtui.settings.listing import BY_KEY
from cxrtui.settings.presets import KEYS, PRESETS, Preset
from cxrtui.tui import threads
from cxrtui.tui.launch import questions, written
from cxrtui.tui.launch.checks import RUN_NAME, absolute, initial, settings
from cxrtui.tui.launch.earlier import Earlier, earlier
from cxrtui.tui.launch.preview import PreviewScreen
from cxrtui.tui.launch.save import SaveScreen
from cxrtui.tui.page import Page
from cxrtui.tui.pick import Item, Pick
from cxrtui.tui.questions import Notice


class EarlierFound(Message):
    """A thread has read the settings of the last form and of the runs."""

    def __init__(self, found: Sequence[Earlier]) -> None:
        super().__init__()
        self.found = found


class Saved(Message):
    """A thread has saved the settings to `path`, or there is an `error`."""

    def __init__(self, path: Path, error: str) -> None:
        super().__init__()
        self.path, self.error = path, error


def preset_texts(preset: Preset, base: Config) -> dict[str, str]:
    """Return the texts that a preset puts into the form: its values, and `base` for what only other presets set."""
    return {key: initial(key, base) for key in KEYS} | dict(preset.values)


class Menus(Page[None]):
    """A form's page; what it shows in front of the form fills the form, or is made from it."""

    base: Config
    """The workspace's settings."""

    @property
    def values(self) -> dict[str, str]:
        """The form's texts by key."""
        raise NotImplementedError

    def fill(self, texts: Mapping[str, str]) -> None:
        """Put these texts into their fields."""
        raise NotImplementedError

    def config(self) -> Config:
        """Return the configuration that the form describes.

        Raises:
            ConfigError: the texts are not valid.
        """
        return settings(self.base, self.values, self.dashboard.workspace.models)

    # --- presets and earlier settings

    def action_presets(self) -> None:
        """Choose a preset."""
        items = [Item(preset.title, f"{preset.about}\n{_values(preset)}") for preset in PRESETS]

        def chosen(place: int | None) -> None:
            if place is not None:
                self.fill(preset_texts(PRESETS[place], self.base))
                self.notify(f"{PRESETS[place].title}: films, classes and weights are as they were.", title="Preset")

        self.app.push_screen(Pick("presets", items), chosen)

    def action_earlier(self) -> None:
        """Choose the settings of the last form or of a run."""
        workspace = self.dashboard.workspace
        threads.start("read earlier settings", lambda: self.post_message(EarlierFound(list(earlier(workspace)))))

    @on(EarlierFound)
    def _earlier_found(self, message: EarlierFound) -> None:
        if not message.found:
            self.notify("No form was filled in here before, and there are no runs yet.", title="Earlier settings")
            return

        def chosen(place: int | None) -> None:
            if place is not None:
                self.fill(message.found[place].texts)

        items = [Item(item.title, item.about) for item in message.found]
        self.app.push_screen(Pick("begin with the settings of", items), chosen)

    def action_preview(self) -> None:
        """Show films as the network will see them."""
        if not self.values["data.source"].strip():
            self.app.push_screen(Notice("No films yet", "Say first where the films are."))
        elif (config := self._valid("No preview yet")) is not None:
            self.app.push_screen(PreviewScreen(config))

    # --- command line and TOML

    def action_command(self) -> None:
        """Show the command that starts the same run."""
        if (config := self._valid("No command line yet")) is None:
            return
        workspace = self.dashboard.workspace
        words = written.command(
            config, absolute(self.base, workspace.models), workspace, self.values[RUN_NAME.key].strip()
        )

        def answered(answer: str | None) -> None:
            if answer == "copy":
                self._copy(written.one_line(words))

        self.app.push_screen(questions.command(written.many_lines(words)), answered)

    def action_settings(self) -> None:
        """Show the settings as TOML, to copy or save them."""
        if (config := self._valid("No settings to show yet")) is None:
            return
        name, models = self.values["model.init"].strip(), self.dashboard.workspace.models
        if config.model.init == str((models / name).absolute()):  # a name on the shelf is right on other machines too
            config = configs.with_values(config, {"model.init": name})
        text = written.toml(config)

        def answered(answer: str | None) -> None:
            workspace_file = self.dashboard.workspace.config_file
            if answer == "copy":
                self._copy(text)
            elif answer == "workspace":
                self.app.push_screen(questions.save(workspace_file), partial(self._confirmed, config, workspace_file))
            elif answer == "path":
                self.app.push_screen(SaveScreen(Path.cwd() / "settings.toml"), partial(self._named, config))

        self.app.push_screen(questions.settings(text), answered)

    def _named(self, config: Config, path: Path | None) -> None:
        """Save to the path that was typed; ask first if something is there."""
        if path is not None and path.exists():
            self.app.push_screen(questions.save(path), partial(self._confirmed, config, path))
        elif path is not None:
            self._save(config, path)

    def _confirmed(self, config: Config, path: Path, answer: str | None) -> None:
        if answer == "yes":
            self._save(config, path)

    def _save(self, config: Config, path: Path) -> None:
        def work() -> None:
            try:
                written.save(path, config)
                error = ""
            except CxrtuiError as problem:
                error = str(problem)
            self.post_message(Saved(path, error))

        threads.start("save settings", work)

    @on(Saved)
    def _saved(self, message: Saved) -> None:
        if message.error:
            self.app.push_screen(Notice("Not saved", message.error))
            return
        if message.path == self.dashboard.workspace.config_file:
            self.base, _ = configs.load_or_default(message.path)
        self.notify(f"Saved to {printable(message.path)}.", title="Settings", markup=False)

    def _valid(self, title: str) -> Config | None:
        """Return the configuration; if the form is wrong, say so in a notice."""
        try:
            return self.config()
        except ConfigError as error:
            self.app.push_screen(Notice(title, str(error)))
            return None

    def _copy(self, text: str) -> None:
        self.app.copy_to_clipboard(text)
        self.notify("Copied, if this terminal lets programs use its clipboard (OSC 52).", title="Copy")


def _values(preset: Preset) -> str:
    """Return what a preset sets, as one line; what it leaves empty is left out."""
    return " · ".join(
        f"{BY_KEY[key].label.lower()} {text}" for key, text in preset.values.items() if text not in ("", "0.0")
    )
