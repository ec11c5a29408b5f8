"""What the judge said, as reviewers see it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.values import Verdict

SHOWN_REPLIES = 8
SHOWN_RATIONALE = 4_000


@dataclass(frozen=True)
class Reply:
    """One reply of the judge. A rationale of more than `SHOWN_RATIONALE` characters is cut, and says so."""

    judge: str
    score: float | None
    verdict: Verdict | None
    rationale: str


@dataclass(frozen=True)
class JudgeView:
    """What the judge said of a sample: the label it gave and the replies behind it."""

    score: float | None
    verdict: Verdict | None
    spread: float | None
    replies: tuple[Reply, ...]


def judge_views(db: Session, sample_ids: Sequence[int]) -> dict[int, JudgeView]:
    """What the judge said of these samples."""
    if not sample_ids:
        return {}
    judgment, label = tables.Judgment, tables.Label
    rationale = func.substr(judgment.rationale, 1, SHOWN_RATIONALE), func.length(judgment.rationale)
    query = (
        select(judgment.sample_id, judgment.judge, judgment.score, judgment.verdict, *rationale)
        .where(judgment.sample_id.in_(sample_ids), judgment.position < SHOWN_REPLIES)
        .order_by(judgment.sample_id, judgment.judge, judgment.position)
    )
    replies: dict[int, list[Reply]] = defaultdict(list)
    for sample_id, judge, score, verdict, text, length in db.execute(query):
        shown = text if length <= SHOWN_RATIONALE else f"{text} … ({length:,} characters)"
        replies[sample_id].append(Reply(judge, score, verdict, shown))
    machine = select(label.sample_id, label.machine_score, label.machine_verdict, label.machine_spread)
    return {
        sample_id: JudgeView(score, verdict, spread, tuple(replies[sample_id]))
        for sample_id, score, verdict, spread in db.execute(machine.where(label.sample_id.in_(sample_ids)))
    }
