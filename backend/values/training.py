"""Rows of training data, what mixers and selectors make of them, and what is measured."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from backend.values.engines import Messages
from backend.values.groups import JSON
from backend.values.states import DatasetType, SampleKind, Verdict

JOINED = {
    "earlier rounds": "rows of earlier rounds",
    "seed rows": "seed rows",
    "earlier steps": "rows of earlier steps",
    "decisions": "decisions of people",
}
"""What joins the training rows from elsewhere, by what a dataset's funnel calls it."""
FLIP = "flip"
"""Column of a row of pairs: the probability that the pair is the wrong way round."""


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
    kind: str = SampleKind.completion.value
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
