"""Recall, precision, time and memory of the search for duplicates, beside ImageHash on the same films.

    python benchmarks/duplicates.py PATH… [--copies 100] [--seed 0] [--only EVEN|ODD] [--sheet FILE.png]
    python benchmarks/duplicates.py --phantoms N [--inspect] [--films FOLDER]

Of the films at each PATH (a layout's name may stand before it), `--copies` are drawn, and a copy of each is made by
every edit of `edited_copies.py`, as a file. All films and copies are then searched together; of identical files only
the first counts. A pair is right if both show one film: the original and a copy, or two copies of it. Pairs of two
films of the folder are listed: they may be real duplicates, or wrong; ``--sheet`` draws them, with their similarity,
for the eye. ``--only`` takes every other film alone, so that thresholds can be chosen on one half and be measured on
the other. ``--phantoms N`` searches N synthetic films instead, for time and memory, and with ``--inspect`` runs
`cxrtui data inspect` on them in a new process too. They are made in the folder ``--films``, and those that are there
are used again, of more films the first N.

The peer, ImageHash's pHash of 64 bits, is what imagededup and other programs use; two films are a pair if at most 10
bits differ, imagededup's default. All distances are computed in NumPy.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path

import numpy as np
from edited_copies import KINDS, edited
from PIL import Image, ImageDraw

from cxrtui.data.duplicates.relations import related
from cxrtui.data.films import Film
from cxrtui.data.phantoms import generate
from cxrtui.data.sources.collect import read_sources
from cxrtui.files import sha256

BITS = 10
EDGE, PAIRS_IN_ROW = 128, 6
Pair = tuple[int, int]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="*")
    parser.add_argument("--copies", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=("EVEN", "ODD"))
    parser.add_argument("--sheet", type=Path)
    parser.add_argument("--phantoms", type=int, default=0)
    parser.add_argument("--inspect", action="store_true")
    parser.add_argument("--films", default="", help="a folder for phantoms, a temporary one by default")
    parser.add_argument("--cache", default="", help="a cache folder to use again; an empty one by default")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["CXRTUI_CACHE_DIR"] = chosen.cache or f"{folder}/cache"
        if chosen.phantoms:
            place = Path(chosen.films or f"{folder}/films")
            if not (place / "manifest.csv").is_file():
                generate(place, count=chosen.phantoms, seed=0, size=128)
                print(f"{chosen.phantoms} phantoms made; {_used()}", flush=True)
            _searched(list(read_sources(str(place)).films)[: chosen.phantoms])
            if chosen.inspect:
                _inspected(str(place))
            return
        films = list(read_sources(chosen.paths).films)
        if chosen.only:
            films = films[chosen.only == "ODD" :: 2]
        films = list({sha256(film.path): film for film in reversed(films)}.values())[::-1]
        _measure(films, Path(folder), chosen.copies, chosen.seed, chosen.sheet)


def _measure(films: list[Film], folder: Path, count: int, seed: int, sheet: Path | None) -> None:
    random = np.random.default_rng(seed)
    drawn = sorted(int(place) for place in random.choice(len(films), min(count, len(films)), replace=False))
    shows = list(range(len(films)))
    kinds = [""] * len(films)
    everything = list(films)
    for place in drawn:
        original = Image.open(films[place].path).convert("L")
        for kind in KINDS:
            path = folder / f"{place}-{KINDS.index(kind)}.jpg"
            edited(original, kind, random).save(path, "JPEG", quality=90)
            everything.append(Film(path=path, name=path.name, label=films[place].label))
            shows.append(place)
            kinds.append(kind)
    print(f"{len(films)} films, {len(everything) - len(films)} copies of {len(drawn)} of them")
    found = _searched(everything)
    _score("cxrtui", found, films, shows, kinds)
    hashed = _hashed(everything)
    _score("pHash", hashed, films, shows, kinds)
    if sheet:
        _draw([(one, other, found[one, other]) for one, other in sorted(found) if other < len(films)], films, sheet)


def _searched(films: list[Film]) -> dict[Pair, float]:
    began = time.perf_counter()
    digests = [sha256(film.path) for film in films]
    phases = Counter[str]()
    last = time.perf_counter()
    phases["hashing"] = last - began

    def on_progress(phase: str, done: int, total: int) -> None:
        nonlocal last
        now = time.perf_counter()
        phases[phase] += now - last
        last = now

    found = related(films, digests, on_progress, near=True)
    seconds = time.perf_counter() - began
    said = ", ".join(f"{phase} {value:.1f} s" for phase, value in phases.items())
    print(f"cxrtui: {len(films)} films in {seconds:.1f} s ({said}), {len(found)} pairs; {_used()}")
    began = time.perf_counter()
    again = related(films, digests, lambda *said: None, near=True)
    print(f"cxrtui again: {time.perf_counter() - began:.2f} s, the same pairs: {again == found}", flush=True)
    return {(item.first, item.second): item.similarity for item in found}


def _used() -> str:
    mine, decoders = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    computing = sum(usage.ru_utime + usage.ru_stime for usage in (mine, decoders))
    return (f"{computing:.0f} s of computing so far; peak memory {mine.ru_maxrss / 1024:.0f} MiB, of the largest "
            f"decoding process {decoders.ru_maxrss / 1024:.0f} MiB")  # fmt: skip


def _inspected(folder: str) -> None:
    for which in ("inspect", "inspect again"):
        began = time.perf_counter()
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        command = [sys.executable, "-m", "cxrtui", "data", "inspect", folder, "--json"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        computing = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        print(f"{which}: {time.perf_counter() - began:.1f} s, {computing:.0f} s of computing, peak memory of its "
              f"largest process {after.ru_maxrss / 1024:.0f} MiB", flush=True)  # fmt: skip


def _hashed(films: list[Film]) -> dict[Pair, float]:
    try:
        import imagehash
    except ImportError:
        sys.exit("the peer is not installed: pip install imagehash")
    began = time.perf_counter()
    hashes = np.stack([imagehash.phash(Image.open(film.path)).hash.ravel() for film in films])
    words = np.packbits(hashes, axis=1)
    found = {}
    for place, word in enumerate(words):
        distances = np.bitwise_count(words[place + 1 :] ^ word).sum(1)
        for other in np.flatnonzero(distances <= BITS):
            found[place, place + 1 + int(other)] = 1 - float(distances[other]) / 64
    print(f"pHash: {len(films)} films in {time.perf_counter() - began:.1f} s, {len(found)} pairs")
    return found


def _score(
    name: str, found: Mapping[Pair, float], films: list[Film], shows: list[int], kinds: list[str]
) -> None:  # fmt: skip
    """Print recall for each kind of copy, and the pairs of different films."""
    right, wrong, own = 0, [], []
    direct = set()
    for one, other in found:
        if shows[one] == shows[other]:
            right += 1
            direct.add((one, other))
        elif kinds[one] or kinds[other]:
            wrong.append((one, other))
        else:
            own.append((one, other))
    held = Counter(kinds)
    hit = Counter(kinds[other] for one, other in direct if not kinds[one])
    print(f"{name}: copies found with their original: " + ", ".join(
        f"{kind} {hit[kind]}/{held[kind]}" for kind in KINDS if held[kind]))  # fmt: skip
    total, all_hit = sum(held[kind] for kind in KINDS), sum(hit[kind] for kind in KINDS)
    known = {tuple(sorted((shows[one], shows[other]))) for one, other in own}
    wrong = [pair for pair in wrong if tuple(sorted((shows[pair[0]], shows[pair[1]]))) not in known]
    print(f"{name}: recall {all_hit}/{total} = {all_hit / max(1, total):.4f}; {right} right pairs, "
          f"{len(wrong)} pairs of a copy and another film, {len(own)} pairs of two films")  # fmt: skip
    patients: dict[str, list[int]] = {}
    for place, film in enumerate(films):
        if film.patient_known:
            patients.setdefault(film.patient, []).append(place)
    same = {pair for places in patients.values() for pair in combinations(places, 2)}
    print(f"{name}: of {len(same)} pairs of two films of one patient, {len(same.intersection(own))} are found")
    if name == "cxrtui":
        for one, other in sorted(own):
            print(f"  {found[one, other]:.3f} {films[one].name} {films[other].name}")
        for one, other in sorted(wrong):
            print(f"  copy: {found[one, other]:.3f} {films[shows[one]].name} {films[shows[other]].name} "
                  f"{kinds[one]} {kinds[other]}")  # fmt: skip


def _draw(pairs: list[tuple[int, int, float]], films: list[Film], file: Path) -> None:
    """Write the films of each pair side by side, with its number and its similarity."""
    width, height = 2 * EDGE + 8, EDGE + 14
    rows = -(-len(pairs) // PAIRS_IN_ROW)
    sheet = Image.new("L", (PAIRS_IN_ROW * width, rows * height))
    draw = ImageDraw.Draw(sheet)
    for number, (one, other, similarity) in enumerate(pairs):
        left, top = number % PAIRS_IN_ROW * width, number // PAIRS_IN_ROW * height
        for side, place in enumerate((one, other)):
            image = Image.open(films[place].path).convert("L").resize((EDGE, EDGE), Image.Resampling.BOX)
            sheet.paste(image, (left + side * EDGE, top + 12))
        draw.text((left, top), f"{number}  {similarity:.3f}", fill=255)
    sheet.save(file)


if __name__ == "__main__":
    main()
