"""What a round cost: tokens, seconds of its jobs, people's minutes; and each per row that was kept."""

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.engines._wrapper import innermost
from backend.services.round_report.shapes import Cost, EndpointCost, StageTime
from backend.translations import N_, gettext, ngettext
from backend.values import JobStatus, Stage

NOT_READ = N_(
    "Tokens that models read here are not kept, so the tokens in are unknown; those that they wrote are exact. "
    "Endpoints count theirs."
)
NOT_COUNTED = N_("A training whose trainer counts no tokens is not in the tokens trained on.")
COUNTED_TO = N_(
    "The tokens trained on are those up to step {step} of {total}, the last one that was logged of a training."
)
LAST_JUDGE = N_("The tokens of judging are those of the last judge step; the steps before are not counted apart.")


def cost(db: Session, row: tables.Round, times: tuple[StageTime, ...], minutes: float | None) -> Cost:
    """Tokens as the stages counted them at their end; None where one has not ended."""
    counts = row.counts
    written, judging, kept = counts.get("tokens"), counts.get("judge_tokens"), counts.get("kept")
    seconds: dict[str, float] = defaultdict(float)
    for time in times:
        if time.job_id is not None and time.seconds is not None:
            seconds[str(time.stage)] += time.seconds
    total = sum(seconds.values())
    known = [number for number in (written, judging) if number is not None]
    asked = endpoints(db, row.id)
    reads_unknown = not asked or _local_acted(db, row.id)
    trained, uncounted = _trained(db, row.id)
    missing = [*([gettext(NOT_READ)] if reads_unknown else []), *_about(asked), *uncounted]
    steps = row.recipe.get("steps") or (row.recipe.get("phases") or [{}])[-1].get("steps", [])
    if sum(step.get("kind") == "judge" for step in steps) > 1:
        missing.append(gettext(LAST_JUDGE))
    if minutes is None and row.archived_at is None:
        missing.append(gettext("Nobody reviewed it here, so there are no review minutes."))
    if not kept:
        missing.append(gettext("Nothing was kept yet, so there is no cost per kept row."))
    return Cost(
        written,
        judging,
        None,
        trained,
        dict(seconds),
        total,
        minutes,
        kept,
        sum(known) / kept if kept and known else None,
        total / kept if kept else None,
        minutes / kept if kept and minutes is not None else None,
        tuple(missing),
        asked,
        _sum(asked),
        reads_unknown,
    )


def _local_acted(db: Session, round_id: int) -> bool:
    """Whether a model that no endpoint serves wrote or judged in the round, or was bound to a role of it."""
    checkpoint, sample, judgment, role = tables.Checkpoint, tables.Sample, tables.Judgment, tables.RoundRole
    acted = (
        select(sample.checkpoint_id).where(sample.round_id == round_id),
        select(judgment.checkpoint_id).where(judgment.round_id == round_id),
        # What a training made on the way has a step.
        select(role.checkpoint_id).where(role.round_id == round_id, role.step < 0),
    )
    engines = db.scalars(
        select(checkpoint.engine).where(or_(*(checkpoint.id.in_(checkpoint_ids) for checkpoint_ids in acted)))
    )
    return any(innermost(engine).get("name") != "openai" for engine in engines)


def endpoints(db: Session, round_id: int) -> tuple[EndpointCost, ...]:
    """What a round took from each endpoint so far, in the order in which they were first asked."""
    use, checkpoint = tables.EndpointUse, tables.Checkpoint
    numbers = (use.requests, use.tokens_in, use.tokens_out, use.uncounted, use.cost, use.unpriced)
    columns: list[Any] = [checkpoint.id, checkpoint.name, *[func.sum(number) for number in numbers]]
    query = (
        select(*columns)
        .join(checkpoint, checkpoint.id == use.checkpoint_id)
        .where(use.round_id == round_id)
        .group_by(checkpoint.id, checkpoint.name)
        .order_by(func.min(use.id))
    )
    return tuple(_of_endpoint(id_, name, sums) for id_, name, *sums in db.execute(query))


def _of_endpoint(checkpoint_id: int, name: str, sums: Sequence[float]) -> EndpointCost:
    requests, read, written, uncounted, cost, unpriced = sums
    known = None if unpriced >= read + written else float(cost)
    return EndpointCost(
        checkpoint_id, name, int(requests), int(read), int(written), int(uncounted), known, int(unpriced)
    )


def _sum(asked: tuple[EndpointCost, ...]) -> float | None:
    known = [asked_endpoint.cost for asked_endpoint in asked if asked_endpoint.cost is not None]
    return math.fsum(known) if known else None


def _about(asked: tuple[EndpointCost, ...]) -> list[str]:
    """What is not known of the endpoints' cost."""
    sentences = []
    for asked_endpoint in asked:
        if asked_endpoint.unpriced:
            text = ngettext(
                "{number} token of {name} had no price: give one in its settings on the page Checkpoints.",
                "{number} tokens of {name} had no price: give one in its settings on the page Checkpoints.",
                asked_endpoint.unpriced,
            )
            sentences.append(text.format(number=f"{asked_endpoint.unpriced:,}", name=asked_endpoint.name))
        if asked_endpoint.uncounted:
            text = ngettext(
                "{number} reply of {name} without a count of tokens: what it took is not in the cost.",
                "{number} replies of {name} without a count of tokens: what it took is not in the cost.",
                asked_endpoint.uncounted,
            )
            sentences.append(text.format(number=f"{asked_endpoint.uncounted:,}", name=asked_endpoint.name))
    return sentences


def _trained(db: Session, round_id: int) -> tuple[int | None, list[str]]:
    """Tokens that the trainings went over, in all their passes, where they say so; and what is not in them."""
    job, point = tables.Job, tables.JobPoint
    trainings = (
        select(job.id, job.status, job.total, func.max(point.step), func.max(point.value))
        .outerjoin(point, (point.job_id == job.id) & (point.name == "num_tokens"))
        .where(job.round_id == round_id, job.stage == Stage.train)
        .group_by(job.id, job.status, job.total)
        .order_by(job.id)
    )
    total, uncounted = 0.0, []
    counting = False
    for _, status, steps, step, tokens in db.execute(trainings):
        if tokens is None:
            uncounted += [gettext(NOT_COUNTED)] if status == JobStatus.done else []
            continue
        counting, total = True, total + tokens
        if step < steps:
            uncounted.append(gettext(COUNTED_TO).format(step=f"{step:,}", total=f"{steps:,}"))
    return (round(total) if counting else None), list(dict.fromkeys(uncounted))
