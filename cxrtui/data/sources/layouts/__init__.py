"""This package lists the layouts that cxrtui recognises, one entry each, the specific before the general.

To add one, write ``recognises(path) -> bool`` (cheap, it never raises) and ``read(path, tally) -> films``, and add a
line to `SPECIFIC`; a table beside a folder of images needs only an entry in `tables.TABLES`.
"""

from pathlib import Path

from cxrtui.data.sources import folders, manifest
from cxrtui.data.sources.layouts import (
    bimcv,
    chexpert,
    covidx,
    nih,
    qata,
    qu_ex,
    radiography,
    ricord,
    rsna,
    tables,
    vindr,
)
from cxrtui.data.sources.layouts.places import columns
from cxrtui.data.sources.layouts.recogniser import Recogniser

_COVID, _OTHERS = ("COVID-19", "COVID"), ("*",)

SPECIFIC = (
    *(table.recogniser() for table in tables.TABLES),
    Recogniser("covidx", "COVIDx: train.txt and test.txt beside train/ and test/", covidx.recognises, covidx.read,
               ("COVID-19", "COVID", "positive"), _OTHERS),
    Recogniser("radiography", "COVID-19 Radiography Database: COVID/, Normal/, … with images/, <class>.metadata.xlsx",
               radiography.recognises, radiography.read, _COVID, _OTHERS),
    Recogniser("bimcv", "BIMCV-COVID19: sub-*/ses-*/mod-rx/ with participants.tsv and a TSV of labels",
               bimcv.recognises, bimcv.read, ("COVID 19",), (bimcv.NEGATIVE,), bimcv.QUESTION),
    Recogniser("rsna", "RSNA pneumonia challenge: a CSV of patientId with Target or class, and DICOM images",
               rsna.recognises, rsna.read, question=rsna.QUESTION),
    Recogniser("nih", "NIH ChestX-ray14: Data_Entry_2017.csv, images/ or images_001/images/ …, the official lists",
               nih.recognises, nih.read, question=nih.QUESTION),
    Recogniser("chexpert", "CheXpert: train.csv and valid.csv of Path, Frontal/Lateral, AP/PA and findings of 1, 0, -1",
               chexpert.recognises, chexpert.read, question=chexpert.QUESTION),
    Recogniser("vindr", "VinDr-CXR: CSVs of image_id, with class_name or a column for each finding, and train/, test/",
               vindr.recognises, vindr.read, question=vindr.QUESTION),
    Recogniser("ricord", "MIDRC-RICORD-1c: MIDRC-RICORD-1C-*/ of DICOM, all COVID-19", ricord.recognises, ricord.read,
               _COVID, _OTHERS),
    Recogniser("covid-qu-ex", "COVID-QU-Ex: {Train,Val,Test}/<class>/images with masks beside", qu_ex.recognises,
               qu_ex.read, _COVID, _OTHERS),
    Recogniser("qata", "QaTa-COV19: {Train,Test} Set/Images or Images with ground truths beside, control groups",
               qata.recognises, qata.read, _COVID, _OTHERS),
)  # fmt: skip


def _is_manifest(path: Path) -> bool:
    return manifest.recognises(path) and (path.is_dir() or columns(path) >= {"path", "label"})


MANIFEST = Recogniser("manifest", "a CSV file with path and label, or a folder with manifest.csv", _is_manifest,
                      manifest.read)  # fmt: skip
RECOGNISERS = (
    MANIFEST,
    *SPECIFIC,
    Recogniser("split-folders", "train/, val/, test/ above class folders", folders.is_split, folders.read_split),
    Recogniser("class-folders", "one folder for each class", folders.is_classes, folders.read_classes),
)  # fmt: skip

NAMES = tuple(item.name for item in RECOGNISERS)

__all__ = ["MANIFEST", "NAMES", "RECOGNISERS", "SPECIFIC", "Recogniser"]
