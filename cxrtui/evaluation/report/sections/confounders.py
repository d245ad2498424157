"""This section says what a classifier could cheat with on these films, if somebody has looked."""

from __future__ import annotations

from cxrtui.evaluation.report.blocks import Block, Section, Table, Text
from cxrtui.evaluation.report.material import Material
from cxrtui.evaluation.wording import estimate

_TITLE = "What it could cheat with"


def section(material: Material) -> Section:
    """Return the verdict on confounders, and how well each kind predicts the class."""
    found = material.inspection
    if not found:
        return Section("confounders", _TITLE, [Text(
            "No verdict on confounders belongs to this report: what is not the lung may predict the class too. "
            "cxrtui data inspect PATH --json measures it, and the report takes its answer with --inspection FILE.",
            "lacking",
        )])  # fmt: skip
    flagged = any(item.get("flagged") for item in found["confounders"])
    blocks: list[Block] = [Text(material.private(found["verdict"]), "caution" if flagged else "plain")]
    rows = [
        (item["name"], item.get("about", ""), estimate("auroc", item["auroc"]),
         estimate("auroc", item.get("within_source")), estimate("auroc", item.get("as_seen")),
         "yes" if item["flagged"] else "no")
        for item in found["confounders"]
    ]  # fmt: skip
    if rows:
        blocks.append(Table(
            "AUROC of the class by what is not the lung, with 95 % intervals",
            ("kind", "what it is", "on the files", "within sources", "as the network sees it", "alarm"), rows,
        ))  # fmt: skip
    return Section("confounders", _TITLE, blocks)
