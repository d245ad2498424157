"""Makes the screens that routes ask for; each is imported when it is first opened.

To import all of them takes longer than the first screen does, and the first screen is the list of runs. `load` imports
the rest once it is there.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from cxrtui.evaluation.protocols.folder import ProtocolFolder
from cxrtui.search.study import Study
from cxrtui.tui import routes
from cxrtui.tui.page import Page
from cxrtui.tui.weights.jobs import Jobs

_MODULES = (
    "monitor.screen", "launch.screen", "classify.screen", "inspect.screen", "weights.screen", "evaluate.screen",
    "compare.screen", "tune.studies", "tune.screen", "tune.new", "protocols.listing", "protocols.screen",
)  # fmt: skip


def load() -> None:
    """Import the screens, in a thread and while nobody waits for them."""
    for name in _MODULES:
        import_module(f"cxrtui.tui.{name}")


def screen_of(route: routes.Route, jobs: Jobs) -> Page[Any]:
    """Return a new screen.

    Args:
        route: one that opens a screen of `_MODULES`.
        jobs: those of the shelf, which the Weights screen shows.

    Raises:
        TypeError: the route opens another screen, or starts something.
    """
    match route:
        case routes.OpenLaunch(texts):
            from cxrtui.tui.launch.screen import LaunchScreen

            return LaunchScreen(texts)
        case routes.OpenClassify(run, folder):
            from cxrtui.tui.classify.screen import ClassifyScreen

            return ClassifyScreen(run, folder)
        case routes.OpenData(source, data):
            from cxrtui.tui.inspect.screen import DataScreen

            return DataScreen(source, data)
        case routes.OpenWeights(name, to_port):
            from cxrtui.tui.weights.screen import WeightsScreen

            return WeightsScreen(jobs, name, to_port)
        case routes.OpenEvaluate(run):
            from cxrtui.tui.evaluate.screen import EvaluateScreen

            return EvaluateScreen(run)
        case routes.OpenCompare(runs):
            from cxrtui.tui.compare.screen import CompareScreen

            return CompareScreen(runs)
        case routes.OpenTune(Study() as study, workers):
            from cxrtui.tui.tune.screen import TuneScreen

            return TuneScreen(study, workers)
        case routes.OpenTune():
            from cxrtui.tui.tune.studies import StudiesScreen

            return StudiesScreen()
        case routes.OpenProtocol(ProtocolFolder() as folder):
            from cxrtui.tui.protocols.screen import ProtocolScreen

            return ProtocolScreen(folder)
        case routes.OpenProtocol():
            from cxrtui.tui.protocols.listing import ProtocolsScreen

            return ProtocolsScreen()
        case routes.OpenSearch(config):
            from cxrtui.tui.tune.new import NewStudyScreen

            return NewStudyScreen(config)
    raise TypeError(route)
