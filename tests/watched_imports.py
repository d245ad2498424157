"""Does in a thread of the dashboard all that its threads do; whenever `builtins.__import__` is replaced, another thread
looks and imports.

``python -m tests.watched_imports FILMS FOLDER`` prints how often it was replaced, and fails where the other thread met
a replacement.
"""

from __future__ import annotations

import builtins
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cxrtui import runner
from cxrtui.data.pool import no_progress
from cxrtui.runs.listing import new_run
from cxrtui.settings import config
from cxrtui.settings.config import DataConfig
from cxrtui.tui import threads
from cxrtui.tui.backend import Backend
from tests.conftest import SMALL, few_of

PLAIN = builtins.__import__
replaced: list[str] = []
problems: list[str] = []


def look(where: str) -> None:
    """What another thread sees, and what an import of it gives."""
    from xml.dom import minidom

    if builtins.__import__ is not PLAIN or type(minidom) is not type(sys):
        problems.append(f"another thread met the replacement that is made at\n{where}")


def everything(films: Path, folder: Path) -> None:
    """Survey, inspect, train, classify, decode, export and the shelf, as the screens ask for them."""
    try:
        backend = Backend()
        backend.survey(films, no_progress)
        backend.inspect(str(few_of(films, folder)), DataConfig(), lambda stage, done, total: None)
        run = new_run(folder / "checkpoints", "run")
        from cxrtui.evaluation import classify

        settings = config.resolve(SMALL, {"data.source": str(films), "optim.epochs": 1})
        assert runner.drive(run, settings) == 0, run.read().failed
        some = sorted(films.glob("positive/*.png"))[:2]
        assert [item.ok for item in classify.load(run).classify(some)] == [True, True]  # as the process that computes
        backend.open_film(some[0])
        assert backend.truths()(some[0], ["negative", "positive"]) is not None
        assert backend.trained_on(run).synthetic
        import cxrtui.evaluation.export
        import cxrtui.weights.hub
        import cxrtui.weights.port
        import cxrtui.weights.shelving  # noqa: F401
    except BaseException:
        problems.append(traceback.format_exc())


def main() -> None:
    """Watch the import function while a thread of the dashboard is at work."""
    with ThreadPoolExecutor(1) as other:
        other.submit(look, "the start").result()
        threads.start("nothing", lambda: None).join()  # the dashboard has contained replacements by now
        contained = type(builtins)

        class Watched(contained):  # type: ignore[misc, valid-type]
            def __setattr__(self, name: str, value: object) -> None:
                super().__setattr__(name, value)
                if name == "__import__" and value is not PLAIN:
                    replaced.append(name)
                    other.submit(look, "".join(traceback.format_stack(limit=12))).result()

        builtins.__class__ = Watched
        thread = threads.start("everything", everything, Path(sys.argv[1]), Path(sys.argv[2]))
        while thread.is_alive():
            thread.join(0.1)
    print(len(replaced))
    sys.exit("\n".join(problems[:3]) if problems else 0)


if __name__ == "__main__":
    main()
