"""The values that parts take and return: no database, no library types."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from typing_extensions import TypedDict  # pydantic cannot read that of typing before Python 3.12

from backend.values.states import BEFORE_REVIEW as BEFORE_REVIEW
from backend.values.states import Channel as Channel
from backend.values.states import DatasetType as DatasetType
from backend.values.states import DecisionKind as DecisionKind
from backend.values.states import JobStatus as JobStatus
from backend.values.states import LabelSource as LabelSource
from backend.values.states import NoticeKind as NoticeKind
from backend.values.states import Role as Role
from backend.values.states import RoundStatus as RoundStatus
from backend.values.states import SetUse as SetUse
from backend.values.states import Sign as Sign
from backend.values.states import Split as Split
from backend.values.states import Stage as Stage
from backend.values.states import Verdict as Verdict
from backend.values.states import WarningLevel as WarningLevel
from backend.values.states import WorkerOrder as WorkerOrder

JSON = dict[str, Any]
FLIP = "flip"
"""Column of a row of pairs: the probability that the pair is the wrong way round."""
SCORE_GAP = 0.5
"""A person's score overrides the judge's mean from this difference on: a mean of votes is seldom a whole number."""
SCORER = "scorer"
"""A model whose head gives one number: it scores texts and writes none. A kind of checkpoint."""


WRAPPER = "wrapper"
"""A checkpoint whose engine holds another one: weights of an earlier checkpoint, and how they are used."""
PUSH = "push"
"""The kind of a job that sends a checkpoint or a dataset to the model hub with the installation's token."""

GOES_ON = "goes_on"
"""What is noted on a text that is a step of a longer one and not its end. On a training row: the columns of such texts,
after which the assistant's turn is not over."""


def mean_score(scores: Sequence[float]) -> float:
    """Return the mean of scores. The same scores in another order have the same mean: no difference is noise."""
    return round(math.fsum(scores) / len(scores), 12)


class Message(TypedDict):
    """One chat message, as the Hugging Face chat templates and OpenAI spell it."""

    role: str
    content: str


Messages = list[Message]


@dataclass(frozen=True)
class Sampling:
    """How to sample, in the names of vLLM and OpenAI. `seed` is per request."""

    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    max_tokens: int = 512
    n: int = 1
    seed: int | None = None
    stop: tuple[str, ...] = ()


class LocalEngine(StrEnum):
    """What serves the model folders of a round."""

    transformers = "transformers"
    """In the job's own process."""
    vllm = "vllm"
    """A server that Rondo starts and shares among the round's stages."""


class FailureKind(StrEnum):
    """Why one prompt, reply or row was left out while others went on."""

    context = "context"
    """It does not fit into the model's context."""
    template = "template"
    """The model's chat template refuses it."""
    filter = "filter"
    """A content filter refused the prompt or the reply."""
    refused = "refused"
    """The server calls the request wrong."""
    timeout = "timeout"
    reply = "reply"
    """The reply cannot be read."""
    server = "server"
    error = "error"
    too_long = "too_long"
    """A training row longer than max_length."""
    special = "special"
    """A training row that holds a special token of the model in letters."""
    unfinished = "unfinished"
    """An episode that was not over after its last turn."""

    @property
    def is_own(self) -> bool:
        """Whether it lies in the text itself, so that many in a row say nothing about the server or the model."""
        return self not in (
            FailureKind.refused,
            FailureKind.timeout,
            FailureKind.reply,
            FailureKind.server,
            FailureKind.error,
        )


@dataclass(frozen=True)
class Failure:
    """Why there is no reply. `reason` is for the person who reads it."""

    kind: FailureKind
    reason: str


@dataclass(frozen=True)
class Completion:
    """What an engine returned for one prompt: new tokens only, never the prompt."""

    text: str
    finish_reason: str
    """`stop`, `length` (cut off at max_tokens), `unknown` (the server's word is not known), or `error` with `failure`.
    Only a text that ended with `stop` is complete."""
    num_tokens: int
    logprob: float | None = None
    """Sum of the log-probabilities of the new tokens under the sampling policy, in nats."""
    reasoning: str = ""
    """What the server gave apart from the text: kept to be looked at, neither judged nor trained on."""
    failure: Failure | None = None
    """Why there is no text; the other completions of the call may have theirs."""


@dataclass(frozen=True)
class Reading:
    """What a model says of each token of a text that it was given, in order; three numbers a token, in nats.

    logprobs: the token's log-probability, log p(token). entropies: -sum p log p of the distribution that the token was
    read under, over the whole vocabulary. certainties: KL(uniform || p) = -log V - mean log p of that distribution
    (Zhao et al. 2025, arXiv 2505.19590). An empty text has none of them. Where an engine knows log-probabilities alone,
    the other two are empty (`Ability.read`).
    """

    logprobs: tuple[float, ...]
    entropies: tuple[float, ...] = ()
    certainties: tuple[float, ...] = ()
    failure: Failure | None = None
    """Why the text could not be read; all three are then empty."""


@dataclass(frozen=True)
class ImportedCompletion:
    """A completion that a file brought with its prompt. `extra`: what the file says of it."""

    text: str
    extra: JSON = field(default_factory=dict)


@dataclass(frozen=True)
class Prompt:
    """`imported` is filled for generators only. `is_own`: an earlier round made it out of a text that it adopted.

    id: 0 for a new prompt, which is written to a prompt set that the round makes.
    """

    id: int
    messages: Messages
    answer: str | None = None
    metadata: JSON = field(default_factory=dict)
    imported: tuple[ImportedCompletion, ...] = ()
    is_own: bool = False


@dataclass(frozen=True)
class Sample:
    """A completion of a prompt. `id` is 0 until the row is written.

    `kind`: completion, edit, import or rollout (written by a trainer). `extra`: what its maker noted; of an import what
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
    kind: str = "completion"
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


@dataclass(frozen=True)
class Example:
    """One row of training data. `sample_id` None means the prompt's own answer (seed data).

    prompt_completion: sample_id. preference: sample_id is chosen, rejected_id rejected.
    unpaired_preference: sample_id with label. language_modeling: messages alone, with an empty completion, are a plain
    text; a completion alone, with empty messages, is one, too; both together are a conversation.
    messages, completion, rejected: texts that stand for those of the prompt and the samples. extra: further columns
    of the row, which a trainer may read.
    """

    prompt_id: int
    sample_id: int | None
    rejected_id: int | None = None
    label: bool | None = None
    weight: float = 1.0
    messages: Messages | None = None
    completion: str | None = None
    rejected: str | None = None
    extra: JSON = field(default_factory=dict)


@dataclass(frozen=True)
class TrainingRow:
    """An example with its texts, as mixers see it.

    messages, completion, rejected: what a training reads; of a preference the completion is the chosen text. origin:
    selected (by this round), earlier (by an ancestor), mix (a prompt's known answer, a seed row) or decision (what
    people decided, as what a judge should have said). kind: of the sample whose text the completion is, as in `Sample`;
    import for a known answer. age: rounds since it was selected, 0 in the round that selected it. uses: how many
    trainings of the ancestors read it. is_same_recipe: whether that round was one of the same recipe, by its name and
    its number of steps.
    """

    example: Example
    messages: Messages
    completion: str
    rejected: str | None = None
    origin: str = "selected"
    kind: str = "completion"
    age: int = 0
    uses: int = 0
    is_same_recipe: bool = True


@dataclass(frozen=True)
class DecidedText:
    """A text that people decided on, as a question to the judge that judged it.

    messages: what that judge was asked of it. verdict: what people say. replies: what the judge wrote, each with its
    verdict, in order; cut-off ones are left out. bare: the shortest reply that says each verdict; a verdict that the
    judge's form cannot say is not there. decision_id: None where the label was known from the start. age: rounds since.
    """

    prompt_id: int
    sample_id: int
    messages: Messages
    verdict: Verdict
    replies: tuple[tuple[str, Verdict | None], ...] = ()
    bare: dict[Verdict, str] = field(default_factory=dict)
    decision_id: int | None = None
    age: int = 0


@dataclass(frozen=True)
class Past:
    """What a mixer may add to a round's rows. Each is read from the database when it is gone through, and only once.

    trained: the rows that ancestors selected and trained the same role on, of the same type, nearest round first.
    selected: what their selectors kept before mixers dropped any of it. seeds: the known answers of the prompt sets
    used as mix, in order. decided: what people decided in this round and its ancestors, nearest round first.
    type: that of the rows that the mixer works on.
    """

    trained: Iterable[TrainingRow] = ()
    selected: Iterable[TrainingRow] = ()
    seeds: Iterable[TrainingRow] = ()
    decided: Iterable[DecidedText] = ()
    type: DatasetType = DatasetType.prompt_completion


@dataclass(frozen=True)
class Mixture:
    """The rows a mixer goes on with, in order, and how many it dropped for which reason."""

    rows: list[TrainingRow]
    dropped: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Selection:
    """What a selector kept, and how many it dropped for which reason.

    unit: what `dropped` counts: `samples`, `prompts`, `groups` or `rows`. The funnel shows the word as it is.
    """

    examples: list[Example]
    dropped: dict[str, int]
    unit: str = "samples"


@dataclass(frozen=True)
class MetricValue:
    """A number with its 95 % interval (low, high) where one is defined, and what it was computed from."""

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0
    details: JSON = field(default_factory=dict)
