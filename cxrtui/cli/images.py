"""The commands ``classify`` and ``evaluate``."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from cxrtui.cli import protocol
from cxrtui.cli.group import Context, cli, data_settings, pass_context
from cxrtui.cli.measuring import Measuring, measuring_options
from cxrtui.cli.parameters import Devices, Folder, Fraction
from cxrtui.errors import UsageError
from cxrtui.files import is_url, read_bytes
from cxrtui.printable import printable
from cxrtui.runs.folder import Run
from cxrtui.runs.listing import find_run

if TYPE_CHECKING:
    from cxrtui.evaluation.rows import Classified

_LIST_MOST = 1 << 30  # bytes of a list of files
_DEVICES = "GPUs, or other devices of JAX, that share each batch equally.  [default: all]"


def _find_model(context: Context, name: str) -> Run | Path:
    """Return the run, or else the folder on the shelf, that has that name or path.

    Raises:
        UsageError: there is neither.
    """
    from cxrtui.weights import shelf

    if is_url(name):
        raise UsageError(f"A model is on this machine; bring the run here with: cxrtui runs fetch {name}")
    try:
        return find_run(context.workspace.checkpoints, name)
    except UsageError as error:
        if folder := shelf.find(name, context.workspace.models):
            return folder
        here = ", ".join(item.name for item in shelf.classifiers(context.workspace.models)) or "none yet"
        raise UsageError(f"{str(error).rstrip('.')}; classifiers on the shelf: {here}.") from None


def _find_models(context: Context, names: str) -> list[Run | Path]:
    """Return the one classifier of that name, or else those whose names a plus sign joins.

    Raises:
        UsageError: there is none of one of the names.
    """
    try:
        return [_find_model(context, names)]
    except UsageError:
        parts = names.split("+")
        if len(parts) < 2 or not all(parts):
            raise
        return [_find_model(context, name) for name in parts]


@cli.command()
@click.argument("model")
@click.argument("files", nargs=-1, type=click.Path(readable=False))  # one that cannot be read has its row
@click.option("--files-from", "listed", metavar="FILE",
              help="Classify the files too that FILE lists, one a line, or with a null byte after each; - is standard "
              "input.")  # fmt: skip
@click.option("--json", "form", flag_value="json", help="Print one JSON object a line, one for each file.")
@click.option("--csv", "form", flag_value="csv", help="Print one CSV row for each file.")
@click.option("--step", type=int, help="Use a run's checkpoint of this step instead of the best one.")
@click.option(
    "--heatmap",
    "folder",
    type=Folder(),
    metavar="DIR",
    help="Draw each film with what speaks for the positive class as a PNG in DIR.",
)
@click.option("--method", type=click.Choice(["gradcam", "hirescam"]), help="Of the heat maps.  [default: gradcam]")
@click.option(
    "--stage",
    type=click.Choice(["stage3", "stage4"]),
    help="Of the network, whose features the heat maps weigh.  [default: stage4]",
)
@click.option(
    "--no-refuse",
    "refuse",
    is_flag=True,
    default=True,
    flag_value=False,
    help="Classify also what is no frontal chest film, and right none; each row says so.",
)
@click.option("--opacity", type=Fraction(), help="Of the heat maps' colours.  [default: 0.4]")
@click.option("--no-calibration", is_flag=True, help="Give the network's own probabilities; the rows say so.")
@click.option("--abstain", "margin", type=Fraction(), metavar="MARGIN", default=0.0, help="Give films nearer to the "
              "threshold than this no answer.")  # fmt: skip
@click.option("--engine", type=click.Choice(["xla", "onnxruntime"]), default="xla", help="Computes the network. "
              "ONNX Runtime is faster on a CPU; pip install 'cxrtui[onnxruntime]'.  [default: xla]")  # fmt: skip
@click.option("--devices", type=Devices(), help=_DEVICES)
@pass_context
def classify(
    context: Context, model: str, files: tuple[str, ...], listed: str | None, form: Literal["json", "csv"] | None,
    step: int | None, folder: Path | None, method: str | None, stage: str | None, opacity: float | None, refuse: bool,
    no_calibration: bool, margin: float, engine: Literal["xla", "onnxruntime"], devices: int | None,
) -> None:  # fmt: skip
    """Classify image files with MODEL, a run or a classifier on the shelf.

    Probabilities are calibrated on the validation films of the training, and the threshold is the operating point that
    was set on them.

    What is no frontal chest film is refused, and the row says why; a film that is turned or inverted is righted where
    that is safe. Exit 3 if a file was refused, could not be read or has no heat map that was asked for, 2 if the disk
    refuses one.

    \b
    Examples:
      cxrtui classify 20260101-120000 film.png other.jpg
      cxrtui classify 20260101-120000 films/*.png --json
      cxrtui classify 20260101-120000 films/*.png --heatmap maps/
      cxrtui classify 20260101-120000 --files-from films.txt --csv
    """
    from cxrtui.console.images import print_classified, print_with_heatmaps
    from cxrtui.evaluation import classify as classifying
    from cxrtui.evaluation.trained_on import trained_on

    drawing = {"method": method, "stage": stage, "opacity": opacity}
    chosen = {name: value for name, value in drawing.items() if value is not None}
    if chosen and folder is None:
        raise UsageError(f"--{next(iter(chosen))} is for heat maps; add --heatmap DIR, or leave it out.")
    files = all_files(files, listed)
    target = _find_model(context, model)
    classifier = classifying.load(target, step, calibrated=not no_calibration, margin=margin, engine=engine,
                                  drawing=folder is not None, devices=devices or 0)  # fmt: skip
    trained = trained_on(target, classifier.model.step)
    for note in (classifier.model.note, trained.text, trained.warning(map(str, files))):
        if note:
            click.echo(f"cxrtui: {note}", err=True)
    fetched = {file: _fetched(file) for file in files if is_url(file)}  # all of them, before the first row
    # A path takes several times the memory of its text, so that each is made when its turn comes.
    paths = (fetched[file] if file in fetched else Path(file) for file in files)
    if folder is not None:
        sys.exit(print_with_heatmaps(classifier, list(paths), form or "text", folder, refuse=refuse, **chosen))
    # A row names the file as the user did, also that of a copy.
    rows = map(_named, classifier.classify(paths, refuse=refuse), files)
    sys.exit(3 if print_classified(rows, form or "text") else 0)


def all_files(files: tuple[str, ...], listed: str | None) -> tuple[str, ...]:
    """Return the files of the command line, and those that the lines of the file `listed` name, or of standard input.

    Raises:
        UsageError: there is none, or the file cannot be read.
    """
    body = b""
    try:
        if listed is not None:
            body = sys.stdin.buffer.read() if listed == "-" else read_bytes(Path(listed), _LIST_MOST)
    except OSError as error:
        raise UsageError(f"Cannot read the list of files {printable(listed)}: {error.strerror or error}.") from None
    lines = body.split(b"\0") if b"\0" in body else body.splitlines()  # the former is what `find -print0` writes
    found = (*files, *(os.fsdecode(line) for line in lines if line.strip()))
    if not found:
        raise UsageError("Name the FILES to classify, or a file that lists them with --files-from.")
    return found


def _fetched(url: str) -> Path:
    """Return the path of the copy on this machine of a file in an object store."""
    from cxrtui.remote.folders import fetched_file

    return fetched_file(url)


def _named(row: Classified, file: str) -> Classified:
    return replace(row, file=file) if is_url(file) else row


@cli.command(epilog=protocol.ABOUT)
@click.argument("model", required=False)
@click.option(
    "--data",
    "sources",
    multiple=True,
    metavar="[LAYOUT:]PATH",
    help="Labelled films, as for train; repeat the option to join several sources.",
)
@click.option("--set", "assignments", multiple=True, metavar="DATA.KEY=VALUE", help="The classes of these films; "
              "with --protocol any setting of its runs.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--step", type=int, help="Use a run's checkpoint of this step instead of the best one.")
@click.option("--keep-seen", is_flag=True, help="Count films, copies and patients of the training too, and say so.")
@click.option(
    "--keep", metavar="NAME", help="Keep the result with the run by this name, for the dashboard and reports."
)
@click.option("--devices", type=Devices(), help=_DEVICES)
@measuring_options
@protocol.protocol_options
@pass_context
def evaluate(
    context: Context, /, model: str | None, sources: tuple[str, ...], assignments: tuple[str, ...], as_json: bool,
    step: int | None, keep_seen: bool, keep: str | None, devices: int | None, **options: Any,
) -> None:  # fmt: skip
    """Evaluate MODEL, a run or a classifier on the shelf, on labelled films that it was not trained on.

    Films of the training are left out: the same files, near-duplicates of them, and other films of their patients.
    Every number has a 95 % interval by the bootstrap over patients; tables are by source, view, sex, age and size.
    RUN1+RUN2 is the mean of several classifiers' calibrated probabilities.

    With --protocol and no MODEL, train and test as a study would, as ordinary runs, and print one table.

    \b
    Examples:
      cxrtui evaluate 20260101-120000 --data other_hospital/ --set data.positive=COVID-19 --set data.negative=Normal
      cxrtui evaluate 20260101-120000 --data hannover/ --data rsna/ --set data.positive=COVID-19 --set 'data.negative=*'
      cxrtui evaluate frozen+unfrozen --data other_hospital/ --prevalence 2% --abstain 0.1 --plots
      cxrtui evaluate unfrozen --against frozen --data other_hospital/ --by scanner
      cxrtui evaluate --protocol patient-kfold --data films/ --init random --preset scratch --seeds 3
      cxrtui evaluate --protocol leave-one-source-out --data ieee8023/ --init random
      cxrtui evaluate --protocol external --data hannover/ --external rsna/ --init random --json
    """
    measuring = Measuring.taken(options)
    asked = protocol.Asked(**options)
    if asked.protocol:
        measuring.check_none()
        if model or keep_seen or keep or step is not None:
            raise UsageError("A protocol trains its own networks; leave out MODEL, --step, --keep-seen and --keep, or "
                             "leave out --protocol.")  # fmt: skip
        asked.evaluate(context, sources, assignments if devices is None else (*assignments, f"run.devices={devices}"),
                       as_json)  # fmt: skip
    asked.check_none()
    if not model:
        raise UsageError("Name the MODEL to evaluate, a run or a classifier on the shelf, or train with --protocol.")
    if not sources:
        raise UsageError("Name the films to evaluate on with --data PATH.")
    from cxrtui.console import progress
    from cxrtui.console.images import print_evaluation
    from cxrtui.evaluation import evaluate as evaluating
    from cxrtui.evaluation.report import evaluations

    targets = _find_models(context, model)
    if keep is not None:
        evaluations.check_kept_name(keep)
        if len(targets) > 1 or not isinstance(targets[0], Run):
            raise UsageError("--keep keeps a result with its run; name one run as MODEL, or leave --keep out.")
    against = _find_model(context, measuring.against) if measuring.against is not None else None
    values = data_settings(assignments, "evaluate")
    chosen = evaluating.Options(
        keep_seen=keep_seen, step=step, calibrated=not measuring.no_calibration, prevalence=measuring.prevalence,
        by=measuring.by, augmented=measuring.augmented or 0, margin=measuring.margin,
        devices=devices or 0,
    )  # fmt: skip
    with progress.shown() as on_progress:
        listener = progress.listener(on_progress)
        result = evaluating.evaluate(targets, sources, values, listener, chosen, against=against)
    if keep is not None and isinstance(targets[0], Run):
        file = evaluations.keep(targets[0], keep, result.as_dict())
        click.echo(f"cxrtui: kept as {file}", err=True)
    print_evaluation(result, as_json, plots=measuring.plots)
