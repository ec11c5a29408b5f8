"""What a stage leaves out and goes on without: its rows, and the gate that tells one bad prompt from a bad server."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from backend.boundary import clean
from backend.db import now, reading, tables
from backend.db.bulk import insert_rows
from backend.db.many import among, in_chunks
from backend.errors import Cancelled, EngineError, InvalidInput, JudgeError, MissingPrerequisite, PromptError
from backend.jobs import refusals
from backend.pipeline.stage import StageContext
from backend.translations import N_
from backend.values import Failure, FailureKind, Stage

RETRY = refusals.BESIDE
"""The kind of a job that asks again only for what was left out."""
IN_A_ROW = 16
"""So many failures with nothing served between them, none in the texts themselves, stop the job: it is the server."""
KEYS_AT_ONCE = 500
SYSTEMATIC = (MissingPrerequisite, Cancelled, JudgeError, MemoryError, OSError, SQLAlchemyError)
WORDS = {
    FailureKind.context: N_("too long for the context"),
    FailureKind.template: N_("refused by the chat template"),
    FailureKind.filter: N_("refused by a content filter"),
    FailureKind.refused: N_("refused by the server"),
    FailureKind.timeout: N_("no reply in time"),
    FailureKind.reply: N_("a reply that cannot be read"),
    FailureKind.server: N_("an error of the server"),
    FailureKind.error: N_("an unexpected error"),
    FailureKind.too_long: N_("longer than max_length"),
    FailureKind.special: N_("holds a special token as text"),
    FailureKind.unfinished: N_("not over after the last turn"),
}
"""What funnels say of each kind."""


@dataclass(frozen=True)
class LeftOutItem:
    """One thing that was left out, and where it stands."""

    failure: Failure
    group_id: int | None
    prompt_id: int | None
    sample_id: int | None = None
    checkpoint_id: int | None = None
    position: int | None = None

    @property
    def key(self) -> str:
        """What names the place within the round and stage."""
        parts = (self.group_id, self.sample_id, self.checkpoint_id, self.position)
        return "/".join("-" if part is None else str(part) for part in parts)


def is_retry(stage: StageContext) -> bool:
    """Whether the job asks again only for what was left out."""
    return stage.kind == RETRY


def step_of(stage: StageContext) -> int | None:
    """The step that rows of this stage name: none for the first, as in a recipe of slots."""
    return None if stage.is_first else stage.step


def key_of(stage: StageContext, item: LeftOutItem) -> str:
    """What names the place of an item within the round and stage."""
    step = step_of(stage)
    return item.key if step is None else f"{item.key}@{step}"


def failure_of(error: Exception) -> Failure:
    """Why one prompt or sample fails alone; raises the error again if it would befall all."""
    if isinstance(error, PromptError):
        return Failure(FailureKind(error.kind), error.message)
    if isinstance(error, (*SYSTEMATIC, EngineError)):
        raise error
    message = error.message if isinstance(error, InvalidInput) else f"Unexpected {type(error).__name__}: {error}"
    return Failure(FailureKind.error, message)


def write(db: Session, stage: StageContext, items: Sequence[LeftOutItem]) -> None:
    """Insert what a batch left out, in the batch's transaction."""
    if not items:
        return
    common = {
        "project_id": stage.round.project_id,
        "round_id": stage.round.id,
        "stage": stage.stage,
        "step": step_of(stage),
        "job_id": stage.job_id,
        "attempts": 1,
        "created_at": now(),
    }
    names = ("group_id", "prompt_id", "sample_id", "checkpoint_id", "position")
    columns: dict[str, list[Any]] = {name: [getattr(item, name) for item in items] for name in names}
    columns |= {
        "item": [key_of(stage, item) for item in items],
        "kind": [item.failure.kind for item in items],
        "reason": [clean(item.failure.reason) for item in items],
    }
    insert_rows(db, tables.LeftOut, common, columns)


def rewrite(db: Session, stage: StageContext, asked: Iterable[int], items: Sequence[LeftOutItem]) -> None:
    """After a retry of the rows `asked`: those that failed again say so, the others are resolved."""
    again = {key_of(stage, item): item for item in items}
    query = select(tables.LeftOut).where(among(tables.LeftOut.id, list(asked)))
    for row in db.scalars(query):
        item = again.pop(row.item, None)
        row.asked_at, row.job_id = None, stage.job_id
        if item is None:
            row.resolved_at = now()
        else:
            row.kind, row.reason = item.failure.kind, clean(item.failure.reason)
            row.attempts += 1
    keys, known = list(again), set[str]()
    for chunk in in_chunks(keys, KEYS_AT_ONCE):
        some = tables.LeftOut.item.in_(chunk)
        known |= set(db.scalars(_of(select(tables.LeftOut.item), stage).where(some)))
    write(db, stage, [item for key, item in again.items() if key not in known])


def _of(query: Any, stage: StageContext) -> Any:
    row, step = tables.LeftOut, step_of(stage)
    of_step = row.step.is_(None) if step is None else row.step == step
    return query.where(row.round_id == stage.round.id, row.stage == stage.stage, of_step)


def group_ids(stage: StageContext, checkpoint_id: int) -> set[int]:
    """Groups of which something was left out by this stage and checkpoint: they were asked, and are not missing."""
    row = tables.LeftOut
    with reading() as db:
        query = _of(select(row.group_id).distinct(), stage).where(row.checkpoint_id == checkpoint_id)
        return {int(group_id) for group_id in db.scalars(query) if group_id is not None}


def sample_ids(stage: StageContext) -> set[int]:
    """Samples that this stage left out."""
    with reading() as db:
        query = _of(select(tables.LeftOut.sample_id).distinct(), stage)
        return {int(sample_id) for sample_id in db.scalars(query) if sample_id is not None}


def replies(stage: StageContext) -> set[tuple[int | None, int | None]]:
    """The places of replies that this stage left out: the sample, and which reply about it."""
    row = tables.LeftOut
    with reading() as db:
        return {(sample, place) for sample, place in db.execute(_of(select(row.sample_id, row.position), stage))}


def asked(stage: StageContext) -> list[tables.LeftOut]:
    """The rows that somebody wants tried again."""
    row = tables.LeftOut
    with reading() as db:
        query = _of(select(row), stage).where(row.asked_at.is_not(None), row.resolved_at.is_(None))
        return list(db.scalars(query.order_by(row.id)))


def counts(db: Session, round_id: int, stage: Stage) -> dict[str, int]:
    """How many prompts (of the judge, samples) of which nothing was made a stage left out, by reason in words."""
    row = tables.LeftOut
    query = select(row.kind, func.count()).where(
        row.round_id == round_id, row.stage == stage, row.resolved_at.is_(None), row.position.is_(None)
    )
    return {WORDS[kind]: count for kind, count in db.execute(query.group_by(row.kind).order_by(row.kind))}


class ServedGate:
    """Holds back batches of which nothing was served until something is, so that a bad server leaves no rows.

    A killed job asks for the batches that were held back again. in_order: no batch is written before one that is held
    back, for a stage that goes on by the number of batches written. who: what stops at too many failures in a row.
    """

    def __init__(self, what: str, *, anything_yet: bool, in_order: bool = False, who: str = "the job") -> None:
        self.what, self.anything, self.in_order, self.who = what, anything_yet, in_order, who
        self.is_served = False
        """Whether this process was served anything itself, whatever others were."""
        self.held: list[Callable[[], None]] = []
        self.failures: list[Failure] = []
        self.reasons: Counter[str] = Counter()
        self.kinds: set[FailureKind] = set()
        self.brought = False
        """Whether files brought samples, which no server had to serve."""

    def pass_batch(self, write: Callable[[], None], *, served: int, failures: Sequence[Failure]) -> None:
        """Write a batch, now or once something was served; raises `EngineError` after too many failures in a row."""
        self.reasons.update(failure.reason for failure in failures)
        self.kinds |= {failure.kind for failure in failures}
        self.is_served = self.is_served or served > 0
        doubtful = [failure for failure in failures if not failure.kind.is_own]
        if served or not (doubtful or (self.in_order and self.held)):
            self.anything = self.anything or served > 0
            if served:
                self.flush()
            write()
            return
        self.held.append(write)
        self.failures += doubtful
        if len(self.failures) >= IN_A_ROW:
            raise EngineError(
                f"{len(self.failures)} {self.what} in a row could not be served, so {self.who} stops. The first: "
                f"{self.failures[0].reason}"
            )

    def flush(self) -> None:
        """Write what was held back."""
        for write in self.held:
            write()
        self.held.clear()
        self.failures.clear()

    def close(self) -> None:
        """At the stage's end: raises `EngineError` where nothing was ever served, else writes what was held back."""
        is_hopeless = not self.brought or any(not kind.is_own for kind in self.kinds)
        if not self.anything and self.reasons and is_hopeless:
            reason, count = self.reasons.most_common(1)[0]
            total = sum(self.reasons.values())
            many = f"All {total} {self.what} failed. " if total > 1 else ""
            raise EngineError(f"{many}{f'{count} of them: ' if 1 < count < total else ''}{reason}")
        self.flush()
