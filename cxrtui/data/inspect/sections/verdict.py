"""This section says in words what a classifier could cheat with, how far it would get, and what to do."""

from __future__ import annotations

from cxrtui.data.inspect.section import Conclusion, Look, Section


def section(look: Look) -> Section:
    """Return the verdict on confounders; a note where there is none."""
    if look.confounders is None:
        return Section(
            "verdict", "verdict", notes=["the classes are not clear, so nothing is said of what gives them away"]
        )
    verdict = look.confounders.verdict
    if verdict.ok is None:
        return Section("verdict", "verdict", notes=[verdict.text, *verdict.advice])
    return Section("verdict", "verdict", notes=list(verdict.advice), conclusion=Conclusion(verdict.ok, verdict.text))
