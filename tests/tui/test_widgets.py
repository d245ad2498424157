from __future__ import annotations

import pytest
from rich.text import Text

from cxrtui.tui.app import Dashboard
from cxrtui.tui.classify.screen import ClassifyScreen
from cxrtui.tui.compare.screen import CompareScreen
from cxrtui.tui.demo import DemoScreen
from cxrtui.tui.evaluate.screen import EvaluateScreen
from cxrtui.tui.inspect.duplicates.screen import DuplicatesScreen
from cxrtui.tui.inspect.screen import DataScreen
from cxrtui.tui.keys import KEYS
from cxrtui.tui.launch.preview import PreviewScreen
from cxrtui.tui.launch.save import SaveScreen
from cxrtui.tui.launch.screen import LaunchScreen
from cxrtui.tui.monitor.screen import MonitorScreen
from cxrtui.tui.moved import MovedScreen
from cxrtui.tui.protocols.listing import ProtocolsScreen
from cxrtui.tui.protocols.screen import ProtocolScreen
from cxrtui.tui.questions import KeyHelp
from cxrtui.tui.runs.first_start import FirstStart
from cxrtui.tui.runs.screen import RunsScreen
from cxrtui.tui.tune.new import NewStudyScreen
from cxrtui.tui.tune.screen import TuneScreen
from cxrtui.tui.tune.studies import StudiesScreen
from cxrtui.tui.weights.port import PortScreen
from cxrtui.tui.weights.screen import WeightsScreen
from cxrtui.tui.widgets.bars import bar, pips, probability
from cxrtui.tui.widgets.films.film import Film
from cxrtui.tui.widgets.find import FindLine


@pytest.mark.parametrize("width", [1, 7, 40])
@pytest.mark.parametrize("fraction", [-1.0, 0.0, 0.13, 0.5, 0.999, 1.0, 2.0, float("nan")])
def test_bars_have_their_width(width: int, fraction: float) -> None:
    assert len(bar(fraction, width).plain) == width


def test_pips_and_probability() -> None:
    assert pips(2, 5, 24).plain.split() == ["●", "●", "○", "○", "○"]
    assert len(pips(30, 50, 20).plain) == 20
    assert probability(0.8, 0.5, 10, "").plain == "━━━━━╋━━──"
    assert probability(0.2, 0.5, 10, "").plain == "━━───┃────"


SCREENS = {
    "everywhere": Dashboard, "runs": RunsScreen, "launch": LaunchScreen, "form": LaunchScreen,
    "data": DataScreen, "duplicates": DuplicatesScreen, "weights": WeightsScreen,
    "port": PortScreen, "save": SaveScreen, "preview": PreviewScreen, "moved": MovedScreen, "monitor": MonitorScreen,
    "evaluate": EvaluateScreen, "compare": CompareScreen, "classify": ClassifyScreen, "film": Film,
    "chart": MonitorScreen,
    "studies": StudiesScreen, "tune": TuneScreen, "search": NewStudyScreen,
    "protocols": ProtocolsScreen, "protocol": ProtocolScreen,
    "find": FindLine, "keys": KeyHelp, "demo": DemoScreen, "first start": FirstStart,
}  # fmt: skip


@pytest.mark.parametrize("section", KEYS)
def test_every_key_is_explained_and_does_what_its_screen_can(section: str) -> None:
    items = KEYS[section]
    assert len({item.key for item in items}) == len(items)
    for item in items:
        assert item.label
        assert Text.from_markup(item.help).plain == item.help != ""  # the help screen reads it as markup
        owner, _, action = item.action.rpartition(".")
        assert callable(getattr(Dashboard if owner == "app" else SCREENS[section], f"action_{action}", None)), item
