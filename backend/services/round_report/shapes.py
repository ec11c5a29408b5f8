"""What a round's report says, as values; texts are as people and models wrote them, and links are relative to a page.

Every section has `missing`: what could not be said, why, and how to get it. An unknown number or interval is None.
"""

from dataclasses import dataclass
from datetime import datetime

from backend.services.samples import Row
from backend.values import DatasetType, JobStatus, RoundStatus, Stage

FEWEST = 10
"""No distribution is drawn, and no share of a category given, from fewer rows."""


@dataclass(frozen=True)
class Head:
    """Which round, of what, by whom and when. `seconds`: from its launch to its end, or until now."""

    id: int
    project_id: int
    number: int
    parent_id: int | None
    parent_number: int | None
    status: RoundStatus
    stage: Stage
    recipe: str
    title: str
    paper: str
    phase: int
    phases: int
    num_prompts: int
    seed: int
    is_reviewed: bool
    is_blind: bool
    checkpoint_id: int | None
    checkpoint: str
    created_by: str
    created_at: datetime
    finished_at: datetime | None
    seconds: float
    error: str | None


@dataclass(frozen=True)
class Knob:
    """A knob as it was set. `default`: what the recipe has there; None where the recipe's own text is not known."""

    name: str
    value: str
    default: str | None
    differs: bool


@dataclass(frozen=True)
class StepAsked:
    """One step. `number` counts from 1; `line` says what it is and works on. `state`: empty, `added` or `replaced`."""

    number: int
    line: str
    kind: str
    part: str
    name: str
    state: str
    knobs: tuple[Knob, ...]


@dataclass(frozen=True)
class Template:
    """A text that a step sends. `content_hash`: the SHA-256 that its judgments carry."""

    step: int
    knob: str
    content_hash: str
    text: str


@dataclass(frozen=True)
class RoleAsked:
    """Which checkpoint acted in a role; `note` says where that came from."""

    role: str
    checkpoint_id: int
    checkpoint: str
    kind: str
    note: str


@dataclass(frozen=True)
class SetAsked:
    """A prompt set and its use: sample, held_out or mix."""

    prompt_set_id: int
    name: str
    use: str
    num_prompts: int


@dataclass(frozen=True)
class StageTime:
    """One job, or the time that the round waited for people (`job_id` None)."""

    job_id: int | None
    what: str
    stage: Stage
    status: JobStatus | None
    worker: str
    host: str
    started_at: datetime | None
    finished_at: datetime | None
    seconds: float | None
    attempts: int
    error: str


@dataclass(frozen=True)
class Asked:
    """What was asked for. `removed`: steps of the recipe that this round leaves out. `knobs`: beside the steps."""

    steps: tuple[StepAsked, ...]
    removed: tuple[str, ...]
    knobs: tuple[Knob, ...]
    tuned: tuple[str, ...]
    templates: tuple[Template, ...]
    roles: tuple[RoleAsked, ...]
    sets: tuple[SetAsked, ...]
    stages: tuple[StageTime, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Measure:
    """A metric with its 95 % interval, and its change since what it is compared with.

    `of`: `made` (the checkpoint that the round made), `start` (the one it started from), `other` or `round`. `p`:
    McNemar's exact test, where both were measured on the same prompts one by one.
    """

    name: str
    of: str
    checkpoint: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    compared_with: str
    before: float | None
    change: float | None
    change_low: float | None
    change_high: float | None
    p: float | None
    newly_right: int | None
    newly_wrong: int | None


@dataclass(frozen=True)
class Measured:
    metrics: tuple[Measure, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Warned:
    """Something to look at. `level`: red or amber; `href` opens what it speaks of."""

    level: str
    text: str
    value: float | None
    low: float | None
    high: float | None
    limit: float | None
    n: int
    href: str


@dataclass(frozen=True)
class Arm:
    """What leaves or joins the flow at a stage. `href` opens its rows."""

    reason: str
    count: int
    href: str


@dataclass(frozen=True)
class FlowStage:
    """What is left at a stage, in `unit`; `share` of the stage before got here, None where that cannot be said."""

    name: str
    count: int
    unit: str
    share: float | None
    dropped: tuple[Arm, ...]
    joined: tuple[Arm, ...]
    href: str


@dataclass(frozen=True)
class Flow:
    """From prompts to the rows of one dataset; without a dataset as far as the round came."""

    title: str
    dataset_id: int | None
    stages: tuple[FlowStage, ...]


@dataclass(frozen=True)
class Flows:
    flows: tuple[Flow, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Bin:
    """Rows from `low` up to `high`, the last bin with its end; by verdict where that is told."""

    low: float
    high: float
    count: int
    accepted: int = 0
    rejected: int = 0


@dataclass(frozen=True)
class Category:
    """The texts to prompts of one value of a metadata key; shares are None for fewer than `FEWEST` with a verdict."""

    key: str
    value: str
    n: int
    judged: int
    accepted: float | None
    low: float | None
    high: float | None
    score: float | None


@dataclass(frozen=True)
class Spread:
    """The texts of one step (None: of a recipe of slots). `counted` texts are in it, of about `total`."""

    step: int | None
    name: str
    counted: int
    scores: tuple[Bin, ...]
    lengths: tuple[Bin, ...]
    categories: tuple[Category, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Spreads:
    """`counted` of about `total` texts were looked at: all, or an even draw. `fewest`: see `FEWEST`."""

    spreads: tuple[Spread, ...]
    counted: int
    total: int
    missing: tuple[str, ...]
    fewest: int = FEWEST


@dataclass(frozen=True)
class Extreme:
    """Up to ten texts at one end of an order; `href` opens the whole list."""

    title: str
    rows: tuple[Row, ...]
    href: str
    missing: str


@dataclass(frozen=True)
class Agreed:
    """Agreement of people on one criterion, over the items that two or more decided."""

    criterion: str
    people: int
    n: int
    share: float | None
    share_low: float | None
    share_high: float | None
    alpha: float | None
    alpha_low: float | None
    alpha_high: float | None


@dataclass(frozen=True)
class Person:
    """One person's items; told to curators only."""

    name: str
    decided: int
    overridden: int
    minutes: float


@dataclass(frozen=True)
class People:
    """`looked_at`: texts that the judge had labelled and people gave a verdict; `overridden` of these otherwise."""

    is_told: bool
    kinds: dict[str, int]
    people: int
    looked_at: int | None
    overridden: int | None
    share: float | None
    low: float | None
    high: float | None
    minutes: float | None
    agreement: tuple[Agreed, ...]
    each: tuple[Person, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class FailedRow:
    id: int
    stage: Stage
    kind: str
    reason: str
    prompt: str
    prompt_id: int | None
    sample_id: int | None


@dataclass(frozen=True)
class Failed:
    """What was left out and not made since. `counts`: by stage and kind; `rows`: the first of them."""

    total: int
    counts: tuple[Arm, ...]
    rows: tuple[FailedRow, ...]
    cannot_retry: str
    href: str


@dataclass(frozen=True)
class DatasetCard:
    """`parts`: rows by where they came from; `made_from`: what one needs to make them again."""

    id: int
    step: int
    what: str
    type: DatasetType
    num_examples: int
    content_hash: str
    frozen_at: datetime
    parts: dict[str, int]
    made_from: dict[str, str]
    href: str


@dataclass(frozen=True)
class Cost:
    """Tokens, seconds of jobs, and people's minutes. Per kept row: each divided by the rows that were kept."""

    tokens_written: int | None
    tokens_judging: int | None
    tokens_read: int | None
    tokens_trained: int | None
    seconds: dict[str, float]
    total_seconds: float
    review_minutes: float | None
    kept: int | None
    tokens_per_row: float | None
    seconds_per_row: float | None
    minutes_per_row: float | None
    missing: tuple[str, ...]


@dataclass(frozen=True)
class Opening:
    """What a page shows first."""

    head: Head
    asked: Asked
    measured: Measured
    warnings: tuple[Warned, ...]


@dataclass(frozen=True)
class Texts:
    """What became of the texts."""

    flows: Flows
    spreads: Spreads
    extremes: tuple[Extreme, ...]


@dataclass(frozen=True)
class Work:
    """Who worked on it, what went wrong, what came out, and what it cost."""

    people: People
    failed: Failed
    datasets: tuple[DatasetCard, ...]
    cost: Cost


@dataclass(frozen=True)
class Report:
    """All of it."""

    opening: Opening
    texts: Texts
    work: Work
