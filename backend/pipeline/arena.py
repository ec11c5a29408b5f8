"""A judge plays the matches of an arena: it is asked for the better answer twice, each answer once in each place."""

from collections.abc import Sequence
from itertools import islice

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.boundary import clean
from backend.db import reading, session, tables
from backend.engines import Engine
from backend.errors import NotFound
from backend.jobs import fenced
from backend.jobs.progress import JobProgress
from backend.judges.pairwise_swapped import PairwiseSwapped, read
from backend.pipeline.bind import engine_for
from backend.pipeline.stage import Finish
from backend.values import Messages, Sampling

KIND = "arena"
AT_ONCE = 16
UNCLEAR, FAILED = "unclear", "failed"

Match = tuple[int, Messages, str, str]
"""Its id, the prompt, and what the first and the second checkpoint answered."""


def run(job_id: int, attempt: int, progress: JobProgress) -> Finish:
    """Play the matches that the judge has not played yet, and write each batch as it is done.

    A match that it cannot be asked about is noted as failed with the reason, and the others go on.
    """
    with reading() as db:
        arena_id = db.get_one(tables.Job, job_id).spec["arena_id"]
        arena = db.get(tables.Arena, arena_id)
        if arena is None or arena.judge_id is None:
            raise NotFound(f"Arena {arena_id} is gone, or has no judge. There is nothing left to play.")
        judge_id, matches = arena.judge_id, _unplayed(db, arena_id)
    progress.start(len(matches), "matches")
    judge, waiting = PairwiseSwapped(), iter(matches)
    with engine_for(judge_id) as engine:
        while some := list(islice(waiting, AT_ONCE)):
            _play(engine, judge, some, job_id, attempt)
            progress.advance(len(some))
    return lambda db: None


def _unplayed(db: Session, arena_id: int) -> list[Match]:
    match, prompt, sample = tables.ArenaMatch, tables.Prompt, tables.Sample
    rows = db.execute(
        select(match.id, prompt.messages, match.first_sample_id, match.second_sample_id)
        .join(prompt, prompt.id == match.prompt_id)
        .where(match.arena_id == arena_id, match.as_a.is_(None))
        .order_by(match.id)
    ).all()
    ids = [id_ for row in rows for id_ in row[2:]]
    texts = dict(db.execute(select(sample.id, sample.text).where(sample.id.in_(ids))).tuples().all())
    return [(id_, messages, texts[first], texts[second]) for id_, messages, first, second in rows]


def _play(engine: Engine, judge: PairwiseSwapped, matches: Sequence[Match], job_id: int, attempt: int) -> None:
    chats = [
        judge.render(prompt, *places) for _, prompt, first, two in matches for places in ((first, two), (two, first))
    ]
    sampling = Sampling(temperature=0.0, top_p=1.0, max_tokens=judge.max_tokens, n=1, seed=0)
    replies = [reply[0] for reply in engine.complete(chats, sampling)]
    with session() as db:
        fenced(db, job_id, attempt)
        for (match_id, *_), as_a, as_b in zip(matches, replies[::2], replies[1::2], strict=True):
            row = db.get_one(tables.ArenaMatch, match_id)
            if (failure := as_a.failure or as_b.failure) is not None:
                row.as_a, row.as_b, row.replies = FAILED, FAILED, [clean(failure.reason)]
                continue
            row.as_a = {"A": "first", "B": "second", None: UNCLEAR}[read(as_a)]
            row.as_b = {"A": "second", "B": "first", None: UNCLEAR}[read(as_b)]
            row.replies = [clean(as_a.text), clean(as_b.text)]
