"""One score out of several judges'."""

from collections.abc import Mapping, Sequence
from typing import Self

from pydantic import Field, model_validator

from backend.engines import Engine
from backend.judges import Judge, asked_together
from backend.judges._composed import Composed
from backend.values import Group, Judgment, Verdict


class WeightedSum(Composed):
    """The label is the weighted sum of the judges' scores; each judge's replies are judgments of its own.

    A sample to which a judge gives no score has none, unless that judge is optional: then the others are summed.
    Scores are taken as they are: those of different scales need weights that make them comparable.
    """

    judges: tuple[Judge, ...] = Field(min_length=1, description="the judges that are summed, each kind once")
    weights: tuple[float, ...] = Field((), description="factor of each judge's score, in order; empty: all 1")
    optional: tuple[str, ...] = Field((), description="names of judges that may say nothing of a sample")
    gated: bool = Field(
        False, description="the judges after the first count only where the first gives a score above 0"
    )
    accept_at: float = Field(0.5, description="lowest sum that is labelled accept")

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        names = [str(judge.name) for judge in self.judges]
        if self.weights and len(self.weights) != len(names):
            raise ValueError(
                f"There are {len(self.weights)} weights for {len(names)} judges. Give one for each, or none."
            )
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(
                f"The judge {twice[0]} is summed twice, and its replies could not be told apart. Keep one."
            )
        if unknown := [name for name in self.optional if name not in names]:
            raise ValueError(
                f"The judge {unknown[0]} is called optional, but is not summed. Choose from {', '.join(names)}."
            )
        if self.gated and names[0] in self.optional:
            raise ValueError(
                f"The others count where {names[0]} scores above 0, so it cannot be optional. Leave it out."
            )
        for judge in self.judges:
            if isinstance(judge, WeightedSum) or judge.judges_parents:
                raise ValueError(f"The judge {judge.name} cannot be summed. Take one that judges the texts themselves.")
        asked_together(self.judges)
        return self

    @property
    def needs_answer(self) -> bool:
        return any(judge.needs_answer for judge in self.judges if judge.name not in self.optional)

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        of_judges = (judge.judge(engine if judge.needs_engine else None, groups, seed=seed) for judge in self.judges)
        return [judgment for judgments in of_judges for judgment in judgments]

    def scores(self, judgments: Sequence[Judgment]) -> dict[str, float | None]:
        """The score that each judge gives one sample, by name, in order."""
        return {
            str(judge.name): judge.label([judgment for judgment in judgments if judgment.judge == judge.name])[0]
            for judge in self.judges
        }

    def label(self, judgments: Sequence[Judgment]) -> tuple[float | None, Verdict | None]:
        total = self._sum(self.scores(judgments))
        if total is None:
            return None, None
        return total, Verdict.accept if total >= self.accept_at else Verdict.reject

    def _sum(self, scores: Mapping[str, float | None]) -> float | None:
        if any(score is None and name not in self.optional for name, score in scores.items()):
            return None
        weights = self.weights or (1.0,) * len(self.judges)
        terms = [weight * score for weight, score in zip(weights, scores.values(), strict=True) if score is not None]
        if not terms:
            return None
        if self.gated and not (next(iter(scores.values())) or 0.0) > 0:
            terms = terms[:1]
        return round(sum(terms), 12)
