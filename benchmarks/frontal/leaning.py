"""What is said of frontal films that lean, and of images that are none.

    python benchmarks/frontal/leaning.py --films FOLDER --films FOLDER … --others FOLDER …

draws 25 films of each folder, turns them, and counts the reasons for which they are refused; of the others all are
looked at as they are.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from cxrtui.data.frontal.recognise import recognise

ENDINGS = {".png", ".jpg", ".jpeg"}


def images(folder: Path) -> list[Path]:
    return sorted(file for file in folder.rglob("*") if file.suffix.lower() in ENDINGS and "mask" not in file.name)


def verdict(image: Image.Image) -> str:
    view = recognise(image)
    reason = "it leans" if view.refused.startswith("it leans") else view.refused
    return reason or view.righting.wrong or "taken as it is"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--films", type=Path, action="append", default=[], help="a folder of frontal films")
    parser.add_argument("--others", type=Path, action="append", default=[], help="a folder of other images")
    options = parser.parse_args()
    drawn = random.Random(0)
    found = map(images, options.films)
    films = [file for files in found for file in drawn.sample(files, min(25, len(files)))]
    for angle in (0, 5, 10, 15, 20, 30):
        counts: Counter[str] = Counter()
        for file in films:
            image = Image.open(file).convert("L")
            turns = {angle, -angle}
            counts.update(verdict(image.rotate(turn, Image.Resampling.BILINEAR)) for turn in turns)
        print(f"{angle}°: {sum(counts.values())} films: {dict(counts.most_common())}", flush=True)
    others = Counter(verdict(Image.open(file).convert("L")) for folder in options.others for file in images(folder))
    print(f"others: {sum(others.values())} images: {dict(others.most_common())}")


if __name__ == "__main__":
    main()
