"""How much a checkpoint's answers to held-out prompts say what the known ones do."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from pydantic import Field

from backend.judges import Judge
from backend.judges.text_similarity import TextSimilarity, rouge_l, words
from backend.metrics import Evidence, Metric
from backend.metrics._apart import most_frequent
from backend.metrics._intervals import shares
from backend.metrics._verify import answered
from backend.values import MetricValue

NAME = "held_out_similarity"
OTHERS = "other_values"
"""Stands for the name of a value in that of the number of all values without one of their own."""
LONGEST_VALUE = 40
"""Characters of a note's value in the name of a number."""


class HeldOutSimilarity(Metric):
    """Mean ROUGE-L of the greedy answers (position 0) with the known answers, for tasks whose answers are texts.

    With `by` there is one number more for each value of a note of the prompts: the directions of a translation are
    looked at apart, since one may get better while another gets worse. The 30 values with the most prompts have a
    number each, and all others together `held_out_similarity_other_values`. Wilson's interval over prompts. No answer
    has the similarity 0; prompts without a known answer are left out.
    """

    by: str = Field(
        "",
        description="a note of the prompts, such as `direction`, whose values are looked at apart: the 30 most "
        "frequent ones, and the others together",
    )

    @property
    def verifier(self) -> Judge:
        """What compares answers with the known ones."""
        return TextSimilarity()

    @property
    def scope(self) -> str:
        return "checkpoint"

    @property
    def needs_answer(self) -> bool:
        return True

    def compute(self, evidence: Evidence) -> list[MetricValue]:
        every: list[float] = []
        by_prompt: dict[str, float] = {}
        apart: dict[str, list[float]] = defaultdict(list)
        for group in evidence.held_out:
            text = words(answered(group, 0, 0).samples[0].text)
            score = None if group.prompt.answer is None else rouge_l(text, words(group.prompt.answer))
            if score is None:
                continue
            every.append(score)
            by_prompt[str(group.prompt.id)] = round(score, 6)
            if self.by in group.prompt.metadata:
                apart[_name(group.prompt.metadata[self.by])].append(score)
        own = most_frequent({name: len(scores) for name, scores in apart.items() if name != OTHERS})
        rest = [score for name, scores in apart.items() if name not in own for score in scores]
        # By prompt: two checkpoints are compared on the same prompts.
        first = replace(_value(NAME, every), details={"by_prompt": by_prompt})
        values = [first, *(_value(f"{NAME}_{name}", apart[name]) for name in sorted(own))]
        if not rest:
            return values
        details = {"values": len(apart) - len(own)}
        return [*values, replace(_value(f"{NAME}_{OTHERS}", rest), details=details)]


def _name(value: object) -> str:
    return re.sub(r"\W+", "_", str(value).casefold()).strip("_")[:LONGEST_VALUE] or "none"


def _value(name: str, scores: Sequence[float]) -> MetricValue:
    return MetricValue(name, *shares(scores), len(scores)) if scores else MetricValue(name, None)
