"""The questions alone, for trainers that write the texts themselves."""

from collections.abc import Sequence
from typing import ClassVar

from backend.selectors import Selector
from backend.values import DatasetType, Example, Group, Selection


class AllPrompts(Selector):
    """Make one prompt-only example of each group and drop none; texts and labels, where there are any, play no part.

    Known answer and metadata of the prompt become columns of the row, where a reward may read them.
    """

    makes: ClassVar[DatasetType] = DatasetType.prompt_only

    @property
    def needs_texts(self) -> bool:
        return False

    def select(self, groups: Sequence[Group], *, seed: int) -> Selection:
        return Selection([self._example(group) for group in groups], {}, unit="groups")

    def _example(self, group: Group) -> Example:
        """What is asked is written down with the row, and its known answer: neither has to be the prompt's own."""
        asked = group.prompt.messages if group.trained is None else group.trained
        known = {} if group.prompt.answer is None else {"answer": group.prompt.answer}
        return Example(group.prompt.id, None, messages=asked, extra=known)
