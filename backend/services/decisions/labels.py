"""The label that stands: the judge's, or that of the people whose decisions were not taken back.

One reviewer an item: the latest vote wins. Several: each person's last vote counts, and the majority wins; an
adjudication stands above all votes, a bulk action above those before it. Whoever rewrites a text accepts the new one
and rejects the old one.
"""

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import bindparam, select, union_all, update
from sqlalchemy.orm import Session

from backend.db import now, standing, tables
from backend.db.built import built_once, is_any, run
from backend.db.many import in_chunks
from backend.db.standing import DECIDING, TOGETHER
from backend.recipes import cut_of, judge_of
from backend.services import review_settings
from backend.services.decisions.acts import DecidedPlace, Target
from backend.services.decisions.verdicts import Effect, Vote, effect, says, verdict_of
from backend.services.review_settings import ReviewSettings
from backend.values import DecisionKind, LabelSource, SampleKind, Verdict


class Rules:
    """What the rounds of some samples say of labels: the judge, its cut, the review's settings."""

    def __init__(self, db: Session, round_ids: set[int], rounds: Sequence[tables.Round] = ()) -> None:
        rows: list[Any] = [(round_.id, round_.recipe, round_.phase, round_.review) for round_ in rounds]
        if not round_ids <= {round_.id for round_ in rounds}:
            query = select(tables.Round.id, tables.Round.recipe, tables.Round.phase, tables.Round.review)
            rows = list(db.execute(query.where(tables.Round.id.in_(round_ids))))
        self.judges: dict[int, dict[str, Any]] = {}
        self.settings: dict[int, ReviewSettings] = {}
        for id_, recipe, phase, review in rows:
            self.judges[id_], self.settings[id_] = judge_of(recipe, phase), review_settings.read(review)
        self.cuts = {id_: cut_of(judge) for id_, judge in self.judges.items()}


def relabel(db: Session, round_: tables.Round, row: tables.Decision, before: DecidedPlace | Target) -> None:
    """Set the labels that depend on this decision, which was just written. `before`: what it found there."""
    if isinstance(before, Target):
        recompute(db, before.touched, [round_])
        return
    values = change_of(db, round_, row, before)
    if values is None:
        edit_id = row.value.get("edit_id")
        touched = [*before.members] if row.kind in TOGETHER else [row.sample_id]
        recompute(db, touched if edit_id is None else [*touched, edit_id], [round_])
    elif db.get_bind().dialect.name == "sqlite":
        run(db, set_label(), values)
        run(db, show_one(), values)
    else:
        run(db, _put_and_show(), values)


def change_of(db: Session, round_: tables.Round, row: tables.Decision, before: DecidedPlace) -> dict[str, Any] | None:
    """The parameters of `set_label` and `show_one` after this decision, which need not be written yet.

    None where the label follows from more than the decisions on its sample alone: a person wrote the text, or somebody
    decided its group as a whole.
    """
    is_of_group = any(other.kind in TOGETHER for other in [*before.earlier, row])
    if row.value.get("edit_id") is not None or is_of_group or before.kind == SampleKind.edit:
        return None
    rules = Rules(db, {round_.id}, [round_])
    alone = [other for other in before.earlier if other.sample_id == row.sample_id and other.stands]
    in_time = [other for other in [*alone, row] if not other.is_late and other.kind is not DecisionKind.retract]
    votes, flagged = counted(in_time, {}, rules)
    by_vote, machine = rules.settings[round_.id].has_overlap, before.machine[row.sample_id]
    to = effect(*machine, votes[row.sample_id], is_flagged=row.sample_id in flagged, by_vote=by_vote)
    return change(row.sample_id, to) | {"shown": to.source is not LabelSource.person}


def recompute(db: Session, sample_ids: Iterable[int], rounds: Sequence[tables.Round] = ()) -> None:
    """Set the labels of these samples from their standing decisions, in the caller's transaction.

    `rounds`: the samples' rounds, where they are at hand.
    """
    for ids in in_chunks(sorted(set(sample_ids))):
        effects_, together = effects(db, ids, rounds)
        put(db, effects_)
        closed = {sample_id for sample_id, to in effects_.items() if to.source is LabelSource.person} | together
        show(db, [sample_id for sample_id in ids if sample_id not in closed], is_open=True)
        show(db, sorted(closed), is_open=False)


def put(db: Session, effects_: Mapping[int, Effect]) -> None:
    """Write the labels."""
    changes = [change(sample_id, to) for sample_id, to in effects_.items()]
    if changes:
        run(db, set_label(), changes)


def effects(
    db: Session, sample_ids: Sequence[int], rounds: Sequence[tables.Round] = (), *, without: Collection[int] = ()
) -> tuple[dict[int, Effect], set[int]]:
    """Return the label of each sample by the decisions that stand, and the samples of decided groups. Write nothing.

    rounds: the samples' rounds, where they are at hand. without: ids of decisions that are taken as taken back.
    """
    label = tables.Label
    columns = (label.sample_id, label.round_id, label.machine_score, label.machine_verdict, label.kind)
    rows = db.execute(select(*columns).where(label.sample_id.in_(sample_ids))).all()
    rules = Rules(db, {row.round_id for row in rows}, rounds)
    decisions, scores = standing_on(db, sample_ids, without)
    votes, flagged = counted(decisions, scores, rules)
    written = written_by_people(db, [row.sample_id for row in rows if row.kind == SampleKind.edit], without)
    effects_ = {}
    for sample_id, round_id, score, verdict, _ in rows:
        own, by_vote = written.get(sample_id, []) + votes[sample_id], rules.settings[round_id].has_overlap
        effects_[sample_id] = effect(score, verdict, own, is_flagged=sample_id in flagged, by_vote=by_vote)
    return effects_, set(scores)


def show(db: Session, sample_ids: Sequence[int], *, is_open: bool) -> None:
    """Put samples into the order by informativeness, or take them out."""
    if sample_ids:
        run(db, _shown(), {"shown_ids": sample_ids, "shown": is_open})  # no such row is in a session


@built_once
def _shown() -> Any:
    table: Any = tables.Informativeness.__table__
    return update(table).where(is_any(table.c.sample_id, "shown_ids")).values(is_open=bindparam("shown"))


@built_once
def _put_and_show() -> Any:
    """Both in one statement, which SQLite does not have."""
    return set_label().add_cte(show_one().cte("shown"))


@built_once
def show_one() -> Any:
    """As `show`, of one sample."""
    table: Any = tables.Informativeness.__table__
    return update(table).where(table.c.sample_id == bindparam("b_id")).values(is_open=bindparam("shown"))


def standing_on(
    db: Session, sample_ids: Sequence[int], without: Collection[int] = ()
) -> tuple[list[Any], dict[int, float | None]]:
    """The rows of what stands of these samples, and the judge's score of each completion of a group decided as a whole.

    All but late decisions and those `without`: those on gold items, too, whose label moves with them until selection
    writes the known one.
    """
    decision, sample, label = tables.Decision, tables.Sample, tables.Label
    query = standing.decisions(decision, late=False, gold=True, adjudication=True, batch=True)
    alone = query.where(decision.sample_id.in_(sample_ids), decision.kind.not_in(TOGETHER))
    groups = select(sample.group_id).where(sample.id.in_(sample_ids))
    heads = select(sample.id).where(sample.group_id.in_(groups), sample.kind.in_(tables.JUDGED), sample.position == 0)
    about_group = query.where(decision.sample_id.in_(heads), decision.kind.in_(TOGETHER))
    # One statement, and no OR: PostgreSQL would read the whole table for it.
    both = select(decision).from_statement(union_all(alone, about_group))
    rows = [row for row in db.scalars(both) if row.id not in without]
    decided = sorted({row.group_id for row in rows if row.kind in TOGETHER})
    judged = select(sample.id, label.machine_score).outerjoin(label, label.sample_id == sample.id)
    judged = judged.where(sample.group_id.in_(decided), sample.kind.in_(tables.JUDGED))
    return rows, {sample_id: score for sample_id, score in db.execute(judged)} if decided else {}


def counted(
    rows: Sequence[Any], scores: dict[int, float | None], rules: Rules
) -> tuple[dict[int, list[Vote]], set[int]]:
    """The votes of these decisions on each sample, oldest first, and the samples they flag.

    `rows`: what stands and came in time. `scores`: the judge's, of the groups they decide.
    """
    votes: dict[int, list[Vote]] = defaultdict(list)
    # A decision that was removed and restored is a copy: it stands where the first one stood.
    for row in sorted(rows, key=_turn):
        words: dict[int, tuple[Verdict | None, float | None]] = {}
        if row.kind in TOGETHER:
            words = says(row.value, scores, rules.judges[row.round_id])
        elif row.kind in DECIDING:
            score = row.score if row.kind is DecisionKind.score else None
            words = {row.sample_id: (verdict_of(row.kind, score, rules.cuts[row.round_id]), score)}
        is_bulk = row.batch_id is not None
        for sample_id, (verdict, score) in words.items():
            vote = Vote(sample_id, row.user_id, verdict, score, is_adjudication=row.is_adjudication, is_bulk=is_bulk)
            votes[sample_id].append(vote)
    return votes, {row.sample_id for row in rows if row.kind is DecisionKind.flag}


def _turn(row: Any) -> float:
    """The place of a decision among others; one that is not written yet has no number and comes last."""
    number = row.value.get("restores", row.id)
    return math.inf if number is None else number


def written_by_people(db: Session, sample_ids: Sequence[int], without: Collection[int] = ()) -> dict[int, list[Vote]]:
    """An edited text counts as accepted by its author, as long as the edit was not taken back, nor is in `without`."""
    if not sample_ids:
        return {}
    decision, sample = tables.Decision, tables.Sample
    query = (
        standing.own_words(sample.id, decision.user_id, decision.id, kinds=(DecisionKind.edit,))
        .join(sample, sample.edited_from_id == decision.sample_id)
        .where(sample.id.in_(sample_ids), decision.value["edit_id"].as_integer() == sample.id)
    )
    rows = db.execute(query)
    return {
        sample_id: [Vote(sample_id, user_id, Verdict.accept)]
        for sample_id, user_id, decision_id in rows
        if decision_id not in without
    }


def change(sample_id: int, to: Effect) -> dict[str, Any]:
    return {"b_id": sample_id, "b_at": now()} | {f"b_{name}": value for name, value in vars(to).items()}


@built_once
def set_label() -> Any:
    label = tables.Label.__table__
    values: dict[str, Any] = {column.name: bindparam(f"b_{column.name}") for column in fields(Effect)}
    return update(label).where(label.c.sample_id == bindparam("b_id")).values(**values, updated_at=bindparam("b_at"))  # type: ignore[arg-type]
