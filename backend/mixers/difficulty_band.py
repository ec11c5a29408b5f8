"""Keep the prompts that are neither too easy nor too hard."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import ClassVar, Self

from pydantic import Field, model_validator

from backend.mixers import Mixer, verdicts_of
from backend.values import Group, Mixture, Past, TrainingRow, Verdict


class DifficultyBand(Mixer):
    """Keep the rows of prompts whose success rate lies in a band: the share of their samples that is accepted.

    SeRL keeps prompts with a mean reward from 0.2 to 0.8, also as a guard against rewards that are hacked (Fang et al.
    2025, arXiv 2505.20347). The labels count, so a person's word does where there is one; samples without a verdict do
    not. A row whose prompt is not among the groups, such as one of an earlier round, stays.
    """

    reads_groups: ClassVar[bool] = True

    low: float = Field(0.2, ge=0, le=1, description="lowest success rate that is kept")
    high: float = Field(0.8, ge=0, le=1, description="highest success rate that is kept")

    @model_validator(mode="after")
    def _is_a_band(self) -> Self:
        if self.low > self.high:
            raise ValueError(f"low {self.low} is above high {self.high}: no prompt could be kept. Swap them.")
        return self

    def mix(self, rows: Sequence[TrainingRow], groups: Iterable[Group], past: Past, *, seed: int) -> Mixture:
        reasons = {prompt_id: self._objection(verdicts) for prompt_id, verdicts in verdicts_of(groups).items()}
        dropped = Counter(reason for row in rows if (reason := reasons.get(row.example.prompt_id)))
        return Mixture([row for row in rows if not reasons.get(row.example.prompt_id)], dict(dropped))

    def _objection(self, verdicts: Sequence[Verdict]) -> str:
        """Why a prompt is left out; empty where it is kept."""
        if not verdicts:
            return "no verdict on the prompt's samples"
        # Whole numbers are compared with rounded ones: 4 of 5 is 0.8, whatever a float makes of it.
        rate = round(sum(verdict is Verdict.accept for verdict in verdicts) / len(verdicts), 9)
        return "too hard" if rate < self.low else "too easy" if rate > self.high else ""
