"""Of the groups of each prompt go on with the one whose scores differ most."""

import math
from collections.abc import Sequence

from backend.prompt_sources._narrowing import Narrowing
from backend.values import Group, Prompt, mean_score


class Widest(Narrowing):
    """Keep, of each prompt, the group with the highest variance of scores; prompts without any variance are dropped.

    Meta-Rewarding judges the judgments of one answer of each prompt only: the one whose judge scores vary most (Wu et
    al. 2024, arXiv 2407.19594). Samples without a score do not count; of equally wide groups the first is kept.
    """

    def groups_at_most(self, groups: int, samples: int, prompts: int) -> int:
        return min(groups, prompts)

    def ask(self, groups: Sequence[Group], pool: Sequence[Prompt], *, limit: int, seed: int) -> list[Group]:
        widest: dict[int, tuple[float, Group]] = {}
        for group in groups:
            width = variance([sample.score for sample in group.samples if sample.score is not None])
            if width > widest.get(group.prompt.id, (0.0, group))[0]:
                widest[group.prompt.id] = (width, group)
        return [group for _, group in widest.values()]


def variance(scores: Sequence[float]) -> float:
    """The population variance, without the noise of adding; 0 for fewer than two scores."""
    if len(scores) < 2:
        return 0.0
    mean = mean_score(scores)
    return round(math.fsum((score - mean) ** 2 for score in scores) / len(scores), 9)
