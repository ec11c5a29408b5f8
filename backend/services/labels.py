"""The label that stands: the judge's word, or what the last person said whose decision was not taken back."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session, aliased

from backend.db import now, tables
from backend.values import DecisionKind, LabelSource, Verdict

CHUNK = 500
T = TypeVar("T")
SCORE_GAP = 0.5
"""A person's score overrides the judge's mean from this difference on: a mean of votes is seldom a whole number."""
LABELLING = (DecisionKind.accept, DecisionKind.reject, DecisionKind.score)


@dataclass(frozen=True)
class Word:
    """One standing decision, as far as the label needs it."""

    kind: DecisionKind
    score: float | None = None


@dataclass(frozen=True)
class Effect:
    """A label's columns that people may change."""

    score: float | None
    verdict: Verdict | None
    source: LabelSource
    is_overridden: bool
    is_flagged: bool


def effect(
    machine_score: float | None, machine_verdict: Verdict | None, words: Sequence[Word], accept_at: float
) -> Effect:
    """Compute the label from the machine's word and the standing decisions, oldest first; the latest one wins.

    Accepting or rejecting leaves the score as the judge gave it: selectors put a person's verdict above every score.
    """
    is_flagged = any(word.kind is DecisionKind.flag for word in words)
    last = next((word for word in reversed(words) if word.kind in LABELLING), None)
    if last is None:
        judged = machine_score is not None or machine_verdict is not None
        source = LabelSource.judge if judged else LabelSource.none
        return Effect(machine_score, machine_verdict, source, is_overridden=False, is_flagged=is_flagged)
    score, verdict = machine_score, Verdict.accept
    if last.kind is DecisionKind.score and last.score is not None:
        score = last.score
        verdict = Verdict.accept if last.score >= accept_at else Verdict.reject
    elif last.kind is DecisionKind.reject:
        verdict = Verdict.reject
    overridden = is_override(machine_score, machine_verdict, verdict, last.score)
    return Effect(score, verdict, LabelSource.person, is_overridden=overridden, is_flagged=is_flagged)


def is_override(
    machine_score: float | None, machine_verdict: Verdict | None, verdict: Verdict, score: float | None
) -> bool:
    """Whether a person's word differs from the judge's. Where the judge has none, there is nothing to override."""
    if machine_verdict is not None and machine_verdict is not verdict:
        return True
    return score is not None and machine_score is not None and abs(score - machine_score) > SCORE_GAP


def recompute(db: Session, sample_ids: Iterable[int]) -> None:
    """Set the labels of these samples from their standing decisions, in the caller's transaction."""
    for ids in in_chunks(sorted(set(sample_ids))):
        words = standing(db, ids)
        label = tables.Label
        columns = (label.sample_id, label.round_id, label.machine_score, label.machine_verdict, label.kind)
        rows = db.execute(select(*columns).where(label.sample_id.in_(ids))).all()
        cuts = thresholds(db, {row.round_id for row in rows})
        written = written_by_people(db, [row.sample_id for row in rows if row.kind == "edit"])
        changes = []
        for sample_id, round_id, score, verdict, _ in rows:
            said = written.get(sample_id, []) + words[sample_id]
            changes.append(change(sample_id, effect(score, verdict, said, cuts[round_id])))
        if changes:
            db.connection().execute(statement(), changes)


def thresholds(db: Session, round_ids: set[int]) -> dict[int, float]:
    """The judges' cuts; a recipe that names none has the default of every judge."""
    query = select(tables.Round.id, tables.Round.recipe).where(tables.Round.id.in_(round_ids))
    return {id_: float(recipe.get("judge", {}).get("accept_at", 0.5)) for id_, recipe in db.execute(query)}


def standing(db: Session, sample_ids: Sequence[int]) -> dict[int, list[Word]]:
    """The decisions about each sample that nobody took back, oldest first."""
    decision, retraction = tables.Decision, aliased(tables.Decision)
    query = (
        select(decision.sample_id, decision.kind, decision.score)
        .outerjoin(retraction, retraction.retracts_id == decision.id)
        .where(decision.sample_id.in_(sample_ids), retraction.id.is_(None), decision.kind != DecisionKind.retract)
        .order_by(decision.id)
    )
    words: dict[int, list[Word]] = defaultdict(list)
    for sample_id, kind, score in db.execute(query):
        words[sample_id].append(Word(kind, score))
    return words


def written_by_people(db: Session, sample_ids: Sequence[int]) -> dict[int, list[Word]]:
    """An edited text counts as accepted by its author, as long as the edit was not taken back."""
    decision, retraction, sample = tables.Decision, aliased(tables.Decision), tables.Sample
    query = (
        select(sample.id)
        .join(decision, decision.sample_id == sample.edited_from_id)
        .outerjoin(retraction, retraction.retracts_id == decision.id)
        .where(sample.id.in_(sample_ids), decision.kind == DecisionKind.edit, retraction.id.is_(None))
        .where(decision.value["edit_id"].as_integer() == sample.id)
    )
    return {sample_id: [Word(DecisionKind.accept)] for sample_id in db.scalars(query)} if sample_ids else {}


def change(sample_id: int, to: Effect) -> dict[str, Any]:
    names = ("score", "verdict", "source", "is_overridden", "is_flagged")
    return {"b_id": sample_id} | {f"b_{name}": getattr(to, name) for name in names}


def statement() -> Any:
    label = tables.Label.__table__
    names = ("score", "verdict", "source", "is_overridden", "is_flagged")
    values: dict[str, Any] = {name: bindparam(f"b_{name}") for name in names}
    return update(label).where(label.c.sample_id == bindparam("b_id")).values(**values, updated_at=now())  # type: ignore[arg-type]


def in_chunks(values: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """Slices of a list: databases bound how many values one statement may hold."""
    for start in range(0, len(values), size):
        yield values[start : start + size]
