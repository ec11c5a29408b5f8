"""What a round's report says, as values; texts are as people and models wrote them, and links are relative to a page.

Every section has `missing`: what could not be said, why, and how to get it. An unknown number or interval is None.
"""

from dataclasses import dataclass, field
from datetime import datetime

from backend.services.judge_health import Health
from backend.services.results.noticed import Warned
from backend.services.round_report.text_shapes import (
    FEWEST,
    Arm,
    Category,
    Extreme,
    Flows,
    FlowStage,
    FunnelFlow,
    Spread,
    Spreads,
    Texts,
    VerdictBin,
)
from backend.services.round_report.work_shapes import (
    Agreed,
    Cost,
    DatasetCard,
    EndpointCost,
    Failed,
    FailedRow,
    People,
    PersonWork,
    WorkSection,
)
from backend.services.warnings import WarningView
from backend.values import JSON, JobStatus, LocalEngine, RoundStatus, Stage

__all__ = [
    "FEWEST",
    "Agreed",
    "Arm",
    "Category",
    "ChangedMetric",
    "Cost",
    "DatasetCard",
    "EndpointCost",
    "Extreme",
    "Failed",
    "FailedRow",
    "FlowStage",
    "Flows",
    "FunnelFlow",
    "Head",
    "MetricsSection",
    "OpeningSection",
    "People",
    "PersonWork",
    "RecipeSection",
    "Report",
    "RoleAsked",
    "SentTemplate",
    "SetAsked",
    "SetKnob",
    "Spread",
    "Spreads",
    "StageTime",
    "StepAsked",
    "Texts",
    "VerdictBin",
    "Warned",
    "WorkSection",
]


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
    engine: LocalEngine
    checkpoint_id: int | None
    checkpoint: str
    created_by: str
    created_at: datetime
    finished_at: datetime | None
    seconds: float
    error: str | None
    branch_of_id: int | None = None
    branch_of_number: int | None = None
    """The round whose rows this one began with."""
    is_archived: bool = False
    """Its rows lie in files."""
    branches: tuple[str, ...] = ()
    """Where branches of this one can begin now: judge, select, train."""
    hold: JSON = field(default_factory=dict)
    """Why the judge's light held it before its training, and who let it go on with which reason."""
    reopened: JSON = field(default_factory=dict)
    """Who opened its review again, when and why; `closed_at` once it is over again."""
    is_parent_in_trash: bool = False
    is_origin_in_trash: bool = False
    """Of a branch: the round whose rows it began with is in the trash."""
    is_review_skipped: bool = False
    """Of a branch: it begins after people's review, so nobody was asked. `is_reviewed` is kept for what follows it."""


@dataclass(frozen=True)
class SetKnob:
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
    knobs: tuple[SetKnob, ...]


@dataclass(frozen=True)
class SentTemplate:
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
class RecipeSection:
    """What was asked for. `removed`: steps of the recipe that this round leaves out. `knobs`: beside the steps."""

    steps: tuple[StepAsked, ...]
    removed: tuple[str, ...]
    knobs: tuple[SetKnob, ...]
    tuned: tuple[str, ...]
    few_shot: tuple[str, ...]
    """Of each step that shows accepted samples before its prompts: how many, of which rounds, and their hash."""
    templates: tuple[SentTemplate, ...]
    roles: tuple[RoleAsked, ...]
    sets: tuple[SetAsked, ...]
    stages: tuple[StageTime, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class ChangedMetric:
    """A metric with its 95 % interval, and its change since what it is compared with.

    `of`: `made` (the checkpoint that the round made), `start` (the one it started from), `other` or `round`. `p`:
    McNemar's exact test, where both were measured on the same prompts one by one. Interval and p are of this pair
    alone, not corrected for how many rounds are looked at.
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
class MetricsSection:
    metrics: tuple[ChangedMetric, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class OpeningSection:
    """What a page shows first. `lights`: what the project's rules found at the end of the round."""

    head: Head
    asked: RecipeSection
    measured: MetricsSection
    warnings: tuple[Warned, ...]
    lights: tuple[WarningView, ...] = ()


@dataclass(frozen=True)
class Report:
    """All of it."""

    opening: OpeningSection
    texts: Texts
    work: WorkSection
    judge: Health
