"""This section says in words what the numbers of the report cannot say."""

from __future__ import annotations

from cxrtui.evaluation.report.blocks import Items, Section
from cxrtui.evaluation.report.material import Material
from cxrtui.runs.events import PATIENTS_UNKNOWN

_FEW = 100  # patients of a test, below which intervals are wide whatever the network


def section(material: Material) -> Section:
    """Return the limits that follow from what is known of the run, and those of every run."""
    return Section("limits", "Limits", [Items(list(_limits(material)))])


def _limits(material: Material) -> list[str]:
    state, said = material.state, []
    if material.leaks:
        said.append("Films that judge it leaked into its training, so that no number here is a result on unseen films.")
    if material.synthetic:
        said.append("Synthetic films say nothing about real ones.")
    if state.warned(PATIENTS_UNKNOWN):
        said.append("Patients of some films are not known, so that films of one patient may be in two splits, and "
                    "intervals may be too narrow.")  # fmt: skip
    if not material.ended:
        said.append("The run has not finished; its numbers are those of the moment.")
    external = [item for item in material.evaluations if item.external]
    if not external:
        said.append("It was not evaluated here on films of another source. Results on films of the same collection say "
                    "little about films from elsewhere, where such classifiers often fall to the level of "
                    "chance.")  # fmt: skip
    test = material.named("test")
    patients = (test.body.get("estimates", {}).get("accuracy") or {}).get("patients") if test is not None else None
    if isinstance(patients, int) and 0 < patients < _FEW:
        said.append(f"The test has {patients} patients; its intervals say how little that is.")
    if not material.inspection:
        said.append("It was not looked at here whether features outside the lungs give the class away.")
    said += [
        "Intervals are of 95 % and say how far chance in the choice of patients reaches, and nothing of films of "
        "another kind, of wrong labels, or of the choice among several runs.",
        "Calibrated probabilities hold for films like those of the validation, at their share of positives.",
        "The labels are those of the collection, and nobody has checked them here.",
        "This is software for research. It is no medical device, and no decision about a person may rest on it.",
    ]  # fmt: skip
    return said
