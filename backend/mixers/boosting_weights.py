"""Weigh more what the policy got wrong."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from backend.mixers import Mixer, verdicts_of
from backend.values import Group, Mixture, Past, TrainingRow, Verdict


class BoostingWeights(Mixer):
    """Multiply a row's weight by `factor` where the policy's own answer to its prompt was wrong, from round to round.

    A weight begins with what the nearest round of this recipe before gave to the prompt's row, else with 1; of several
    answers the share that is wrong is the exponent, w * factor^share. Prompts without a verdict keep their weight. As
    in boosting what is answered wrong counts ever more (Freund and Schapire 1997); by it a model is made to correct
    itself while it is distilled from its former self (Amara et al. 2023, arXiv 2312.07028). Factor and bound are ours.
    The trainer has to weigh examples, and `normalise_weights` makes their mean 1.
    """

    reads_groups: ClassVar[bool] = True

    factor: float = Field(2.0, gt=1, le=100, description="what the weight of a wrong answer's row is multiplied by")
    most: float = Field(16.0, ge=1, description="highest weight")

    def mix(self, rows: Sequence[TrainingRow], groups: Iterable[Group], past: Past, *, seed: int) -> Mixture:
        wrong = {prompt_id: _share_wrong(verdicts) for prompt_id, verdicts in verdicts_of(groups).items()}
        before: dict[int, float] = {}
        for row in (trained for trained in past.trained if trained.is_same_recipe):
            before.setdefault(row.example.prompt_id, row.example.weight)
        kept = []
        for row in rows:
            prompt_id = row.example.prompt_id
            weight = before.get(prompt_id, row.example.weight) * self.factor ** wrong.get(prompt_id, 0.0)
            kept.append(replace(row, example=replace(row.example, weight=round(min(weight, self.most), 9))))
        return Mixture(kept)


def _share_wrong(verdicts: Sequence[Verdict]) -> float:
    return sum(verdict is Verdict.reject for verdict in verdicts) / len(verdicts) if verdicts else 0.0
