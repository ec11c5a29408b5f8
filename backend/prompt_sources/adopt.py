"""Make accepted texts prompts of their own."""

from collections.abc import Sequence

from pydantic import Field, field_validator

from backend.judges import fill
from backend.prompt_sources import PromptSource
from backend.sameness import normal
from backend.values import JSON, Group, Message, Prompt, Sample, Verdict

SYNTHETIC: JSON = {"synthetic": "prompt"}
"""What is noted of a prompt that a model wrote for a natural text, which is its known answer."""


class Adopting(PromptSource, abstract=True):
    """Makes new prompts of the texts that the label accepts, and asks them; the text is the group's parent."""

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
    def asks_as_written(self) -> bool:
        return True

    @property
    def adopts(self) -> bool:
        return True

    @property
    def knows_answers(self) -> bool:
        return False

    def groups_at_most(self, groups: int, samples: int, prompts: int) -> int:
        return min(samples, self.most) if self.most else samples


class Adopt(Adopting):
    """Each text that the label accepts becomes a new prompt, and is asked; the text is the group's parent.

    The label is a person's where one decided, so that people accept, edit or reject proposed prompts like any sample.
    The new prompts go to a prompt set that the round makes. Texts that ask the same as a prompt of the round's sets, as
    one that the rounds above adopted, as one before them, or as a held-out prompt are dropped and counted. Nobody knows
    the answer to an adopted prompt, unless `keep_answer` says that it is the natural text for which the prompt was
    written (see `inverse_prompts`); such a prompt is noted as `synthetic: prompt`. Where a source
    of the recipe draws on adopted prompts, nobody has to answer them in the round that adopts them.
    """

    template: str = Field("{response}", description="what the new prompt says; {response} is the text")
    keep_answer: bool = Field(
        False, description="the text for which a prompt was written becomes its known answer, after inverse_prompts"
    )

    @field_validator("template")
    @classmethod
    def _holds_the_text(cls, template: str) -> str:
        if "{response}" not in template:
            raise ValueError("The template does not hold {response}, so all prompts would be the same. Put it in.")
        return template

    @property
    def knows_answers(self) -> bool:
        return self.keep_answer

    @property
    def makes_answers(self) -> bool:
        return self.keep_answer

    @property
    def needs_targets(self) -> bool:
        return self.keep_answer

    def ask(self, groups: Sequence[Group], pool: Sequence[Prompt], *, limit: int, seed: int) -> list[Group]:
        accepted = [(group, sample) for group in groups for sample in group.samples if sample.verdict is Verdict.accept]
        new = [(group, sample) for group, sample in accepted if normal(sample.text)]
        return [self._group(group, sample) for group, sample in (new[: self.most] if self.most else new)]

    def _group(self, group: Group, sample: Sample) -> Group:
        message: Message = {"role": "user", "content": fill(self.template, response=sample.text.strip())}
        answer, noted = (group.prompt.answer, dict(SYNTHETIC)) if self.keep_answer else (None, {})
        return Group(Prompt(0, [message], answer, noted), parent=sample)
