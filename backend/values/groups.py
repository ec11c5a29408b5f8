"""Prompts, the samples that answer them, and what judges say of these."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from backend.values.engines import Failure, Message, Messages
from backend.values.states import LabelSource, SampleKind, Verdict

JSON = dict[str, Any]
SCORE_GAP = 0.5
"""A person's score overrides the judge's mean from this difference on: a mean of votes is seldom a whole number."""
GOES_ON = "goes_on"
"""What is noted on a text that is a step of a longer one and not its end. On a training row: the columns of such texts,
after which the assistant's turn is not over."""


def mean_score(scores: Sequence[float]) -> float:
    """Return the mean of scores. The same scores in another order have the same mean: no difference is noise."""
    return round(math.fsum(scores) / len(scores), 12)


@dataclass(frozen=True)
class ImportedCompletion:
    """A completion that a file brought with its prompt. `extra`: what the file says of it."""

    text: str
    extra: JSON = field(default_factory=dict)


@dataclass(frozen=True)
class FewShot:
    """An accepted sample of an earlier round, which a model sees before it is asked, with what was asked for it.

    text_key: equal for prompts that ask the same. category: the value of the metadata by which such samples are chosen.
    """

    id: int
    text_key: int
    messages: Messages
    text: str
    category: str = ""


@dataclass(frozen=True)
class FewShotChoice:
    """Which accepted samples of earlier rounds a generator shows before each prompt.

    num: of each prompt. by: `people` (accepted by people) or `anyone`. rounds: their numbers; none: all of the project.
    choose: `random`, `category` (of the prompt's category first) or `agreed` (those that most people accepted). key:
    the metadata that says a prompt's category.
    """

    num: int
    by: str
    rounds: tuple[int, ...]
    choose: str
    key: str


@dataclass(frozen=True)
class Prompt:
    """`imported` and `few_shot` are filled for generators only.

    is_own: an earlier round made it out of a text that it adopted.

    id: 0 for a new prompt, which is written to a prompt set that the round makes.
    """

    id: int
    messages: Messages
    answer: str | None = None
    metadata: JSON = field(default_factory=dict)
    imported: tuple[ImportedCompletion, ...] = ()
    is_own: bool = False
    few_shot: tuple[FewShot, ...] = ()


@dataclass(frozen=True)
class Sample:
    """A completion of a prompt. `id` is 0 until the row is written.

    `kind`: one of `SampleKind`. `extra`: what its maker noted; of an import what
    the file says.
    """

    id: int
    prompt_id: int
    text: str
    finish_reason: str = "stop"
    num_tokens: int = 0
    logprob: float | None = None
    position: int = 0
    score: float | None = None
    verdict: Verdict | None = None
    source: LabelSource = LabelSource.none
    kind: str = SampleKind.completion.value
    extra: JSON = field(default_factory=dict)
    reasoning: str = ""
    failure: Failure | None = None
    """Why it could not be made: it is then listed on the round and is no row of its samples."""
    step: int = 0
    """The step of the recipe that made it."""
    role: str = "policy"
    """The role that wrote it."""
    scores: tuple[float, ...] = ()
    """The score of each judgment by the last judge, in order; filled for mixers that read them."""
    reviewers: int = 0
    """How many people decided on it; filled for selectors that read it."""
    ratings: tuple[float, ...] = ()
    """What people rated it in the question that a selector names, one each; filled for that selector."""
    turns: tuple[Message, ...] = ()
    """Of an episode every message after the question, by the assistant and by the environment; `text` is the last."""

    @property
    def full_text(self) -> str:
        """All that it says, for telling whether two samples say the same: of an episode every message."""
        return "\n\n".join(f"{turn['role']}: {turn['content']}" for turn in self.turns) if self.turns else self.text


@dataclass(frozen=True)
class Group:
    """A question and all samples that answer it, with their effective labels.

    prompt: id, answer and metadata of the prompt that the question comes from; its messages are what is asked.
    parent: the text that the question is about. trained: the messages a training row gets where they are others than
    was asked (a hint is left out). id: 0 until the row is written. step: the one that asked. position: among the
    groups of that step. cut: characters of the parent that were kept, where the question goes on from a part of it.
    ancestors: the texts that led to the parent, the first one first; empty where the parent answers a prompt. about:
    all texts of the parent's group, for judges of them (`Judge.judges_siblings`); else empty.
    """

    prompt: Prompt
    samples: tuple[Sample, ...] = ()
    parent: Sample | None = None
    trained: Messages | None = None
    id: int = 0
    step: int = 0
    position: int = 0
    cut: int | None = None
    ancestors: tuple[Sample, ...] = ()
    about: tuple[Sample, ...] = ()

    @property
    def draft(self) -> Sample | None:
        """The text that the chain of questions began with; None where the question is about no text."""
        return self.ancestors[0] if self.ancestors else self.parent

    @property
    def path(self) -> str:
        """The texts that led to the question, joined: what a group of a tree's node goes on from."""
        return "".join(sample.text for sample in (*self.ancestors, self.parent) if sample is not None)

    @property
    def scored(self) -> list[Sample]:
        """Samples with a score, lowest first; equal scores in order of position."""
        return sorted((s for s in self.samples if s.score is not None), key=lambda s: (s.score or 0.0, s.position))


@dataclass(frozen=True)
class Judgment:
    """What a judge said of a sample. No verdict in the reply: score and verdict are None, the reply stays."""

    sample_id: int
    judge: str
    position: int
    score: float | None
    verdict: Verdict | None
    rationale: str
    raw: str
    template_hash: str = ""
    num_tokens: int = 0
    finish_reason: str = "stop"
    reasoning: str = ""
    failure: Failure | None = None
    """Why the judge could not be asked: it is then listed on the round and is no judgment."""
