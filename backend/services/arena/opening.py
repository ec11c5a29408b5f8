"""Opening an arena: prompts that two checkpoints answered differently, drawn at random, and a judge for the same."""

import random
import secrets

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session, aliased

from backend import boundary, jobs
from backend.db import session, tables
from backend.errors import InvalidInput, NotFound
from backend.pipeline.arena import KIND
from backend.services import archived, events
from backend.services.access import Actor, require
from backend.services.held_out import measured
from backend.services.held_out.measured import Measurement
from backend.values import SCORER, Role, SampleKind, Split, Stage

USUAL, FEWEST, MOST = 20, 3, 200


def open_arena(
    actor: Actor, project_id: int, first_id: int, second_id: int, *, number: int = USUAL, judge_id: int | None = None
) -> int:
    """Draw so many matches of two checkpoints and return the arena's id; with a judge, start the job in which it plays.

    Of fewer prompts that both answered, and in other words, all are taken. Raises `InvalidInput` for fewer than three
    of them, `NotFound` for a checkpoint that has no held-out answers.
    """
    boundary.whole(number, "number", least=FEWEST, most=MOST)
    if first_id == second_id:
        raise InvalidInput("Both sides are the same checkpoint. Choose two.")
    with session() as db:
        require(db, actor, project_id, Role.curator)
        first, two = measured.choose(measured.all_of(db, project_id), [first_id, second_id])
        for side in (first, two):
            archived.refuse_held(db, side.round_id)
        _check_judge(db, project_id, judge_id)
        secret = secrets.token_hex(32)
        pairs, same = _pairs(db, first, two, number, secret)
        row = tables.Arena(
            project_id=project_id,
            first_id=first_id,
            second_id=second_id,
            judge_id=judge_id,
            secret=secret,
            num_same=same,
            created_by=actor.user_id,
        )
        db.add(row)
        db.flush()
        db.add_all(
            tables.ArenaMatch(arena_id=row.id, prompt_id=prompt_id, first_sample_id=left, second_sample_id=right)
            for prompt_id, left, right in pairs
        )
        if judge_id is not None:
            spec = {"kind": KIND, "arena_id": row.id}
            jobs.enqueue(db, stage=Stage.judge, project_id=project_id, spec=spec, created_by=actor.user_id)
        events.note(db, actor, "open arena", f"arena {row.id}", project_id=project_id, matches=len(pairs))
        return row.id


def _pairs(
    db: Session, left_side: Measurement, two: Measurement, number: int, secret: str
) -> tuple[list[tuple[int, int, int]], int]:
    """Prompt and both samples of each match, and how many prompts both answered in the same words."""
    left, right = aliased(tables.Sample), aliased(tables.Sample)
    joined = (
        select(left.prompt_id, left.id, right.id)
        .join(right, right.prompt_id == left.prompt_id)
        .where(*_of(left, left_side), *_of(right, two))
    )
    differing = list(db.execute(joined.where(left.text != right.text).order_by(left.prompt_id)).tuples())
    both = db.scalar(select(func.count()).select_from(joined.subquery())) or 0
    if len(differing) < FEWEST:
        raise InvalidInput(
            f"{left_side.checkpoint} and {two.checkpoint} both answered {both:,} held-out prompts, {len(differing)} "
            "of them "
            f"in other words. An arena needs {FEWEST}: measure both on the same held-out set."
        )
    drawn = random.Random(secret).sample(differing, min(number, len(differing)))
    return [(prompt_id, first, second) for prompt_id, first, second in drawn], both - len(differing)


def _of(sample: type[tables.Sample], measurement: Measurement) -> tuple[ColumnElement[bool], ...]:
    """The greedy answers of a measurement."""
    return (
        sample.round_id == measurement.round_id,
        sample.checkpoint_id == measurement.checkpoint_id,
        sample.split == Split.held_out,
        sample.position == 0,
        sample.kind == SampleKind.completion,
    )


def _check_judge(db: Session, project_id: int, judge_id: int | None) -> None:
    if judge_id is None:
        return
    row = db.get(tables.Checkpoint, judge_id)
    if row is None or row.project_id != project_id:
        raise NotFound(f"There is no checkpoint {judge_id} in this project. Choose a judge from the list.")
    if row.kind == SCORER:
        raise InvalidInput(f"{row.name} is a scorer, which writes no text. Choose a language model as the judge.")
