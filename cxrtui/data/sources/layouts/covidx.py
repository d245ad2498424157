"""COVIDx: ``train.txt`` and ``test.txt`` of lines `patient filename label [source]`, beside ``train/`` and ``test/``.

Lines are read from the right, because patients' names may contain spaces, and some lines have no source.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from cxrtui.data.films import Film, placed, printable
from cxrtui.data.findings import canonical, findings, no_patient
from cxrtui.data.sources.folders import SPLITS, may_be_film
from cxrtui.data.sources.layouts.once import Listed, Once
from cxrtui.data.sources.layouts.places import Files, entry
from cxrtui.data.sources.table import text
from cxrtui.errors import DataError
from cxrtui.files import open_file, read_bytes

_LABELS = frozenset(map(canonical, ("normal", "pneumonia", "COVID-19", "positive", "negative", "opacity")))
_MISSPELT = {"rnsa": "rsna"}
_SPLITS = ("train", "val", "valid", "test")


def recognises(path: Path) -> bool:
    """Whether `path` is such a list, or holds one."""
    return bool(_lists(path))


def _lists(path: Path) -> list[tuple[str, Path]]:
    """Return the lists at `path`, each with the split that its name begins with."""
    try:
        files = [path] if path.is_file() else sorted(path.glob("*.[tT][xX][tT]"))
    except OSError:
        return []
    found = []
    for file in files:
        split = next((split for split in _SPLITS if file.name.casefold().startswith(split)), None)
        if split and file.suffix.casefold() == ".txt" and _starts_well(file):
            found.append((SPLITS[split], file))
    return found


def _starts_well(file: Path) -> bool:
    try:
        with open_file(file) as stream:
            head = text(stream.read(4096)).splitlines()
    except OSError:
        return False
    lines = [line for line in head[:-1] or head if line.strip()]
    return bool(lines) and all(parse(line) for line in lines[:3])


def parse(line: str) -> tuple[list[str], str, str] | None:
    """Return the words before the label (patient, then file), the label and the source; None for another form."""
    parts = line.split()
    for after in (0, 1):  # a source may follow the label
        place = len(parts) - 1 - after
        if place >= 2 and _is_label(parts[place]) and "." in parts[place - 1]:
            source = parts[-1].casefold() if after else ""
            return parts[:place], parts[place], _MISSPELT.get(source, source)
    return None


def _is_label(word: str) -> bool:
    """Whether a word is one of the labels, several of them together, or a word for a missing finding."""
    return all(canonical(item) in _LABELS for item in findings(word))


def read(path: Path, tally: Counter[str]) -> Iterator[Film]:
    """Yield the films that the lists name."""
    lists = _lists(path)
    if not lists:
        raise DataError(f"{printable(path)} cannot be read as covidx: it has no train.txt or test.txt of its form.")
    root = path.parent if path.is_file() else path
    seen = Once()
    beside: dict[Path, None] = {}
    for split, file in lists:
        folders = [
            entry(root, name) for name in (split, *_SPLITS, "data", "images") if SPLITS.get(name, split) == split
        ]
        images = Files([*[folder for folder in folders if folder is not None], root])
        beside.update(dict.fromkeys(images))
        for number, line in enumerate(text(read_bytes(file)).splitlines(), start=1):
            if not line.strip():
                continue
            parsed = parse(line)
            if parsed is None:
                tally["a line that is not `patient file label [source]`"] += 1
                continue
            before, label, source = parsed
            for start in range(len(before) - 1, 0, -1):  # file names may also contain spaces
                found = images.find(" ".join(before[start:]))
                if found is not None:
                    break
            if found is None:
                tally["listed in the table, but no such file"] += 1
            else:
                patient = " ".join(before[:start])
                if no_patient(patient) and patient.strip("0"):  # 0 is a patient where patients are numbered
                    patient = ""
                film = Film(**placed(found, root), label=label, split=split, source=source,
                            patient=f"{source}:{patient}" if source and patient else patient)  # fmt: skip
                seen.add(film, Listed(printable(file), number, label, " ".join(before[start:])), tally)
    yield from seen
    if unlisted := sum(file not in seen and may_be_film(file) for file in beside):
        tally["a file that the lists do not name"] += unlisted
