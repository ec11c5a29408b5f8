"""What the judge said, as reviewers see it."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.db.built import built_once, some
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


@dataclass(frozen=True)
class Strongest:
    """The strongest sign of a sample (`values.Sign`), and how informative a decision on it is."""

    informativeness: float
    sign: str


def judge_views(db: Session, sample_ids: Sequence[int]) -> dict[int, JudgeView]:
    """What the judge said of these samples."""
    return views_and_signs(db, sample_ids)[0]


def views_and_signs(db: Session, sample_ids: Sequence[int]) -> tuple[dict[int, JudgeView], dict[int, Strongest]]:
    """What the judge said of these samples, and the strongest sign of each, where one was written."""
    replies: dict[int, list[Reply]] = defaultdict(list)
    rows: dict[int, Any] = {}
    for row in db.connection().execute(_replies(), {"sample_ids": sample_ids}) if sample_ids else ():
        rows[row.sample_id] = row
        if row.judge is not None:
            text, length = row.rationale, row.length
            shown = text if length <= SHOWN_RATIONALE else f"{text} … ({length:,} characters)"
            replies[row.sample_id].append(Reply(row.judge, row.score, row.verdict, shown))
    views = {
        n: JudgeView(row.machine_score, row.machine_verdict, row.machine_spread, tuple(replies[n]))
        for n, row in rows.items()
    }
    signs = {n: Strongest(row.informativeness, row.why) for n, row in rows.items() if row.why is not None}
    return views, signs


@built_once
def _replies() -> Any:
    """A row for each reply, and one for a sample without any."""
    judgment, label, sign = tables.Judgment, tables.Label, tables.Informativeness
    rationale = func.substr(judgment.rationale, 1, SHOWN_RATIONALE).label("rationale")
    said = (judgment.sample_id == label.sample_id) & (judgment.position < SHOWN_REPLIES)
    return (
        select(label.sample_id, label.machine_score, label.machine_verdict, label.machine_spread)
        .add_columns(sign.informativeness.label("informativeness"), sign.why.label("why"))
        .add_columns(judgment.judge, judgment.score, judgment.verdict)
        .add_columns(rationale, func.length(judgment.rationale).label("length"))
        .outerjoin(sign, sign.sample_id == label.sample_id)
        .outerjoin(judgment, said)
        .where(label.sample_id.in_(some("sample_ids")))
        .order_by(label.sample_id, judgment.judge, judgment.position)
    )
