"""What the best configuration of a study reached with other seeds: means, spreads, and how much of the promise held."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cxrtui import strict_json
from cxrtui.files import read_text, write_atomic
from cxrtui.runs.size import counted
from cxrtui.search.optuna_study import TrialRecord
from cxrtui.search.study import Plan, Study
from cxrtui.statistics.spread import Spread

_MOST = 1 << 24


@dataclass(frozen=True)
class Result:
    """What the best configuration reached.

    Attributes:
        trial: the number of the best trial.
        tried: how many trials the best was chosen from.
        objective: the metric that the search improved.
        settings: of the best trial.
        promised: the objective of the best trial, on validation films.
        runs: the trainings with other seeds.
        splits: of each split, each metric over these trainings.
        looks: how many configurations have been evaluated on the test films, this one included.
    """

    trial: int
    tried: int
    objective: str
    settings: Mapping[str, str]
    promised: float
    runs: tuple[str, ...] = ()
    splits: Mapping[str, Mapping[str, Spread]] = field(default_factory=dict)
    looks: int = 0

    @classmethod
    def without_seeds(cls, best: TrialRecord, plan: Plan, tried: int) -> Result:
        """Return the result of a study whose best configuration is not trained anew."""
        return cls(best.number, tried, plan.tune.objective, best.settings, best.value)

    def on(self, split: str) -> Spread:
        """Return the objective on a split."""
        return self.splits.get(split, {}).get(self.objective, Spread(()))

    @property
    def words(self) -> str:
        """What the search promised, what held and what did not, in sentences."""
        if not self.runs:
            return (f"The best of {self.tried} trials reached {self.objective} {self.promised:.4f} on validation "
                    "films; it was not trained anew, so how much of that holds is unknown.")  # fmt: skip
        validation, test = self.on("validation"), self.on("test")
        sign = 1 if self.objective != "loss" else -1
        lost, gap = sign * (self.promised - validation.mean), sign * (validation.mean - test.mean)
        others = counted(len(self.runs), "other seed")
        text = (
            f"The best of {self.tried} trials promised {self.objective} {self.promised:.4f} on validation films. "
            f"Trained anew with {others} it reached {validation.text} there and {test.text} on "
            "test films. "
        )
        if lost > 0:
            text += (f"{lost:.4f} of the promise did not hold with other seeds: the best of many trials is partly the "
                     "luckiest one (selection bias). ")  # fmt: skip
        else:
            text += "All of the promise held with other seeds. "
        text += (f"A further {gap:.4f} did not carry over to the test films, which no trial was chosen by."
                 if gap > 0 else "Nothing more was lost on the test films, which no trial was chosen by.")  # fmt: skip
        if self.looks > 1:
            text += (f" The test films have now been evaluated with {self.looks} configurations of this study; each "
                     "further look makes their result less of a surprise.")  # fmt: skip
        return text

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "trial": self.trial, "tried": self.tried, "objective": self.objective, "settings": dict(self.settings),
            "promised": self.promised, "runs": list(self.runs), "looks": self.looks, "words": self.words,
            "splits": {split: {name: spread.as_dict() for name, spread in metrics.items()}
                       for split, metrics in self.splits.items()},
        }  # fmt: skip

    def write(self, study: Study) -> None:
        """Write result.json."""
        write_atomic(study.result_file, strict_json.dumps(self.as_dict(), indent=2) + "\n")


def read_result(study: Study) -> Result | None:
    """Return what result.json holds; None if it is missing or not valid, so that it is made again."""
    try:
        body = json.loads(read_text(study.result_file, _MOST))
        splits = {
            str(split): {str(name): Spread(tuple(map(_number, spread["values"]))) for name, spread in metrics.items()}
            for split, metrics in body["splits"].items()
        }
        return Result(
            int(body["trial"]), int(body["tried"]), str(body["objective"]),
            {str(key): str(value) for key, value in body["settings"].items()}, _number(body["promised"]),
            tuple(map(str, body["runs"])), splits, int(body["looks"]),
        )  # fmt: skip
    except (OSError, ArithmeticError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)
