"""This section says which films the run has, of which classes and patients, and where they come from."""

from __future__ import annotations

from collections import Counter

from cxrtui.evaluation.report.blocks import Block, Facts, Items, Section, Table, Text
from cxrtui.evaluation.report.material import Material, name_of

_SOURCES = 25  # rows of the table at most
_SPLITS = ("train", "validation", "test")
_UNREADABLE = 20  # files that are named


def section(material: Material) -> Section:
    """Return films by split, class and source, and what was left out."""
    found = material.state.data
    if found is None:
        return Section("data", "Films", [Text("The run has no films yet.", "lacking")])
    blocks: list[Block] = [Facts([
        ("source", " + ".join(name_of(part) for part in found.source.split(" + "))),
        ("positive", found.labels[1] if len(found.labels) == 2 else "not recorded"),
        ("negative", found.labels[0] if len(found.labels) == 2 else "not recorded"),
    ])]  # fmt: skip
    labels = [*found.labels[::-1]] or sorted({label for counts in found.counts.values() for label in counts})
    rows = [
        (split, *(f"{counts.get(label, 0):,}" for label in labels), f"{sum(counts.values()):,}",
         f"{found.patients[split]:,}" if split in found.patients else "–")
        for split, counts in found.counts.items()
    ]  # fmt: skip
    blocks.append(Table("Films and patients by split", ("split", *labels, "films", "patients"), rows))
    blocks += _sources(material)
    if material.synthetic:
        blocks.append(Text(f"{material.synthetic} of the films of the training are synthetic (phantoms).", "caution"))
    if found.left_out:
        rows = [(reason, f"{count:,}") for reason, count in found.left_out.items()]
        blocks.append(Table("Films that were left out", ("reason", "films"), rows))
    if found.unreadable:
        named = [f"{name_of(item[0])}: {material.private(item[1])}" for item in found.unreadable[:_UNREADABLE]
                 if len(item) == 2]  # fmt: skip
        blocks += [Text(f"{len(found.unreadable)} files could not be read:"), Items(named)]
    return Section("data", "Films", blocks)


def _sources(material: Material) -> list[Block]:
    """Return films by source, where more than one is known."""
    totals = Counter[str]()
    for (source, _, _), count in material.sources.items():
        totals[source] += count
    if len(totals) < 2:
        return []
    labels = sorted({label for _, _, label in material.sources})
    if not set(labels) <= set(material.state.labels):  # findings, of which a class may hold many
        labels = []
    rows = []
    for source, total in totals.most_common(_SOURCES):
        by_label = [sum(count for (name, _, held), count in material.sources.items() if (name, held) == (source, label))
                    for label in labels]  # fmt: skip
        by_split = [sum(count for (name, part, _), count in material.sources.items() if (name, part) == (source, split))
                    for split in _SPLITS]  # fmt: skip
        rows.append((source or "not known", *(f"{count:,}" for count in (*by_label, *by_split, total))))
    rest = len(totals) - len(rows)
    note = f"{rest} more sources have fewer films." if rest > 0 else ""
    return [Table("Films by source", ("source", *labels, *_SPLITS, "films"), rows, note)]
