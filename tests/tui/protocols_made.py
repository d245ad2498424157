"""A protocol whose table the real code makes, of probabilities that are made here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from cxrtui.evaluation.metrics import metrics
from cxrtui.evaluation.protocols import baseline
from cxrtui.evaluation.protocols.folder import Fold, Folds, ProtocolFolder, begin
from cxrtui.evaluation.protocols.result import sum_up
from cxrtui.runs import events as ev
from cxrtui.settings.config import Config, with_values
from cxrtui.settings.protocol import Plan, plan_of
from cxrtui.statistics.operating_point import confusion
from tests.tui import compared, logs

SOURCES = ("Radiopaedia", "Eurorad", "Hannover")
SKILLS = (1.4, 0.9, 0.5)


def plan(protocol: str = "leave-one-source-out") -> Plan:
    """What is trained and tested."""
    return plan_of(protocol, with_values(Config(), {"data.source": ["ieee8023"]}), folds=None, seeds=1, external=())


def write(checkpoints: Path, name: str = "by-source", *, done: int = 3, protocol: str = "") -> ProtocolFolder:
    """A protocol of three trainings, of which so many are `done`; with all of them there is a table."""
    chosen = plan(protocol) if protocol else plan()
    folder = begin(checkpoints, name, chosen)
    folds = Folds(tuple(Fold(f"f{place + 1}", source, 0, 0) for place, source in enumerate(SOURCES)), compared.LABELS,
                  films=279, patients=141, unknown=0, divided=0, untested={"RSNA": "one class"})  # fmt: skip
    folder.write_folds(folds)
    kinds = baseline.kinds()
    lines = [",".join(("fold", "path", "called", *kinds))]
    for fold, skill in list(zip(folds.folds, SKILLS, strict=True))[:done]:
        rows = compared.rows_of("test", skill)
        labels, scores = compared.scores_of("test", skill)
        events: list[ev.Event] = []
        for event in logs.finished(folder.run(fold).name):
            if isinstance(event, ev.Evaluated) and event.part == "test":
                event = replace(event, counts=confusion(labels, scores), metrics=metrics(labels, scores, 0.32))
            events.append(event)
        run = logs.write(checkpoints, folder.run(fold).name, events, state=True)
        prefixed = [{**row, "path": f"{fold.name}-{row['path']}", "patient": f"{fold.name}-{row['patient']}"}
                    for row in rows]  # fmt: skip
        compared.write_rows(run, "test", prefixed)
        for place, row in enumerate(prefixed):
            values = (f"{(place * 0.6180339887) % 1:.6f}" for _ in kinds)
            lines.append(",".join((fold.name, row["path"], str(place % 2), *values)))
    folder.baseline_file.write_text("\n".join(lines) + "\n")
    if done == len(SOURCES):
        sum_up(folder, chosen, folds)
    return folder
