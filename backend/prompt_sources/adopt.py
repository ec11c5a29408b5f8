"""Make accepted texts prompts of their own."""

from collections.abc import Sequence

from pydantic import Field

from backend.prompt_sources import PromptSource
from backend.sameness import normal
from backend.values import Group, Prompt, Verdict


class Adopt(PromptSource):
    """Each text that the label accepts becomes a new prompt, and is asked; the text is the group's parent.

    The label is a person's where one decided, so that people accept, edit or reject proposed prompts like any sample.
    The new prompts go to a prompt set that the round makes. Texts that ask the same as a prompt of the round's sets, as
    one that the rounds above adopted, as one before them, or as a held-out prompt are dropped and counted. Nobody knows
    the answer to an adopted prompt. Where a source of the recipe draws on adopted prompts, nobody has to answer them in
    the round that adopts them.
    """

    most: int = Field(0, ge=0, description="most texts that are adopted, the first ones; 0 means all")

    @property
    def reads_groups(self) -> bool:
        return True

    @property
    def reads_labels(self) -> bool:
        return True

    @property
    def has_parents(self) -> bool:
        return True

    @property
    def adopts(self) -> bool:
        return True

    @property
    def knows_answers(self) -> bool:
        return False

    def groups_at_most(self, groups: int, samples: int, prompts: int) -> int:
        return min(samples, self.most) if self.most else samples

    def ask(self, groups: Sequence[Group], pool: Sequence[Prompt], *, limit: int, seed: int) -> list[Group]:
        accepted = [sample for group in groups for sample in group.samples if sample.verdict is Verdict.accept]
        new = [sample for sample in accepted if normal(sample.text)]
        return [
            Group(Prompt(0, [{"role": "user", "content": sample.text.strip()}]), parent=sample)
            for sample in (new[: self.most] if self.most else new)
        ]
