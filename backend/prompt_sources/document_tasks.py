"""Make tasks out of documents, with answers that stand in the text."""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Literal, NamedTuple

from pydantic import Field

from backend.judges import prompt_text
from backend.prompt_sources import PromptSource
from backend.values import Group, Message, Prompt

Kind = Literal["next_sentence", "masked_word", "last_phrase", "order", "recall"]
MASK = "____"
INSTRUCTIONS: dict[Kind, str] = {
    "next_sentence": "Write the sentence that comes next.",
    "masked_word": f"Write the word that stands at {MASK}.",
    "last_phrase": "Write the words that the text ends with.",
    "order": "Do the sentences stand in the order in which they were written? Answer original or shuffled.",
    "recall": "Write all that you know of the text that begins like this.",
}
PHRASE_WORDS = 3
SHORTEST_WORD = 4
END = re.compile(r"(?<=[.!?])\s+|(?<=[。！？])\s*")
WORD = re.compile(r"\w+")
DRAWS_PER_SHOT = 8
"""Documents that are looked at for one solved example; where none of them can give one, it is left out."""


class WrittenTask(NamedTuple):
    """What is shown, and what is to be written."""

    shown: str
    target: str


class DocumentTasks(PromptSource):
    """Take the prompts of the pool for documents, and make tasks of each whose answers come from its text.

    next_sentence, masked_word, last_phrase and order are the four kinds of Chen et al. 2022 (arXiv 2205.01703): a
    generation, a cloze, a completion and a classification. recall shows the first sentence of a passage and asks for
    the rest from memory (Zhang et al. 2024, arXiv 2406.06326). With `shots` a task stands after solved ones of the
    same kind from other documents. A document that is too short for a kind gives no task of it. Each task has its
    document's id, so that its text can be traced; the answer is known, so that verifiers work on it.
    """

    kinds: tuple[Kind, ...] = Field(
        ("next_sentence", "masked_word", "last_phrase", "order"), min_length=1, description="kinds of tasks, in turn"
    )
    per_document: int = Field(4, ge=1, le=100, description="tasks made of each document")
    shots: int = Field(0, ge=0, le=32, description="solved tasks of other documents that stand before the task")
    max_chars: int = Field(800, ge=40, description="longest passage of a document in one task, in characters")
    shuffle: bool = Field(True, description="draw documents at random (by the round's seed) instead of in stored order")

    @property
    def makes_answers(self) -> bool:
        return True

    def groups_at_most(self, groups: int, samples: int, prompts: int) -> int:
        return groups * self.per_document

    def ask(self, groups: Sequence[Group], pool: Sequence[Prompt], *, limit: int, seed: int) -> list[Group]:
        documents = list(pool)
        if self.shuffle:
            random.Random(seed).shuffle(documents)
        documents = documents[: max(limit, 0)]
        questions = []
        for document in documents:
            for number in range(self.per_document):
                kind = self.kinds[number % len(self.kinds)]
                chance = random.Random(f"{seed} {document.id} {number}")
                task = self._task(kind, document, chance)
                if task is not None:
                    solved = self._solved(kind, document, documents, chance)
                    questions.append(Group(_prompt(document, kind, solved, task)))
        return questions

    def _task(self, kind: Kind, document: Prompt, chance: random.Random) -> WrittenTask | None:
        sentences = _passage(prompt_text(document.messages), self.max_chars, chance)
        return MAKERS[kind](sentences, chance) if sentences else None

    def _solved(
        self, kind: Kind, document: Prompt, documents: Sequence[Prompt], chance: random.Random
    ) -> list[WrittenTask]:
        """Tasks of other documents, no two of the same one."""
        drawn = chance.sample(range(len(documents)), min(len(documents), 1 + DRAWS_PER_SHOT * self.shots))
        others = (documents[n] for n in drawn if documents[n].id != document.id)
        tasks: list[WrittenTask] = []
        for other in others:
            if len(tasks) == self.shots:
                break
            if (task := self._task(kind, other, chance)) is not None:
                tasks.append(task)
        return tasks


def _prompt(document: Prompt, kind: Kind, solved: Sequence[WrittenTask], task: WrittenTask) -> Prompt:
    """The document's prompt, asking for the task."""
    shown = "".join(f"Input: {task.shown}\nOutput: {task.target}\n\n" for task in solved)
    asked: Message = {"role": "user", "content": f"{INSTRUCTIONS[kind]}\n\n{shown}Input: {task.shown}\nOutput:"}
    return replace(document, messages=[asked], answer=task.target)


def _passage(text: str, most: int, chance: random.Random) -> list[str]:
    """Sentences that stand beside each other in the text, with the blanks that follow them, up to so many characters.

    They begin at a sentence drawn at random, or earlier where what follows it is shorter than that. None where the
    sentence alone is longer.
    """
    text = text.strip()
    places = [0, *(match.end() for match in END.finditer(text)), len(text)]
    sentences = [text[start:end] for start, end in pairwise(places) if end > start]
    first = chance.randrange(len(sentences)) if sentences else 0
    while first and len("".join(sentences[first - 1 :])) <= most:
        first -= 1
    passage: list[str] = []
    for sentence in sentences[first:]:
        if len("".join(passage)) + len(sentence) > most:
            break
        passage.append(sentence)
    return passage


def _next_sentence(sentences: Sequence[str], chance: random.Random) -> WrittenTask | None:
    if len(sentences) < 2:
        return None
    number = chance.randrange(1, len(sentences))
    return WrittenTask("".join(sentences[:number]).strip(), sentences[number].strip())


def _masked_word(sentences: Sequence[str], chance: random.Random) -> WrittenTask | None:
    text = "".join(sentences).strip()
    words = [match for match in WORD.finditer(text) if len(match[0]) >= SHORTEST_WORD]
    if not words:
        return None
    word = chance.choice(words)
    return WrittenTask(f"{text[: word.start()]}{MASK}{text[word.end() :]}", word[0])


def _last_phrase(sentences: Sequence[str], chance: random.Random) -> WrittenTask | None:
    text = "".join(sentences).strip()
    words = list(WORD.finditer(text))
    if len(words) < 2 * PHRASE_WORDS:
        return None
    start = words[-PHRASE_WORDS].start()
    return WrittenTask(text[:start].strip(), text[start:])


def _order(sentences: Sequence[str], chance: random.Random) -> WrittenTask | None:
    """Half of the texts are shuffled; a text of which no other order can be made is none to ask about."""
    written = [sentence.strip() for sentence in sentences]
    if len(set(written)) < 3:
        return None
    is_shuffled, shown = chance.random() < 0.5, written
    while is_shuffled and shown == written:
        shown = chance.sample(written, len(written))
    return WrittenTask(" ".join(shown), "shuffled" if is_shuffled else "original")


def _recall(sentences: Sequence[str], chance: random.Random) -> WrittenTask | None:
    """The first sentence, and all that comes after it."""
    if len(sentences) < 2:
        return None
    return WrittenTask(sentences[0].strip(), "".join(sentences[1:]).strip())


MAKERS: dict[Kind, Callable[[Sequence[str], random.Random], WrittenTask | None]] = {
    "next_sentence": _next_sentence,
    "masked_word": _masked_word,
    "last_phrase": _last_phrase,
    "order": _order,
    "recall": _recall,
}
