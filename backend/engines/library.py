"""A handbook of lessons put before the question (Didolkar et al. 2025, arXiv 2509.13237)."""

import re
from collections.abc import Generator, Sequence

from pydantic import BaseModel, ConfigDict, Field, field_validator

from backend.engines import Ability
from backend.engines._wrapper import Wrapper
from backend.likeness import words
from backend.values import Completion, Message, Messages, Reading, Sampling

TEMPLATE = (
    "Below stand short rules that were learned from earlier problems, each with its name, then a problem. Use those "
    "that fit, and name them where you do, instead of working out again what they say.\n\n"
    "{handbook}\n\nProblem: {prompt}"
)


class Lesson(BaseModel):
    """A lesson. `sources`: ids of the samples, the traces, that it was learned from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    text: str
    sources: tuple[int, ...] = ()


class LibraryKnobs(BaseModel):
    """How a handbook is used."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    most: int = Field(
        40, ge=1, description="most lessons before one question: of more, those that share most words with it"
    )
    template: str = Field(
        TEMPLATE,
        description="what is asked instead of the chat's first question, which is the {prompt}; {handbook} is the "
        "lessons, a line each",
    )

    @field_validator("template")
    @classmethod
    def _holds_both(cls, template: str) -> str:
        for name in ("{handbook}", "{prompt}"):
            if name not in template:
                raise ValueError(f"The template does not hold {name}. Put it in.")
        return template


class Library(LibraryKnobs, Wrapper):
    """Asks the first question of each chat with lessons before it; training rows do not see them.

    Behavior-conditioned inference (Didolkar et al. 2025, arXiv 2509.13237). Which lessons: all, or of more than `most`
    those that share most words with that question, equal ones in their order; they stand in their own order. Texts are
    read as answers to the question with its lessons, too.
    """

    entries: tuple[Lesson, ...] = Field((), description="the lessons")

    @property
    def abilities(self) -> frozenset[Ability]:
        return self.inner.abilities & {Ability.complete, Ability.read, Ability.read_all}

    def complete(self, prompts: Sequence[Messages], sampling: Sampling) -> list[list[Completion]]:
        return self.inner.complete([self.asked(chat) for chat in prompts], sampling)

    def stream(self, chat: Messages, sampling: Sampling) -> Generator[str | Completion]:
        return self.inner.stream(self.asked(chat), sampling)

    def read(self, chats: Sequence[Messages], texts: Sequence[str]) -> list[Reading]:
        return self.inner.read([self.asked(chat) for chat in chats], texts)

    def count_tokens(self, messages: Messages) -> int | None:
        return self.inner.count_tokens(self.asked(messages))

    def asked(self, chat: Messages) -> Messages:
        """The chat as the engine inside gets it; one without a question stays as it is."""
        first = next((place for place, message in enumerate(chat) if message["role"] == "user"), None)
        if first is None or not self.entries:
            return chat
        question = chat[first]["content"]
        lines = "\n".join(f"{entry.name}: {entry.text}" for entry in self.picked(question))
        context = {"handbook": lines, "prompt": question}
        text = re.sub(r"\{(handbook|prompt)\}", lambda match: context[match[1]], self.template)
        message: Message = {"role": "user", "content": text}
        return [*chat[:first], message, *chat[first + 1 :]]

    def picked(self, question: str) -> list[Lesson]:
        """The lessons for a question, in their order."""
        if len(self.entries) <= self.most:
            return list(self.entries)
        asked = set(words(question))
        shared = [len(asked & set(words(f"{entry.name} {entry.text}".replace("_", " ")))) for entry in self.entries]
        best = sorted(range(len(shared)), key=lambda place: (-shared[place], place))[: self.most]
        return [self.entries[place] for place in sorted(best)]
