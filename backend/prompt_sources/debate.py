"""Ask each prompt once more, with all answers so far beside it."""

from collections.abc import Sequence
from dataclasses import replace

from pydantic import Field, field_validator

from backend.judges import fill, prompt_text, with_slots
from backend.prompt_sources import PromptSource
from backend.values import Group, Prompt, Sample, SampleKind

TEMPLATE = (
    "{prompt}\n\nThese are the answers that several agents gave:\n\n{responses}\n\nUse them as additional advice, look "
    "for mistakes in them, and give your own answer to the question, in the same form."
)


class Debate(PromptSource):
    """Make one question of each group that shows all its texts: the second round of a multiagent debate.

    Du et al. 2023 (arXiv 2305.14325), as multiagent finetuning uses it (Subramaniam et al. 2025, arXiv 2501.05707).
    The first text of the group is the question's parent, and the known answer stays that of the prompt. Groups with
    fewer than two texts are left out.
    """

    template: str = Field(TEMPLATE, description="what is asked; filled in are {prompt} and {responses}, all texts")

    @field_validator("template")
    @classmethod
    def _has_slots(cls, template: str) -> str:
        return with_slots(template, "{prompt}", "{responses}", so="it would not show it")

    @property
    def reads_groups(self) -> bool:
        return True

    @property
    def has_parents(self) -> bool:
        return True

    @property
    def asks_about_rejected(self) -> bool:
        """The parent stands for its group: whether it was rejected says nothing of the question."""
        return True

    def ask(self, groups: Sequence[Group], pool: Sequence[Prompt], *, limit: int, seed: int) -> list[Group]:
        return [self._group(group) for group in groups if len(_own(group)) > 1]

    def _group(self, group: Group) -> Group:
        listed = [f"<<<AGENT {n}\n{sample.text}\nAGENT {n}>>>" for n, sample in enumerate(_own(group), 1)]
        text = fill(self.template, prompt=prompt_text(group.prompt.messages), responses="\n\n".join(listed))
        asked = replace(group.prompt, messages=[{"role": "user", "content": text}])
        return Group(asked, parent=_own(group)[0])


def _own(group: Group) -> list[Sample]:
    """The texts of the agents, without those that people wrote afterwards."""
    return [sample for sample in group.samples if sample.kind != SampleKind.edit]
