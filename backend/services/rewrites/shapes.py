"""What is shown of rewriting a judge's template."""

from dataclasses import dataclass
from datetime import datetime

from backend import jobs
from backend.pipeline.health.shapes import Estimate
from backend.services.held_out.words import Piece
from backend.values import JobStatus

__all__ = ["ChangedExample", "Estimate", "Offer", "RewriteOutcome", "RewriteRow", "RewriteView", "SplitSide"]


@dataclass(frozen=True)
class Offer:
    """What rewriting a round's template would take. `why_not`: why it cannot be done, and how it could.

    `calls`: replies of the judge, at most, for so many templates written. `note`: what is missing where this is asked.
    `as_of`: since when people may have said more; None: all of it is counted.
    """

    round_id: int
    judge: str
    judge_id: int | None
    judge_name: str
    template: str
    seen: int
    unseen: int
    rewrites: int
    calls: int
    why_not: str
    note: str = ""
    as_of: datetime | None = None


@dataclass(frozen=True)
class RewriteRow:
    """A rewrite in a list."""

    id: int
    round_id: int
    round_number: int
    status: JobStatus
    is_kept: bool | None
    created_at: datetime


@dataclass(frozen=True)
class SplitSide:
    """Labels of one side of the split, and how often the judge agrees with them before and after."""

    labels: int
    prompts: int
    before: Estimate
    after: Estimate


@dataclass(frozen=True)
class ChangedExample:
    """An unseen text on which the judge changed its mind. `is_right`: whether it agrees with people now."""

    sample_id: int
    is_right: bool
    accepts: bool
    prompt: str
    text: str
    before: str
    after: str


@dataclass(frozen=True)
class RewriteOutcome:
    """What a rewrite came to. `gain`: in agreement on unseen labels; `is_kept`: its interval lies above 0.

    `note`: why fewer templates were written than asked for.
    """

    template: str
    is_kept: bool
    message: str
    seen: SplitSide
    unseen: SplitSide
    gain: Estimate
    written: int
    refused: int
    calls: int
    pieces: tuple[Piece, ...]
    examples: tuple[ChangedExample, ...]
    note: str = ""


@dataclass(frozen=True)
class RewriteView:
    """A rewrite as far as it is. `outcome`: None until its job is done."""

    id: int
    project_id: int
    round_id: int
    round_number: int
    job_id: int | None
    status: JobStatus
    error: str | None
    done: int
    total: int
    judge: str
    judge_name: str
    reflector: str
    rewrites: int
    template: str
    outcome: RewriteOutcome | None
    created_by: str | None
    created_at: datetime

    @property
    def is_over(self) -> bool:
        return self.status not in jobs.ACTIVE
