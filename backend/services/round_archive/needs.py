"""What keeps a round's rows in the database: whoever goes on with them, and whatever refers to them."""

from collections.abc import Iterator

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from backend import jobs
from backend.db import tables
from backend.db.many import among
from backend.errors import Conflict
from backend.values import RoundStatus

ENDED = (RoundStatus.done, RoundStatus.failed, RoundStatus.cancelled)
MOST_NAMED = 5


def refuse_at_work(db: Session, row: tables.Round) -> None:
    """Raise `Conflict` while the round, one that came from it, or a job may read its rows; says the way out."""
    if row.status not in ENDED:
        raise Conflict(f"Round {row.number} is {row.status}. Archive it when it has ended, or cancel it first.")
    later = below(db, row)
    going_on = [round_.number for round_ in later if round_.status not in ENDED]
    if going_on:
        raise Conflict(
            f"{in_words(going_on)} came from round {row.number} and may still read its rows. Archive it when "
            f"{'that has' if len(going_on) == 1 else 'these have'} ended."
        )
    job = tables.Job
    ids = [row.id, *(round_.id for round_ in later)]
    reads = or_(job.round_id.is_(None), among(job.round_id, ids))  # type: ignore[arg-type]
    active = db.scalars(
        select(job.id).where(job.project_id == row.project_id, job.status.in_(jobs.ACTIVE), reads).order_by(job.id)
    ).first()
    if active is not None:
        raise Conflict(f"Job {active} may still read round {row.number}. Wait for its end or cancel it, then archive.")


def refuse_uses(db: Session, row: tables.Round) -> None:
    """Raise `Conflict` where something refers to the round's samples; seconds where it has a million."""
    if uses := [*uses_of(db, row)]:
        raise Conflict(f"Round {row.number} cannot be archived: {'; '.join(uses)}.")


def below(db: Session, row: tables.Round) -> list[tables.Round]:
    """The rounds that came from it, by going on from it or by branching off it, and from these."""
    all_ = db.scalars(select(tables.Round).where(tables.Round.project_id == row.project_id)).all()
    known, rounds = {row.id}, list[tables.Round]()
    while some := [
        round_ for round_ in all_ if round_.id not in known and {round_.parent_id, round_.branch_of_id} & known
    ]:
        rounds += some
        known |= {round_.id for round_ in some}
    return sorted(rounds, key=lambda round_: round_.number)


def uses_of(db: Session, row: tables.Round) -> Iterator[str]:
    """In words, what refers to the round's samples."""
    sample, example, dataset, round_ = tables.Sample, tables.Example, tables.Dataset, tables.Round
    ours = select(sample.id).where(sample.round_id == row.id).scalar_subquery()
    of_ours = or_(example.sample_id.in_(ours), example.rejected_id.in_(ours))
    query = select(round_.number).join(dataset, dataset.round_id == round_.id).join(example)
    query = query.where(dataset.round_id != row.id, of_ours).distinct().order_by(round_.number)
    if numbers := [*db.scalars(query)]:
        yield (
            f"the frozen dataset{'' if len(numbers) == 1 else 's'} of {in_words(numbers).lower()} "
            f"hold{'s' if len(numbers) == 1 else ''} its samples and would no longer be whole"
        )
    away = db.scalars(
        select(round_).where(round_.archived_at.is_not(None), round_.id != row.id).order_by(round_.number)
    )
    if numbers := [round_.number for round_ in away if row.id in round_.archive.get("rounds", ())]:
        yield f"{in_words(numbers).lower()}, archived, named its samples and could not come back; restore that first"
    group, match, bench, bench_judgment = tables.Group, tables.ArenaMatch, tables.BenchSample, tables.BenchJudgment
    if db.scalar(select(exists().where(group.parent_id.in_(ours), group.round_id != row.id))):
        yield "another round asks about its samples"
    if db.scalar(select(exists().where(or_(match.first_sample_id.in_(ours), match.second_sample_id.in_(ours))))):
        yield "an arena compares its samples"
    if any(db.scalar(select(exists().where(table.sample_id.in_(ours)))) for table in (bench, bench_judgment)):
        yield "a judge bench judges its samples"


def in_words(numbers: list[int]) -> str:
    shown = ", ".join(map(str, numbers[:MOST_NAMED]))
    rest = f" and {len(numbers) - MOST_NAMED} more" if len(numbers) > MOST_NAMED else ""
    return f"Round{'' if len(numbers) == 1 else 's'} {shown}{rest}"
