"""A judge made of judges: what it needs, and what it costs, follows from theirs."""

from collections.abc import Sequence
from typing import Self

from pydantic import Field, model_validator

from backend.engines import Ability
from backend.judges import Judge, asked_together
from backend.values import Group


class Composed(Judge, abstract=True):
    """Holds judges, each of which leaves judgments; how they become one label is the subclass's."""

    judges: tuple[Judge, ...] = Field((), description="the judges, in order")

    @model_validator(mode="after")
    def _compare_with_one_step(self) -> Self:
        steps = sorted({judge.reads_beside for judge in self.judges} - {""})
        if len(steps) > 1:
            raise ValueError(
                f"The judges that {self.name} holds compare with the texts of {' and '.join(steps)}, and one step "
                "compares with those of one other. Make them steps of their own."
            )
        return self

    @property
    def needs_engine(self) -> bool:
        return any(judge.needs_engine for judge in self.judges)

    @property
    def asks_for(self) -> Ability:
        return asked_together(self.judges)

    @property
    def needs_whole_groups(self) -> bool:
        """Judges that compute may compare a group's samples with each other."""
        return any(judge.needs_whole_groups or not judge.needs_engine for judge in self.judges)

    @property
    def needs_all_groups(self) -> bool:
        return any(judge.needs_all_groups for judge in self.judges)

    @property
    def reads_parents(self) -> bool:
        return any(judge.reads_parents for judge in self.judges)

    @property
    def origins(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for judge in self.judges for name in judge.origins))

    @property
    def may_be_silent(self) -> bool:
        return any(judge.may_be_silent for judge in self.judges)

    @property
    def needs_answer(self) -> bool:
        return any(judge.needs_answer for judge in self.judges)

    @property
    def takes_targets(self) -> bool:
        return all(judge.takes_targets for judge in self.judges if judge.needs_answer)

    @property
    def needs_pool(self) -> bool:
        return any(judge.needs_pool for judge in self.judges)

    def with_pool(self, texts: Sequence[str]) -> Self:
        return self.model_copy(update={"judges": tuple(judge.with_pool(texts) for judge in self.judges)})

    @property
    def needs_sandbox(self) -> bool:
        return any(judge.needs_sandbox for judge in self.judges)

    @property
    def reads_beside(self) -> str:
        return next((judge.reads_beside for judge in self.judges if judge.reads_beside), "")

    def with_beside(self, groups: Sequence[Group]) -> Self:
        return self.model_copy(update={"judges": tuple(judge.with_beside(groups) for judge in self.judges)})

    @property
    def calls_per_sample(self) -> int:
        return sum(judge.calls_per_sample for judge in self.judges)

    def calls_at_most(self, groups: int, samples: int) -> int:
        return sum(judge.calls_at_most(groups, samples) for judge in self.judges)

    @property
    def max_tokens_per_call(self) -> int:
        return max((judge.max_tokens_per_call for judge in self.judges), default=0)
