"""Keep good samples as training answers, each after a statement of how many tokens it takes."""

from collections.abc import Sequence
from dataclasses import replace

from pydantic import Field, field_validator

from backend.selectors.above_threshold import AboveThreshold
from backend.values import Group, Selection


class BudgetExamples(AboveThreshold):
    """What `above_threshold` keeps, with the number of its tokens stated before it: it teaches to estimate them.

    The first phase of SelfBudgeter (Li et al. 2025, arXiv 2505.11274). The judge `stated_budget` reads the statement.
    """

    statement: str = Field(
        "<budget>{tokens}</budget>\n", description="what stands before the text; {tokens} is the number of its tokens"
    )

    @field_validator("statement")
    @classmethod
    def _holds_the_number(cls, statement: str) -> str:
        if "{tokens}" not in statement:
            raise ValueError("The statement does not hold {tokens}, so it would state no number. Put it in.")
        return statement

    def select(self, groups: Sequence[Group], *, seed: int) -> Selection:
        chosen = super().select(groups, seed=seed)
        samples = {sample.id: sample for group in groups for sample in group.samples}
        kept = []
        for example in chosen.examples:
            sample = samples[example.sample_id or 0]
            stated = self.statement.replace("{tokens}", str(sample.num_tokens))
            kept.append(replace(example, completion=stated + sample.text))
        return replace(chosen, examples=kept)
