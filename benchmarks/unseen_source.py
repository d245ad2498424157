"""A run of darkcovidnet judged on the films of ieee8023 that it has not seen, against the figure to beat.

    python benchmarks/unseen_source.py RUN IEEE8023_FOLDER [--workspace DIR]

COVID-19 against every other finding. The COVID-19 films of darkcovidnet come from ieee8023 under the same names; every
patient with a film in the run's training or validation part is left out, all of that patient's films. The baseline is a
plain PyTorch ResNet-50 from random weights (224 pixels, AdamW, one-cycle 1e-3, 25 epochs) trained on the same
collection, whose AUROC on the films it had not seen was 0.61.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from pathlib import Path

from cxrtui.evaluation.evaluate import evaluate
from cxrtui.runs.describe import metrics_text
from cxrtui.runs.folder import Run
from cxrtui.runs.listing import find_run

BASELINE = 0.61


def seen_names(run: Run) -> set[str]:
    """Names without folder and ending of the films that the run trained on or was tuned by."""
    with run.splits_file.open(newline="", encoding="utf-8") as file:
        return {Path(row["path"]).stem for row in csv.DictReader(file) if row["part"] in ("train", "validation")}


def write_manifest(folder: Path, seen: set[str], target: Path) -> tuple[int, int]:
    """A manifest of the unseen films that exist; how many it holds, and how many were left out as seen."""
    with (folder / "metadata.csv").open(newline="", encoding="utf-8-sig") as file:
        listed = [row for row in csv.DictReader(file) if (folder / row["folder"] / row["filename"]).is_file()]
    rows = list({row["filename"]: row for row in listed}.values())  # four films are listed twice
    known = {row["patientid"] for row in rows if Path(row["filename"]).stem in seen}
    unseen = [row for row in rows if row["patientid"] not in known]
    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "label", "patient"])
        for row in unseen:
            path = (folder / row["folder"] / row["filename"]).absolute()
            label = "COVID-19" if "COVID-19" in row["finding"] else "other finding"
            writer.writerow([path, label, row["patientid"]])
    return len(unseen), len(rows) - len(unseen)


def main() -> None:
    """Print the verdict, its counts, and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--workspace", type=Path, default=Path())
    arguments = parser.parse_args()
    run = find_run(arguments.workspace / "checkpoints", arguments.run)
    with tempfile.TemporaryDirectory() as folder:
        manifest = Path(folder) / "unseen.csv"
        kept, left_out = write_manifest(arguments.folder, seen_names(run), manifest)
        classes = {"data.positive": "COVID-19", "data.negative": "other finding", "data.max_bad": 0.05}
        result = evaluate(run, str(manifest), classes, lambda event: None)
    counts = result.counts
    print(f"{kept} films unseen, {left_out} left out, of patients that {run.name} had seen")
    print(f"{counts['positive']} COVID-19, {counts['negative']} other; {result.data.patients['all']} patients")
    print(metrics_text(result.metrics))
    print(f"sensitivity {counts['tp']}/{counts['positive']}, specificity {counts['tn']}/{counts['negative']}")
    print(f"AUROC {result.metrics['auroc']:.3f} against {BASELINE}: ratio {result.metrics['auroc'] / BASELINE:.2f}")


if __name__ == "__main__":
    main()
