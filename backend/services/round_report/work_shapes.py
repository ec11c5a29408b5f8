"""What a report says of people, failures, datasets and cost: see `shapes`."""

from dataclasses import dataclass
from datetime import datetime

from backend.services.round_report.text_shapes import Arm
from backend.values import DatasetType, FailureKind, Stage


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
class PersonWork:
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
    each: tuple[PersonWork, ...]
    missing: tuple[str, ...]
    target: str = ""
    """A page with its query, where people can do what is missing; empty where there is none."""


@dataclass(frozen=True)
class FailedRow:
    id: int
    stage: Stage
    kind: FailureKind
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
    missing: str = ""
    """Why it is not known."""


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
class EndpointCost:
    """What a round took from an endpoint. `cost`: at the prices of the time; None where no token had one.

    `uncounted`: requests whose reply did not say what they took; `unpriced`: tokens without a price.
    """

    checkpoint_id: int
    name: str
    requests: int
    tokens_in: int
    tokens_out: int
    uncounted: int
    cost: float | None
    unpriced: int


@dataclass(frozen=True)
class Cost:
    """Tokens, seconds of jobs, people's minutes, and what endpoints cost. Per kept row: each divided by the rows that
    were kept."""

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
    endpoints: tuple[EndpointCost, ...] = ()
    endpoint_cost: float | None = None
    """The sum over the endpoints; None where no price was known."""
    reads_unknown: bool = False
    """Whether a model read tokens that nobody counted."""


@dataclass(frozen=True)
class WorkSection:
    """Who worked on it, what went wrong, what came out, and what it cost."""

    people: People
    failed: Failed
    datasets: tuple[DatasetCard, ...]
    cost: Cost
