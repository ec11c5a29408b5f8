"""Go on with the prompts on which the rewards of the samples tell most."""

import math
from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from backend.prompt_sources._narrowing import Narrowing
from backend.prompt_sources.widest import variance
from backend.values import Group, Prompt


class MostInformative(Narrowing):
    """Keep the share of groups with the highest value, such as before `evolve_prompts`.

    `reward_gap`: highest less lowest score within the group, the regret of eva (Ye et al. 2024, arXiv 2411.00062);
    `variance`: that of the scores. A group with fewer than two scores has no value. What has the value 0 tells nothing
    and is dropped even within the share; of equal values the first groups are kept.
    """

    by: Literal["reward_gap", "variance"] = Field(
        "reward_gap", description="highest less lowest score of a group, or the variance of its scores"
    )
    top_share: float = Field(0.25, gt=0, le=1, description="share of the groups with a value that is kept, rounded up")

    def groups_at_most(self, groups: int, samples: int, prompts: int) -> int:
        return self._most(groups)

    def ask(self, groups: Sequence[Group], pool: Sequence[Prompt], *, limit: int, seed: int) -> list[Group]:
        known = [(value, group) for group in groups if (value := self._value(group)) is not None]
        # Sorted stably: among equals the order of the groups decides.
        best = sorted(range(len(known)), key=lambda n: -known[n][0])[: self._most(len(known))]
        return [known[n][1] for n in sorted(best) if known[n][0] > 0]

    def _most(self, groups: int) -> int:
        return math.ceil(self.top_share * groups - 1e-9)

    def _value(self, group: Group) -> float | None:
        scores = [sample.score for sample in group.samples if sample.score is not None]
        if len(scores) < 2:
            return None
        return round(max(scores) - min(scores), 9) if self.by == "reward_gap" else variance(scores)
