"""This module collects the films of published tables, each once, even if several lines list it in several spellings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from cxrtui.data.films import Film, printable
from cxrtui.data.findings import missing, no_patient, same_findings
from cxrtui.errors import DataError


@dataclass(frozen=True)
class Listed:
    """The facts that a line gives for a film; `spelled` is the film's name in that line, where it may vary."""

    table: str
    line: int
    label: str
    spelled: str = ""

    def check_again(self, again: Listed, film: Path) -> None:
        """Check that another line gives the same findings for `film`, or that one of the two gives none.

        Raises:
            DataError: it gives other findings.
        """
        if missing(self.label) or missing(again.label) or same_findings(self.label, again.label):
            return
        one_table = again.table == self.table
        where = f"line {again.line}" if one_table else f"line {again.line} of {again.table}"
        spelled = f" (there as {printable(again.spelled)})" if again.spelled != self.spelled else ""
        raise DataError(
            f"{self.table} says two things of {printable(film.name)}: {printable(self.label)} in line {self.line} and "
            f"{printable(again.label)} in {where}{spelled}; correct one of the lines"
            f"{'' if one_table else ', or take one of the tables away'}."
        )


@dataclass
class Once:
    """Films by their files, with the facts from the first line that lists each.

    Published tables list some films under two patients (four of ieee8023's). These two become one person, so that the
    films of both are in one split.
    """

    films: dict[Path, Film] = field(default_factory=dict)
    _listed: dict[Path, Listed] = field(default_factory=dict)
    _person: dict[str, str] = field(default_factory=dict)  # from a patient's other name to the name in use

    def __contains__(self, file: Path) -> bool:
        return file in self.films

    def add(self, film: Film, listed: Listed, tally: Counter[str]) -> None:
        """Add `film`, or count it in `tally` where another line has already listed it.

        Raises:
            DataError: that line gives other findings.
        """
        if film.path not in self.films:
            self.films[film.path], self._listed[film.path] = film, listed
            return
        self._listed[film.path].check_again(listed, film.path)
        earlier = self.films[film.path]
        ours, theirs = earlier.patient, film.patient
        if ours != theirs and not (no_patient(ours) or no_patient(theirs)):
            ours, theirs = self._who(ours), self._who(theirs)
            if ours != theirs:
                self._person[theirs] = ours
            tally["a film listed twice, under two patients, who are taken for one"] += 1
        elif film.split != earlier.split:
            tally[f"a film listed twice, in {film.split} and in {earlier.split}, where it stays"] += 1
        else:
            tally["a film listed twice"] += 1

    def _who(self, patient: str) -> str:
        while patient in self._person:
            patient = self._person[patient]
        return patient

    def __iter__(self) -> Iterator[Film]:
        for film in self.films.values():
            who = self._who(film.patient)
            yield film if who == film.patient else replace(film, patient=who)
