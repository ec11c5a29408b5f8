"""Pairs whose prompt holds the principle that they were chosen by, for scorers that read principles."""

import random
from typing import Self

from pydantic import Field, model_validator

from backend.judges.pairwise_swapped import drawn
from backend.judges.principled_reward import under
from backend.selectors import Pair
from backend.selectors.best_versus_worst import BestVersusWorst
from backend.values import Example, Group


class PrinciplePairs(BestVersusWorst):
    """The pairs of `best_versus_worst`, each with its principle after the question; some negated, with sides swapped.

    The synthetic preferences of SALMON (Sun et al. 2024, arXiv 2310.05910). The judge before it
    chooses by one principle of each group, which follows from the prompt. A negated row holds the principle's negation
    and prefers the other text, so that a scorer cannot learn the preference without reading the principle.
    """

    principles: tuple[str, ...] = Field(min_length=1, description="those that the judge draws from, in the same order")
    negations: tuple[str, ...] = Field((), description="the opposite of each principle, in order; empty: none")
    negated_share: float = Field(0.5, ge=0, le=1, description="chance of a row to hold the opposite of its principle")

    @model_validator(mode="after")
    def _have_opposites(self) -> Self:
        if self.negations and len(self.negations) != len(self.principles):
            raise ValueError(
                f"There are {len(self.negations)} negations for {len(self.principles)} principles. Give one for each, "
                "or none."
            )
        return self

    @property
    def written_principles(self) -> tuple[str, ...]:
        return self.principles

    def _examples(self, group: Group, pair: Pair) -> list[Example]:
        (example,) = super()._examples(group, pair)
        principle = drawn(self.principles, group)
        chosen, rejected = example.sample_id, example.rejected_id
        if self.negations and self._is_negated(group):
            principle = self.negations[self.principles.index(principle)]
            chosen, rejected = rejected, chosen
        asked = group.prompt.messages if group.trained is None else group.trained
        return [
            Example(example.prompt_id, chosen, rejected, weight=example.weight, messages=under(asked, (principle,)))
        ]

    def _is_negated(self, group: Group) -> bool:
        return random.Random(f"negated {group.prompt.id} {group.position}").random() < self.negated_share
