"""This section says how the films were divided into training, validation and test, and what leaks."""

from __future__ import annotations

from cxrtui.evaluation.report.blocks import Block, Items, Section, Text
from cxrtui.evaluation.report.material import Material, name_of
from cxrtui.runs.events import PATIENTS_UNKNOWN, SPLIT_LEAKS

_OF_A_SPLIT = (SPLIT_LEAKS, PATIENTS_UNKNOWN, "patients-divided", "splits-absent", "conflicts-dropped",
               "copies-in-both-classes", "films-moved")  # fmt: skip


def section(material: Material) -> Section:
    """Return the rule of the split, its leaks, and other warnings about it."""
    if material.state.data is None:
        return Section("split", "Split", [Text("The films are not divided yet.", "lacking")])
    blocks: list[Block] = []
    config = material.config
    if config is not None and config.data.splits:
        blocks.append(Text(f"The split is the user's own, from {name_of(config.data.splits)}."))
    elif config is not None:
        blocks.append(Text(
            f"The films are divided by patient and class with seed {config.run.seed}: "
            f"{100 * config.data.validation:g} % for validation and {100 * config.data.test:g} % for test. A split "
            "that the source has itself is kept."
        ))  # fmt: skip
    if material.leaks:
        blocks.append(Text(material.leaks, "caution"))
    else:
        blocks.append(Text("No patient and no copy of a film that is known as such is in two splits."))
    said = dict.fromkeys(
        material.private(item.message) for item in material.state.warnings
        if item.code in _OF_A_SPLIT and item.code != SPLIT_LEAKS
    )  # fmt: skip
    if said:
        blocks.append(Items(list(said)))
    return Section("split", "Split", blocks)
