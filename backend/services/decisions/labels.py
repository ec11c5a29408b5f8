"""The label that stands: the judge's, or that of the people whose decisions were not taken back.

One reviewer an item: the latest vote wins. Several: each person's last vote counts, and the majority wins; an
adjudication stands above all votes, a bulk action above those before it. Whoever rewrites a text accepts the new one
and rejects the old one.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select, union_all, update
from sqlalchemy.orm import Session

from backend.db import now, standing, tables
from backend.db.built import built_once, some
from backend.db.many import in_chunks
from backend.db.standing import DECIDING, TOGETHER
from backend.services.decisions import group_decisions
from backend.services.decisions.rules import Rules
from backend.services.decisions.votes import Vote, is_override, verdict_of
from backend.values import DecisionKind, LabelSource, SampleKind, Verdict, mean_score


@dataclass(frozen=True)
class Effect:
    """A label's columns that people may change."""

    score: float | None
    verdict: Verdict | None
    source: LabelSource
    is_overridden: bool
    is_flagged: bool


def effect(
    machine_score: float | None,
    machine_verdict: Verdict | None,
    votes: Sequence[Vote],
    *,
    is_flagged: bool = False,
    by_vote: bool = False,
) -> Effect:
    """Compute the label from what the machine said and the votes that stand, oldest first.

    Accepting or rejecting leaves the score as the judge gave it: selectors put a person's verdict above every score.
    A tie leaves no verdict: whoever calls samples equally good did not say that they are good.
    """
    if not votes:
        judged = machine_score is not None or machine_verdict is not None
        source = LabelSource.judge if judged else LabelSource.none
        return Effect(machine_score, machine_verdict, source, is_overridden=False, is_flagged=is_flagged)
    counted = counting(votes, by_vote=by_vote)
    verdict = majority([vote.verdict for vote in counted], machine_verdict)
    scores = [vote.score for vote in counted if vote.score is not None]
    score = mean_score(scores) if scores else None
    overridden = is_override(machine_score, machine_verdict, verdict, score)
    source = LabelSource.person
    return Effect(machine_score if score is None else score, verdict, source, overridden, is_flagged)


def counting(votes: Sequence[Vote], *, by_vote: bool) -> list[Vote]:
    """The votes that count: the last adjudication alone; else the latest, or one of each person.

    With `by_vote`, a bulk action counts alone until a later vote.
    """
    settled = [vote for vote in votes if vote.is_adjudication]
    if settled or not by_vote or votes[-1].is_bulk:
        return (settled or list(votes))[-1:]
    return list({vote.user_id: vote for vote in votes if not vote.is_bulk}.values())


def majority(verdicts: Sequence[Verdict | None], machine_verdict: Verdict | None) -> Verdict | None:
    """The verdict most people gave; of equally many the machine's, without one the latest; None if nobody gave one."""
    given = [verdict for verdict in verdicts if verdict is not None]
    if not given:
        return None
    counts = Counter(given).most_common()
    is_tie = len(counts) > 1 and counts[0][1] == counts[1][1]
    return (machine_verdict or given[-1]) if is_tie else counts[0][0]


def recompute(db: Session, sample_ids: Iterable[int], rounds: Sequence[tables.Round] = ()) -> None:
    """Set the labels of these samples from their standing decisions, in the caller's transaction.

    `rounds`: the samples' rounds, where they are at hand.
    """
    for ids in in_chunks(sorted(set(sample_ids))):
        effects_, together = effects(db, ids, rounds)
        put(db, effects_)
        closed = {n for n, to in effects_.items() if to.source is LabelSource.person} | together
        show(db, [n for n in ids if n not in closed], is_open=True)
        show(db, sorted(closed), is_open=False)


def recount(
    db: Session, round_: tables.Round, sample_id: int, machine: tuple[float | None, Verdict | None], rows: Sequence[Any]
) -> None:
    """Set the label of one sample from the decisions on it that stand, late ones among them, oldest first.

    `rows`: all of them, of a sample that no person wrote and whose group nobody decided as a whole.
    """
    rules = Rules(db, {round_.id}, [round_])
    stands = counted(
        [row for row in rows if not row.is_late and row.kind is not DecisionKind.retract], set(), {}, rules
    )
    by_vote, votes = rules.settings[round_.id].has_overlap, stands.votes[sample_id]
    to = effect(*machine, votes, is_flagged=sample_id in stands.flagged, by_vote=by_vote)
    put(db, {sample_id: to})
    show(db, [sample_id], is_open=to.source is not LabelSource.person)


def put(db: Session, effects_: Mapping[int, Effect]) -> None:
    """Write the labels."""
    changes = [change(sample_id, to) for sample_id, to in effects_.items()]
    if changes:
        db.connection().execute(statement(), changes)


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
    stands = votes_on(db, sample_ids, rules, without)
    written = written_by_people(db, [row.sample_id for row in rows if row.kind == SampleKind.edit], without)
    effects_ = {}
    for sample_id, round_id, score, verdict, _ in rows:
        votes = written.get(sample_id, []) + stands.votes[sample_id]
        is_flagged, by_vote = sample_id in stands.flagged, rules.settings[round_id].has_overlap
        effects_[sample_id] = effect(score, verdict, votes, is_flagged=is_flagged, by_vote=by_vote)
    return effects_, stands.together


def show(db: Session, sample_ids: Sequence[int], *, is_open: bool) -> None:
    """Put samples into the order by informativeness, or take them out."""
    if sample_ids:
        db.connection().execute(_shown(), {"shown_ids": sample_ids, "shown": is_open})  # no such row is in a session


@built_once
def _shown() -> Any:
    table: Any = tables.Informativeness.__table__
    return update(table).where(table.c.sample_id.in_(some("shown_ids"))).values(is_open=bindparam("shown"))


@dataclass(frozen=True)
class StandingDecisions:
    """What stands of some samples: the votes on each, oldest first, the flagged ones, and those of decided groups."""

    votes: dict[int, list[Vote]]
    flagged: set[int]
    together: set[int]


def votes_on(db: Session, sample_ids: Sequence[int], rules: Rules, without: Collection[int] = ()) -> StandingDecisions:
    """What stands of these samples.

    All but late decisions and those `without`: those on gold items, too, whose label moves with them until selection
    writes the known one.
    """
    decision, sample = tables.Decision, tables.Sample
    query = standing.decisions(decision, late=False, gold=True, adjudication=True, batch=True)
    alone = query.where(decision.sample_id.in_(sample_ids), decision.kind.not_in(TOGETHER))
    groups = select(sample.group_id).where(sample.id.in_(sample_ids))
    heads = select(sample.id).where(sample.group_id.in_(groups), sample.kind.in_(tables.JUDGED), sample.position == 0)
    about_group = query.where(decision.sample_id.in_(heads), decision.kind.in_(TOGETHER))
    # One statement, and no OR: PostgreSQL would read the whole table for it.
    both = select(decision).from_statement(union_all(alone, about_group))
    rows = [row for row in db.scalars(both) if row.id not in without]
    members, scores = decided_groups(db, sorted({row.group_id for row in rows if row.kind in TOGETHER}))
    return counted(rows, members, scores, rules)


def counted(rows: Sequence[Any], members: set[int], scores: dict[int, float | None], rules: Rules) -> StandingDecisions:
    """What these decisions say, which stand and came in time. `members`, `scores`: of the groups they decide."""
    votes = StandingDecisions(defaultdict(list), set(), members)
    # A decision that was removed and restored is a copy: it stands where the first one stood.
    for row in sorted(rows, key=lambda row: row.value.get("restores", row.id)):
        if row.kind in TOGETHER:
            for n, (verdict, score) in group_decisions.says(row.value, scores, rules.judges[row.round_id]).items():
                votes.votes[n].append(vote(row, n, verdict, score))
        elif row.kind in DECIDING:
            score = row.score if row.kind is DecisionKind.score else None
            verdict = verdict_of(row.kind, score, rules.cuts[row.round_id])
            votes.votes[row.sample_id].append(vote(row, row.sample_id, verdict, score))
        elif row.kind is DecisionKind.flag:
            votes.flagged.add(row.sample_id)
    return votes


def decided_groups(db: Session, group_ids: Sequence[int]) -> tuple[set[int], dict[int, float | None]]:
    """The completions of these groups, and the judge's score of each."""
    members = {n for ids in group_decisions.members(db, group_ids).values() for n in ids}
    label, scores = tables.Label, dict[int, float | None]()
    for ids in in_chunks(sorted(members)):
        query = select(label.sample_id, label.machine_score).where(label.sample_id.in_(ids))
        scores |= {n: score for n, score in db.execute(query)}
    return members, scores


def vote(row: Any, sample_id: int, verdict: Verdict | None, score: float | None) -> Vote:
    return Vote(
        sample_id,
        row.user_id,
        verdict,
        score,
        is_adjudication=row.is_adjudication,
        is_bulk=row.batch_id is not None,
    )


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
    return {n: [Vote(n, user_id, Verdict.accept)] for n, user_id, id_ in rows if id_ not in without}


def change(sample_id: int, to: Effect) -> dict[str, Any]:
    names = ("score", "verdict", "source", "is_overridden", "is_flagged")
    return {"b_id": sample_id, "b_at": now()} | {f"b_{name}": getattr(to, name) for name in names}


@built_once
def statement() -> Any:
    label = tables.Label.__table__
    names = ("score", "verdict", "source", "is_overridden", "is_flagged")
    values: dict[str, Any] = {name: bindparam(f"b_{name}") for name in names}
    return update(label).where(label.c.sample_id == bindparam("b_id")).values(**values, updated_at=bindparam("b_at"))  # type: ignore[arg-type]
