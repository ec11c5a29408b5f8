"""The label that stands: the judge's, or that of the people whose decisions were not taken back.

One reviewer an item: the latest vote wins. Several: each person's last vote counts, and the majority wins; an
adjudication stands above all votes, a bulk action above those before it. Whoever rewrites a text accepts the new one
and rejects the old one.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import bindparam, select, union_all, update
from sqlalchemy.orm import Session

from backend.db import now, standing, tables
from backend.db.built import built_once, is_any, run
from backend.db.many import in_chunks
from backend.db.standing import DECIDING, TOGETHER
from backend.recipes import cut_of, judge_of
from backend.services import review_settings
from backend.services.decisions.acts import Earlier, Target
from backend.services.review_settings import ReviewSettings
from backend.values import SCORE_GAP, DecisionKind, LabelSource, SampleKind, Verdict, mean_score

VERDICTS = {
    DecisionKind.accept: Verdict.accept,
    DecisionKind.reject: Verdict.reject,
    DecisionKind.edit: Verdict.reject,
}


@dataclass(frozen=True)
class Vote:
    """What one standing decision says of one item, to be counted: an item is a sample, or (`best` is set) a group.

    Computed from rows of `decisions`; it is neither sent nor stored. A label counts the votes on its sample
    (`standing_on`), agreement the last vote of each person on each item (`votes.read`).
    `verdict`: None where samples were called equally good. `best`: the sample picked as the best, `tie` or `all bad`.
    `judge_hidden`: nothing of the judge was seen before.
    """

    sample_id: int
    user_id: int
    verdict: Verdict | None
    score: float | None = None
    group_id: int = 0
    best: int | str | None = None
    judge_hidden: bool = False
    is_random: bool = False
    is_override: bool = False
    is_adjudication: bool = False
    is_bulk: bool = False


@dataclass(frozen=True)
class Effect:
    """A label's columns that people may change."""

    score: float | None
    verdict: Verdict | None
    source: LabelSource
    is_overridden: bool
    is_flagged: bool


def verdict_of(kind: DecisionKind, score: float | None, cut: float | None) -> Verdict | None:
    """The verdict that a decision gives its sample; None where it gives none, as a decision on a group, and of a score
    where the cut is not known.

    Whoever rewrites a text does not let it stand.
    """
    if kind is DecisionKind.score and score is not None:
        return None if cut is None else Verdict.accept if score >= cut else Verdict.reject
    return VERDICTS.get(kind)


def is_override(
    machine_score: float | None, machine_verdict: Verdict | None, verdict: Verdict | None, score: float | None
) -> bool:
    """Whether a person's word differs from the judge's. Where the judge has none, there is nothing to override."""
    if machine_verdict is not None and verdict is not None and machine_verdict is not verdict:
        return True
    return score is not None and machine_score is not None and abs(score - machine_score) > SCORE_GAP


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


def relabel(db: Session, round_: tables.Round, row: tables.Decision, before: Earlier | Target) -> None:
    """Set the labels that depend on this decision, which was just written. `before`: what it found there."""
    if isinstance(before, Target):
        recompute(db, before.touched, [round_])
        return
    place, edit_id = before.place, row.value.get("edit_id")
    touched = [*place.members] if row.kind in TOGETHER else [row.sample_id]
    is_of_group = any(other.kind in TOGETHER for other in [*before.rows, row])
    if edit_id is not None or is_of_group or place.kind == SampleKind.edit:
        recompute(db, touched if edit_id is None else [*touched, edit_id], [round_])
    else:
        alone = [other for other in before.rows if other.sample_id == row.sample_id and other.stands]
        recount(db, round_, row.sample_id, place.machine[row.sample_id], [*alone, row])


def recompute(db: Session, sample_ids: Iterable[int], rounds: Sequence[tables.Round] = ()) -> None:
    """Set the labels of these samples from their standing decisions, in the caller's transaction.

    `rounds`: the samples' rounds, where they are at hand.
    """
    for ids in in_chunks(sorted(set(sample_ids))):
        effects_, together = effects(db, ids, rounds)
        put(db, effects_)
        closed = {n for n, to in effects_.items() if to.source is LabelSource.person} | together
        show(db, [sample_id for sample_id in ids if sample_id not in closed], is_open=True)
        show(db, sorted(closed), is_open=False)


def recount(
    db: Session, round_: tables.Round, sample_id: int, machine: tuple[float | None, Verdict | None], rows: Sequence[Any]
) -> None:
    """Set the label of one sample from the decisions on it that stand, late ones among them, oldest first.

    `rows`: all of them, of a sample that no person wrote and whose group nobody decided as a whole.
    """
    rules = Rules(db, {round_.id}, [round_])
    in_time = [row for row in rows if not row.is_late and row.kind is not DecisionKind.retract]
    votes, flagged = counted(in_time, {}, rules)
    by_vote = rules.settings[round_.id].has_overlap
    to = effect(*machine, votes[sample_id], is_flagged=sample_id in flagged, by_vote=by_vote)
    is_open = to.source is not LabelSource.person
    if db.get_bind().dialect.name == "sqlite":
        put(db, {sample_id: to})
        show(db, [sample_id], is_open=is_open)
    else:
        run(db, _put_and_show(), change(sample_id, to) | {"shown": is_open})


def put(db: Session, effects_: Mapping[int, Effect]) -> None:
    """Write the labels."""
    changes = [change(sample_id, to) for sample_id, to in effects_.items()]
    if changes:
        run(db, statement(), changes)


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
    table: Any = tables.Informativeness.__table__
    shown = update(table).where(table.c.sample_id == bindparam("b_id")).values(is_open=bindparam("shown"))
    return statement().add_cte(shown.cte("shown"))


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
    return rows, {n: score for n, score in db.execute(judged)} if decided else {}


def counted(
    rows: Sequence[Any], scores: dict[int, float | None], rules: Rules
) -> tuple[dict[int, list[Vote]], set[int]]:
    """The votes of these decisions on each sample, oldest first, and the samples they flag.

    `rows`: what stands and came in time. `scores`: the judge's, of the groups they decide.
    """
    votes: dict[int, list[Vote]] = defaultdict(list)
    # A decision that was removed and restored is a copy: it stands where the first one stood.
    for row in sorted(rows, key=lambda row: row.value.get("restores", row.id)):
        words: dict[int, tuple[Verdict | None, float | None]] = {}
        if row.kind in TOGETHER:
            words = says(row.value, scores, rules.judges[row.round_id])
        elif row.kind in DECIDING:
            score = row.score if row.kind is DecisionKind.score else None
            words = {row.sample_id: (verdict_of(row.kind, score, rules.cuts[row.round_id]), score)}
        is_bulk = row.batch_id is not None
        for n, (verdict, score) in words.items():
            vote = Vote(n, row.user_id, verdict, score, is_adjudication=row.is_adjudication, is_bulk=is_bulk)
            votes[n].append(vote)
    return votes, {row.sample_id for row in rows if row.kind is DecisionKind.flag}


def says(
    value: dict[str, Any], scores: dict[int, float | None], judge: dict[str, Any]
) -> dict[int, tuple[Verdict | None, float | None]]:
    """Verdict and score of each sample that a decision on a group names.

    `scores`: the machine's. `judge`: the recipe's, with its scale.
    """
    if value.get("all_bad"):
        return dict.fromkeys(value["all_bad"], (Verdict.reject, None))
    if value.get("tie"):
        known = [score for n in value["tie"] if (score := scores.get(n)) is not None]
        mean = mean_score(known) if known else None
        return dict.fromkeys(value["tie"], (None, mean))
    if value.get("order"):
        order, (low, high) = value["order"], scale(judge)
        step = (high - low) / max(1, len(order) - 1)
        ranked_scores = {n: high - place * step for place, n in enumerate(order)}
        cut = cut_of(judge)
        return {n: (verdict_of(DecisionKind.score, score, cut), score) for n, score in ranked_scores.items()}
    best, worst = value.get("best"), value.get("worst")
    verdicts: dict[int, tuple[Verdict | None, float | None]] = (
        {best: (Verdict.accept, None)} if best is not None else {}
    )
    if worst is not None:
        verdicts[worst] = (Verdict.reject, None)
    return verdicts


def scale(judge: dict[str, Any]) -> tuple[float, float]:
    """The judge's scale, else 0 to 1."""
    low, high = judge.get("lowest"), judge.get("highest")
    return (0.0, 1.0) if low is None or high is None else (float(low), float(high))


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
    return {"b_id": sample_id, "b_at": now()} | {f"b_{name}": value for name, value in vars(to).items()}


@built_once
def statement() -> Any:
    label = tables.Label.__table__
    values: dict[str, Any] = {column.name: bindparam(f"b_{column.name}") for column in fields(Effect)}
    return update(label).where(label.c.sample_id == bindparam("b_id")).values(**values, updated_at=bindparam("b_at"))  # type: ignore[arg-type]
