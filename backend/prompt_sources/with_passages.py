"""Ask the same questions again with passages of documents beside them, which training rows do not see."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from pydantic import Field, field_validator

from backend.judges import fill, prompt_text
from backend.passages import Index, passages
from backend.prompt_sources import PromptSource
from backend.values import Group, Message, Prompt

TEMPLATE = (
    "Below stands what is known, and then a question. Answer it by what is known.\n\n{passages}\n\nQuestion: {prompt}"
)


class WithPassages(PromptSource):
    """Make a new group of each question: the template, with passages of documents and the question filled in.

    Training rows get the question alone, so that a model learns to say without the passages what it said with them, as
    in self-specialization (Kang et al. 2023, arXiv 2310.00160). `take` alike draws the passages that BM25 ranks highest
    among all documents, which are the prompts of the round's sets without a known answer; own takes those of the
    document that the question was written about. A question that no passage has a word of is asked with none, and with
    own one whose document is not among the prompts of the sets is not asked.
    """

    take: Literal["alike", "own"] = Field(
        "alike", description="alike: passages of all documents, by BM25; own: those of the question's own document"
    )
    number: int = Field(3, ge=1, le=100, description="most passages beside one question")
    max_chars: int = Field(1000, ge=40, description="longest passage in characters; documents are cut at sentences")
    template: str = Field(TEMPLATE, description="what is asked; filled in are {passages} and {prompt}, the question")

    @field_validator("template")
    @classmethod
    def _holds_both(cls, template: str) -> str:
        for name in ("{passages}", "{prompt}"):
            if name not in template:
                raise ValueError(f"The template does not hold {name}, so it would not be shown. Put it in.")
        return template

    @property
    def reads_groups(self) -> bool:
        return True

    @property
    def reads_pool(self) -> bool:
        return True

    @property
    def asks_again(self) -> bool:
        return True

    @property
    def needs_parents(self) -> bool:
        return self.take == "own"

    @property
    def is_stripped(self) -> bool:
        return True

    def ask(self, groups: Sequence[Group], pool: Sequence[Prompt], *, limit: int, seed: int) -> list[Group]:
        return self._of_own(groups, pool) if self.take == "own" else self._of_alike(groups, pool)

    def _of_alike(self, groups: Sequence[Group], pool: Sequence[Prompt]) -> list[Group]:
        pieces = [
            piece
            for prompt in pool
            if prompt.answer is None
            for piece in passages(prompt_text(prompt.messages), self.max_chars)
        ]
        index = Index(pieces)
        return [
            self._group(group, [pieces[n] for n in index.best(prompt_text(group.prompt.messages), self.number)])
            for group in groups
        ]

    def _of_own(self, groups: Sequence[Group], pool: Sequence[Prompt]) -> list[Group]:
        """Of a document with more passages than are shown those come first that have most to do with the question."""
        documents = {prompt.id: prompt for prompt in pool}
        questions = []
        for group in groups:
            document = documents.get(group.parent.prompt_id) if group.parent else None
            if document is None:
                continue
            pieces = passages(prompt_text(document.messages), self.max_chars)
            chosen: Sequence[int] = range(len(pieces))
            if len(pieces) > self.number:
                chosen = sorted(Index(pieces).best(prompt_text(group.prompt.messages), self.number))
            questions.append(self._group(group, [pieces[n] for n in chosen]))
        return questions

    def _group(self, group: Group, shown: Sequence[str]) -> Group:
        question = group.prompt.messages
        text = fill(self.template, passages="\n\n".join(shown), prompt=prompt_text(question))
        asked: Message = {"role": "user", "content": text}
        return Group(replace(group.prompt, messages=[asked]), parent=group.parent, trained=question)
