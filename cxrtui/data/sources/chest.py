"""This module decides by the tags whether a film shows a chest, and in which view, and names the tag that decides."""

from __future__ import annotations

import re

from cxrtui.data.images.dicom.description import DicomHeader
from cxrtui.data.sources.layouts.words import LATERAL, OBLIQUE

_FILMS = ("CR", "DX", "DR", "RG")  # DR and RG left the standard (PS3.3 section C.7.3.1.1.1) and still occur
_CLASSES = "1.2.840.10008.5.1.4.1.1."
_FILM_CLASSES = ("1", "1.1", "1.1.1")  # computed and digital radiography
_SECONDARY = ("7", "7.1", "7.2", "7.3", "7.4")
_CHEST = re.compile(r"CHEST|THORA|TORAX|LUNG|PULM")
_LATERAL = re.compile(r"(LL|RL|LAT|LATERAL|LEFT LATERAL|RIGHT LATERAL|LATERO.*|.*\bLAT(ERAL)?)")
_OBLIQUE = ("RLO", "LLO", "RAO", "LAO", "RPO", "LPO", "OBLIQUE")


def why_not_chest_film(header: DicomHeader) -> str:
    """Return why the object is not a film of a chest, with the tag that says so; empty if no tag does.

    Absent tags are ignored. A secondary capture counts as a film where its modality is that of a film.
    """
    kind = header.sop_class.removeprefix(_CLASSES)
    if kind in _SECONDARY and header.modality not in _FILMS:
        return f"a secondary capture that is no film (Modality (0008,0060) is {header.modality or 'empty'})"
    if header.modality and header.modality not in _FILMS:
        return f"not a film (Modality (0008,0060) is {header.modality})"
    if header.sop_class and kind not in (*_FILM_CLASSES, *_SECONDARY):
        return f"not a film (SOP Class UID (0008,0016) is {header.sop_name or header.sop_class})"
    if header.body_part and not _CHEST.search(header.body_part):
        return f"not a chest (Body Part Examined (0018,0015) is {header.body_part})"
    if header.frames > 1:
        return f"{header.frames} frames (Number of Frames (0028,0008)); a film has one"
    return ""


def other_view(header: DicomHeader) -> tuple[str, str]:
    """Return a non-frontal view, in the words of `layouts.words`, and the tag that names it; else two empty strings."""
    view = header.view.upper()
    if _LATERAL.fullmatch(view):
        return LATERAL, f"a lateral view (View Position (0018,5101) or description: {header.view})"
    if view in _OBLIQUE:
        return OBLIQUE, f"an oblique view (View Position (0018,5101) is {header.view})"
    return "", ""
