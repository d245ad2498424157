"""The command ``demo`` trains a narrow network on synthetic films and classifies some; this takes minutes on a CPU."""

from __future__ import annotations

import csv
import os
import shlex
import sys
from pathlib import Path

from cxrtui.console import headless
from cxrtui.console.images import print_classified
from cxrtui.console.phantoms import make_phantoms
from cxrtui.data.phantoms import demonstration
from cxrtui.runs.listing import fresh_name, new_run
from cxrtui.workspace import Workspace


def run(workspace: Workspace) -> int:
    """Make the films, train, and classify six test films; return the exit code of the training."""
    films = demonstration.films_of(workspace.root)
    if not demonstration.are_drawn(films):
        print(f"1/3  Drawing {demonstration.FILMS} synthetic chest films (no patients) in {films}", flush=True)
        make_phantoms(films, demonstration.FILMS, demonstration.SEED, demonstration.SIZE)
    else:
        print(f"1/3  Synthetic chest films are in {films} already", flush=True)
    print("2/3  Training a narrow ResNet-50 on them, on whatever device there is", flush=True)
    name = fresh_name(workspace.checkpoints)
    trained = new_run(workspace.checkpoints, f"demo-{name}")
    code = headless.train(trained, demonstration.settings_for(films))
    if code:
        return code
    print("\n3/3  Classifying six films of the test split", flush=True)
    from cxrtui.evaluation import classify

    chosen = _test_films(trained.evaluation / "test.csv", 6)
    print_classified(classify.load(trained).classify([Path(os.path.relpath(path)) for path, _ in chosen]), "text")
    print("     in truth: " + ", ".join(f"{Path(path).stem} {label}" for path, label in chosen))
    command = shlex.join([_called(), "--workspace", os.path.relpath(workspace.root), "attach", trained.name])
    print(f"\nNow open the dashboard on it:  {command}")
    return 0


def _called() -> str:
    """Return the name by which the user called this program, so that the printed command can be pasted."""
    program = Path(sys.argv[0])
    return os.path.relpath(program) if program.name == "cxrtui" else "cxrtui"


def _test_films(table: Path, count: int) -> list[tuple[str, str]]:
    """Return path and true label of `count` films, of both classes in turn."""
    with table.open(newline="", encoding="utf-8") as file:
        rows = [(row["path"], row["label"]) for row in csv.DictReader(file)]
    labels = sorted({label for _, label in rows})
    by_label = [[row for row in rows if row[1] == label][: count // len(labels)] for label in labels]
    return [row for group in zip(*by_label, strict=False) for row in group]
