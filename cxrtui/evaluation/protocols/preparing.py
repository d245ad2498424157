"""Divides the films of a protocol, writes a split file for each training, and scores tested films without pixels."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace

from cxrtui.data.pool import OnProgress, reported
from cxrtui.data.prepared import held_out
from cxrtui.data.prepared.held_out import Division
from cxrtui.data.prepared.pooled import Pooled, pool
from cxrtui.errors import CheckCancelled, DataError
from cxrtui.evaluation.protocols import baseline
from cxrtui.evaluation.protocols.folder import Fold, Folds, ProtocolFolder
from cxrtui.runs.events import Event
from cxrtui.settings.config import DataConfig
from cxrtui.settings.protocol import BY_SOURCE, EXTERNAL, KFOLD, Plan


def data_of(plan: Plan) -> DataConfig:
    """Return the settings of all films, those that are tested alone included."""
    data = plan.base.data
    return replace(data, source=(*data.source, *plan.external))


def prepare_folds(folder: ProtocolFolder, plan: Plan, check_cancelled: CheckCancelled) -> Generator[Event, None, Folds]:
    """Return the trainings of the protocol; if an earlier process has divided the films, what it wrote counts.

    Raises:
        DataError: the films cannot be used or divided.
        Cancelled: `check_cancelled` said so.
    """
    known = folder.read_folds()
    if known is not None and all(
        file.exists() for file in (folder.baseline_file, *map(folder.split_file, known.folds))
    ):
        return known
    pooled = yield from pool(data_of(plan), check_cancelled)
    divisions, untested = _divisions(plan, pooled)
    folds = tuple(fold for fold, _ in divisions)
    (folder.folder / "folds").mkdir(exist_ok=True)
    for fold, division in divisions:
        pooled.write(folder.split_file(fold), division.splits)

    def work(on_progress: OnProgress) -> None:
        by_name = {fold.name: division for fold, division in divisions}
        baseline.score(pooled.ready.films, by_name, folder.baseline_file, on_progress)

    yield from reported(work, "scoring without pixels", check_cancelled)
    films = [pooled.ready.films[place][0] for place in pooled.used]
    negative, positive = pooled.ready.labels.names
    made = Folds(
        folds, (negative, positive), len(films), len({film.patient for film in films}),
        sum(not film.patient_known for film in films),
        held_out.divided(pooled.rows, [division for _, division in divisions]), untested,
        len(pooled.ready.films) - len(films),
    )  # fmt: skip
    folder.write_folds(made)
    return made


def _divisions(plan: Plan, pooled: Pooled) -> tuple[list[tuple[Fold, Division]], dict[str, str]]:
    """Return each training with its division, and why sources are not tested.

    Raises:
        DataError: a split would lack a class.
    """
    rows, used, share = pooled.rows, pooled.used, plan.base.data.validation
    found: list[tuple[Fold, Division]] = []
    untested: dict[str, str] = {}
    for repeat in range(plan.seeds):
        seed = plan.base.run.seed + repeat
        if plan.protocol == BY_SOURCE:
            made, untested = held_out.by_sources(rows, used, seed=seed, validation=share)
        elif plan.protocol == EXTERNAL:
            made = [held_out.external(rows, used, _external(plan, pooled), seed=seed, validation=share)]
        else:
            made = held_out.by_folds(rows, used, folds=plan.folds, seed=seed, validation=share,
                                     by_patient=plan.protocol != KFOLD)  # fmt: skip
        for number, division in enumerate(made, 1):
            name = f"f{number}" + (f"-s{repeat + 1}" if plan.seeds > 1 else "")
            found.append((Fold(name, division.held_out, seed, repeat, division.left_out), division))
    return found, untested


def _external(plan: Plan, pooled: Pooled) -> set[int]:
    """Return the indices of the films that are tested alone.

    Raises:
        DataError: there are none.
    """
    names = set(pooled.ready.collection.names[len(plan.base.data.source) :])
    found = {place for place, (film, _) in enumerate(pooled.ready.films) if film.name.partition("/")[0] in names}
    if not found:
        raise DataError(f"No film of {', '.join(plan.external)} is left to test: all are among those of --data, or of "
                        "no class that counts.")  # fmt: skip
    return found
