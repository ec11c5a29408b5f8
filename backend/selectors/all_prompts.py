"""The questions alone, for trainers that write the texts themselves."""

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field, field_validator

from backend.judges import fill
from backend.selectors import Selector
from backend.values import DatasetType, Example, Group, Message, Messages, Selection


class AllPrompts(Selector):
    """Make one prompt-only example of each group and drop none; texts and labels, where there are any, play no part.

    Known answer and metadata of the prompt become columns of the row, where a reward may read them.
    """

    makes: ClassVar[DatasetType] = DatasetType.prompt_only

    template: str = Field(
        "",
        description="what is asked instead of the prompt's last question, which is the {prompt}, such as a form for "
        "the answer; held-out prompts are asked without it. Empty: the prompt as it is",
    )

    @field_validator("template")
    @classmethod
    def _holds_the_prompt(cls, template: str) -> str:
        if template and "{prompt}" not in template:
            raise ValueError("The template does not hold {prompt}, so it would ask nothing. Put it in.")
        return template

    @property
    def needs_texts(self) -> bool:
        return False

    def select(self, groups: Sequence[Group], *, seed: int) -> Selection:
        return Selection([self._example(group) for group in groups], {}, unit="groups")

    def _example(self, group: Group) -> Example:
        """What is asked is written down with the row, and its known answer: neither has to be the prompt's own."""
        asked = group.prompt.messages if group.trained is None else group.trained
        known = {} if group.prompt.answer is None else {"answer": group.prompt.answer}
        return Example(group.prompt.id, None, messages=self._in_template(asked), extra=known)

    def _in_template(self, chat: Messages) -> Messages:
        last = max((place for place, message in enumerate(chat) if message["role"] == "user"), default=None)
        if not self.template or last is None:
            return chat
        asked: Message = {"role": "user", "content": fill(self.template, prompt=chat[last]["content"])}
        return [*chat[:last], asked, *chat[last + 1 :]]
