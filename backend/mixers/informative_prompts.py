"""Keep the prompts on which the samples differ most."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import ClassVar, Literal

from pydantic import Field

from backend.mixers import Mixer
from backend.values import Group, Mixture, Past, TrainingRow, Verdict


class InformativePrompts(Mixer):
    """Keep the rows of the share of prompts with the highest value.

    `reward_gap`: highest less lowest score of the prompt's samples (eva: Ye et al. 2024, arXiv 2411.00062).
    `near_half`: how close the success rate is to one half, 1 - |2 rate - 1|. A prompt with fewer than two scores (for
    `near_half`: without a verdict) has no value and is dropped; of equal values the first prompts are kept. A row whose
    prompt is not among the groups stays.
    """

    reads_groups: ClassVar[bool] = True

    by: Literal["reward_gap", "near_half"] = Field(
        "reward_gap", description="highest less lowest score, or how close the share of accepted samples is to 0.5"
    )
    top_share: float = Field(0.25, gt=0, le=1, description="share of the prompts that is kept, rounded up")

    def mix(self, rows: Sequence[TrainingRow], groups: Iterable[Group], past: Past, *, seed: int) -> Mixture:
        values = self._values(groups)
        known = [prompt_id for prompt_id, value in values.items() if value is not None]
        # Sorted stably: among equals the order of the groups decides.
        ranked = sorted(known, key=lambda prompt_id: -(values[prompt_id] or 0.0))
        best = set(ranked[: math.ceil(self.top_share * len(ranked) - 1e-9)])
        kept, dropped = list[TrainingRow](), Counter[str]()
        for row in rows:
            prompt_id = row.example.prompt_id
            if prompt_id not in values or prompt_id in best:
                kept.append(row)
            else:
                dropped["no value" if values[prompt_id] is None else "less informative prompt"] += 1
        return Mixture(kept, dict(dropped))

    def _values(self, groups: Iterable[Group]) -> dict[int, float | None]:
        """The value of each prompt, over all of its groups, in order of the groups."""
        scores: dict[int, list[float]] = {}
        verdicts: dict[int, list[Verdict]] = {}
        for group in groups:
            scores.setdefault(group.prompt.id, []).extend(s.score for s in group.samples if s.score is not None)
            verdicts.setdefault(group.prompt.id, []).extend(s.verdict for s in group.samples if s.verdict is not None)
        if self.by == "reward_gap":
            return {
                prompt_id: round(max(some) - min(some), 9) if len(some) > 1 else None
                for prompt_id, some in scores.items()
            }
        return {prompt_id: near_half(some) if some else None for prompt_id, some in verdicts.items()}


def near_half(verdicts: Sequence[Verdict]) -> float:
    """Return 1 where half of the samples are accepted, 0 where all or none are."""
    rate = sum(verdict is Verdict.accept for verdict in verdicts) / len(verdicts)
    return round(1 - abs(2 * rate - 1), 9)
