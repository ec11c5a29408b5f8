"""What a round cost: tokens, seconds of its jobs, people's minutes; and each per row that was kept."""

from collections import defaultdict

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.services.round_report.shapes import Cost, StageTime
from backend.values import Stage

NOT_READ = "Tokens that models read are not kept, so the tokens in are unknown; those that they wrote are exact."
LAST_JUDGE = "The tokens of judging are those of the last judge step; the steps before are not counted apart."


def cost(db: Session, row: tables.Round, times: tuple[StageTime, ...], minutes: float | None) -> Cost:
    """Tokens as the stages counted them at their end; None where one has not ended."""
    counts = row.counts
    written, judging, kept = counts.get("tokens"), counts.get("judge_tokens"), counts.get("kept")
    seconds: dict[str, float] = defaultdict(float)
    for one in times:
        if one.job_id is not None and one.seconds is not None:
            seconds[str(one.stage)] += one.seconds
    total = sum(seconds.values())
    known = [number for number in (written, judging) if number is not None]
    missing = [NOT_READ]
    steps = row.recipe.get("steps") or (row.recipe.get("phases") or [{}])[-1].get("steps", [])
    if sum(step.get("kind") == "judge" for step in steps) > 1:
        missing.append(LAST_JUDGE)
    if minutes is None:
        missing.append("Nobody reviewed it here, so there are no review minutes.")
    if not kept:
        missing.append("Nothing was kept yet, so there is no cost per kept row.")
    return Cost(
        written, judging, None, _trained(db, row.id), dict(seconds), total, minutes, kept,
        sum(known) / kept if kept and known else None,
        total / kept if kept else None,
        minutes / kept if kept and minutes is not None else None,
        tuple(missing),
    )  # fmt: skip


def _trained(db: Session, round_id: int) -> int | None:
    """Tokens that the trainings went over, where they say so."""
    job, point = tables.Job, tables.JobPoint
    trainings = select(job.id).where(job.round_id == round_id, job.stage == Stage.train)
    query = select(func.max(point.value)).where(point.job_id.in_(trainings), point.name == "num_tokens")
    found = [value for (value,) in db.execute(query.group_by(point.job_id)) if value is not None]
    return round(sum(found)) if found else None
