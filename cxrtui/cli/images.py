"""The commands ``classify`` and ``evaluate``."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from cxrtui.cli.group import Context, cli, data_settings, pass_context
from cxrtui.errors import UsageError
from cxrtui.runs.folder import Run
from cxrtui.runs.listing import find_run


def _find_model(context: Context, name: str) -> Run | Path:
    """Return the run, or else the folder on the shelf, that has that name or path.

    Raises:
        UsageError: there is neither.
    """
    from cxrtui.weights import shelf

    try:
        return find_run(context.workspace.checkpoints, name)
    except UsageError as error:
        if folder := shelf.find(name, context.workspace.models):
            return folder
        here = ", ".join(item.name for item in shelf.classifiers(context.workspace.models)) or "none yet"
        raise UsageError(f"{str(error).rstrip('.')}; classifiers on the shelf: {here}.") from None


@cli.command()
@click.argument("model")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--json", "form", flag_value="json", help="Print one JSON object a line, one for each file.")
@click.option("--csv", "form", flag_value="csv", help="Print one CSV row for each file.")
@click.option("--step", type=int, help="Use a run's checkpoint of this step instead of the best one.")
@pass_context
def classify(context: Context, model: str, files: tuple[Path, ...], form: str | None, step: int | None) -> None:
    """Classify image files with MODEL, a run or a classifier on the shelf. Exit 3 if a file could not be read.

    \b
    Examples:
      cxrtui classify 20260101-120000 film.png other.jpg
      cxrtui classify 20260101-120000 films/*.png --json
    """
    from cxrtui.console.images import print_classified
    from cxrtui.evaluation import classify as classifying

    classifier = classifying.load(_find_model(context, model), step)
    if classifier.model.note:
        click.echo(f"cxrtui: {classifier.model.note}", err=True)
    sys.exit(3 if print_classified(classifier.classify(files), form or "text") else 0)


@cli.command()
@click.argument("model")
@click.option(
    "--data",
    "sources",
    required=True,
    multiple=True,
    metavar="[LAYOUT:]PATH",
    help="Labelled films, as for train; repeat the option to join several sources.",
)
@click.option("--set", "assignments", multiple=True, metavar="DATA.KEY=VALUE", help="The classes of these films.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--step", type=int, help="Use a run's checkpoint of this step instead of the best one.")
@pass_context
def evaluate(
    context: Context, model: str, sources: tuple[str, ...], assignments: tuple[str, ...], as_json: bool,
    step: int | None,
) -> None:  # fmt: skip
    """Evaluate MODEL, a run or a classifier on the shelf, on labelled films that it was not trained on.

    \b
    Examples:
      cxrtui evaluate 20260101-120000 --data other_hospital/ --set data.positive=COVID-19 --set data.negative=Normal
      cxrtui evaluate 20260101-120000 --data hannover/ --data rsna/ --set data.positive=COVID-19 --set 'data.negative=*'
    """
    from cxrtui.console import progress
    from cxrtui.console.images import print_evaluation
    from cxrtui.evaluation import evaluate as evaluating

    target = _find_model(context, model)
    values = data_settings(assignments, "evaluate")
    with progress.shown() as on_progress:
        result = evaluating.evaluate(target, sources, values, progress.listener(on_progress), step)
    print_evaluation(result, as_json)
