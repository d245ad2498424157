"""This module reads layouts with a table beside a folder of images: each has an entry here, and all have one reader.

Columns are named in lower case, several where releases differ: the first that exists is used.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cxrtui.data.films import Film, placed, printable
from cxrtui.data.sources.columns import noted
from cxrtui.data.sources.folders import is_mask_folder, loose, may_be_film, subfolders
from cxrtui.data.sources.layouts import words
from cxrtui.data.sources.layouts.once import Listed, Once
from cxrtui.data.sources.layouts.places import Files, columns, entry
from cxrtui.data.sources.layouts.recogniser import Recogniser
from cxrtui.data.sources.table import open_table
from cxrtui.errors import DataError

Row = Mapping[str, str]
SEX = ("sex", "gender", "patient sex", "patient gender", "patient_sex", "patient_gender")
AGE = ("age", "patient age", "patient_age", "age_years")


@dataclass(frozen=True)
class Table:
    """The description of how to read one published table."""

    name: str
    about: str
    files: tuple[str, ...]  # the table, beside the images
    needs: frozenset[str]  # columns that only this layout has together
    lacks: frozenset[str]  # columns that only similar tables have
    images: tuple[str, ...]  # folders of images; the table's own folder and those in it are searched too
    file: tuple[str, ...]
    label: tuple[str, ...] = ()
    always: str = ""  # the label, where all films have the same one
    blank: str = "a film without a finding"  # why a film whose finding is blank is left out
    patient: tuple[str, ...] = ("patientid", "patient_id")
    view: tuple[str, ...] = ("view", "projection")
    modality: tuple[str, ...] = ("modality",)
    offset: tuple[str, ...] = ("offset", "admission_offset")
    source: Callable[[Row], str] = lambda row: ""
    same_patient: Callable[[str], str] = str
    folders: tuple[tuple[str, str], ...] = ()  # the finding of files that are not listed, by their folder's name

    @property
    def facts(self) -> dict[str, tuple[str, ...]]:
        """Return the columns that are read, by fact."""
        return {"path": self.file, "label": self.label, "patient": self.patient, "view": self.view, "sex": SEX,
                "age": AGE, "modality": self.modality, "offset": self.offset, "source": ("url",)}  # fmt: skip

    def find(self, path: Path) -> Path | None:
        """Return the table at `path` (the file itself, or one in that folder), if it is this one."""
        file = path if path.is_file() else entry(path, *self.files)
        if file is None or not file.is_file() or file.name.casefold() not in self.files:
            return None
        there = columns(file)
        return file if self.needs <= there and not self.lacks & there else None

    def recogniser(self) -> Recogniser:
        """Return the entry of this table among the layouts."""
        return Recogniser(
            self.name, self.about, lambda path: self.find(path) is not None, partial(_read, self), ("COVID-19",), ("*",)
        )


TABLES = (
    Table(
        "actualmed", "Actualmed COVID chest X-rays: metadata.csv with imagename, images/", ("metadata.csv",),
        frozenset({"imagename", "finding"}), frozenset(), ("images",), ("imagename",), ("finding",),
        blank="a film with an inconclusive (blank) finding",
    ),
    Table(
        "ieee8023", "ieee8023/covid-chestxray-dataset: metadata.csv with filename and finding, images/",
        ("metadata.csv",), frozenset({"filename", "finding", "patientid"}), frozenset({"imagename"}), ("images",),
        ("filename",), ("finding",), source=lambda row: words.publisher(row.get("url", "")),
    ),
    Table(
        "covid-cxnet", "COVID-CXNet: metadata.csv with filename and label, chest_xray_images/", ("metadata.csv",),
        frozenset({"filename", "label", "patient_id"}), frozenset({"finding", "path"}),
        ("chest_xray_images", "images"), ("filename",), ("label",),
        source=lambda row: words.publisher(row.get("url", ""), within=True),
        # The author's repository: metadata.csv begins at film 260 of 900, and main.py and dataset_exporter.py read the
        # other two folders, whose films are not published with it.
        folders=(("covid19", "COVID-19"), ("normal", "Normal"), ("chexpert_pneumonia", "Pneumonia")),
    ),
    Table(
        "hannover", "Hannover COVID-19 image repository: data.csv with image_id, png/", ("data.csv", "metadata.csv"),
        frozenset({"image_id", "patient_id"}), frozenset({"finding", "label", "path", "filename"}), ("png", "images"),
        ("image_id",), always="COVID-19",
    ),
    Table(
        "figure1", "Figure1 COVID chest X-rays: metadata.csv with no column of files, images/", ("metadata.csv",),
        frozenset({"patientid", "finding"}), frozenset({"filename", "imagename", "path"}), ("images",), ("patientid",),
        ("finding",), same_patient=lambda name: name.rstrip("abcdefgh") if name[:1].isalpha() else name,
    ),
)  # fmt: skip


def first(row: Row, names: tuple[str, ...]) -> str:
    """Return the first non-empty cell of the columns `names`."""
    return next((cell for name in names if (cell := words.given(row.get(name, "")))), "")


def _read(table: Table, path: Path, tally: Counter[str]) -> Iterator[Film]:
    file = table.find(path)
    if file is None:
        wanted = " or ".join(table.files)
        raise DataError(
            f"{printable(path)} cannot be read as {table.name}: it has no {wanted} with the columns "
            f"{', '.join(sorted(table.needs))}; leave the layout's name away, or correct the path."
        )
    root = file.parent
    folders = _image_folders(root, table.images)
    images = Files(folders)
    listed = Once()
    mentioned: set[Path] = set()
    sheet = open_table(file)
    noted(sheet, tally, table.facts)
    for line, row in sheet:
        sheet.check_lines(line, row, (*table.file, *table.label, *table.patient))
        name, label = first(row, table.file), table.always or first(row, table.label)
        found = images.find(name) if name else None
        if found is not None:
            mentioned.add(found)
        if not name:
            tally["a row that names no file"] += 1
        elif words.is_ct(first(row, table.modality), first(row, table.view)):
            tally["CT, not an X-ray"] += 1
        elif found is None:
            tally["listed in the table, but no such file"] += 1
        elif not label:
            tally[table.blank] += 1
        else:
            film = Film(
                **placed(found, root), label=label, source=table.source(row),
                patient=table.same_patient(first(row, table.patient)), view=first(row, table.view),
                sex=first(row, SEX), age=first(row, AGE), offset=first(row, table.offset),
            )  # fmt: skip
            listed.add(film, Listed(sheet.shown, line, label, name), tally)
    known = dict(table.folders)
    for unlisted in sorted(set(images) - mentioned - {file}):
        by_folder = known.get(unlisted.parent.name.casefold(), "")
        if by_folder and may_be_film(unlisted):
            listed.films[unlisted] = Film(**placed(unlisted, root), label=by_folder)
        else:
            tally["a file that the table does not list"] += 1
    if root not in folders:
        loose(root, tally, "beside the folder of images")
    yield from listed


def column(table: Table, path: Path, wanted: Callable[[str], bool]) -> tuple[list[str], dict[str, str] | None]:
    """Return the headers of the table at `path`, and by the film's path the cells of the column that is `wanted`.

    Cells that mean that nothing is known are empty; None if there is no such column.

    Raises:
        DataError: the table cannot be read.
    """
    if (file := table.find(path)) is None:
        return [], None
    sheet = open_table(file)
    headers = [header for header in sheet.headers if header]
    header = next((header for header in headers if wanted(header)), None)
    if header is None:
        return headers, None
    images, found = Files(_image_folders(file.parent, table.images)), dict[str, str]()
    for _, row in sheet:
        if (name := first(row, table.file)) and (image := images.find(name)) is not None:
            found.setdefault(str(image), printable(words.given(row[header.casefold()])))
    return headers, found


def _image_folders(root: Path, named: tuple[str, ...]) -> list[Path]:
    """Return where images may be: the named folders and folders in them, else `root` and the folders directly in it."""
    folders = [folder for name in named if (folder := entry(root, name)) is not None and folder.is_dir()]
    if not folders:
        folders = [root]
    inner = [below for folder in folders for below in subfolders(folder) if not is_mask_folder(below.name)]
    return [*folders, *inner]
