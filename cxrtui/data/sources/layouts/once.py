"""The films that published tables list, each once, however many lines list it and however each line writes its name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from cxrtui.data.films import Film, printable
from cxrtui.data.findings import missing, no_patient, same_findings
from cxrtui.errors import DataError


@dataclass(frozen=True)
class Said:
    """What a line of a table says of a film; `spelled` is how it writes the film's name, where that may vary."""

    table: str
    line: int
    label: str
    spelled: str = ""

    def check_again(self, again: Said, film: Path) -> None:
        """Do nothing, where another line says the same of `film`, or one of the two says nothing.

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
    """Films by their files, and what the first line that lists each says of it.

    Published tables list some films under two patients (four of ieee8023's are so): these are one person, so that no
    film of the second one is in another split than the first one's.
    """

    films: dict[Path, Film] = field(default_factory=dict)
    _said: dict[Path, Said] = field(default_factory=dict)
    _person: dict[str, str] = field(default_factory=dict)  # a patient's other name, and the one that counts

    def __contains__(self, file: Path) -> bool:
        return file in self.films

    def add(self, film: Film, said: Said, tally: Counter[str]) -> None:
        """Take `film`, or count it in `tally` where another line lists it too.

        Raises:
            DataError: that line gives other findings.
        """
        if film.path not in self.films:
            self.films[film.path], self._said[film.path] = film, said
            return
        self._said[film.path].check_again(said, film.path)
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
