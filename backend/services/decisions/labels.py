"""The label that stands: the judge's word, or what people said whose decisions were not taken back.

One reviewer an item: the latest word wins. Several: each person's last word is a vote, and the majority wins; an
adjudication stands above all votes, a bulk action above those before it. Whoever rewrites a text accepts the new one
and rejects the old one.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from backend.db import now, standing, tables
from backend.db.many import in_chunks
from backend.db.standing import ANY_LABELLING, DECIDING, LABELLING, TOGETHER
from backend.recipes import judge_of
from backend.services import review_settings
from backend.services.decisions import group_decisions
from backend.services.review_settings import ReviewSettings
from backend.values import SCORE_GAP, DecisionKind, LabelSource, Verdict, mean_score


def deciding(settings: ReviewSettings) -> tuple[DecisionKind, ...]:
    """What decides an item. A rewrite decides its sample, but not the group the sample is shown with."""
    return ANY_LABELLING if settings.by_group else DECIDING


@dataclass(frozen=True)
class Word:
    """One standing decision, as far as the label needs it. Without a kind it gives a score and no verdict."""

    kind: DecisionKind | None
    score: float | None = None
    user_id: int = 0
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


def effect(
    machine_score: float | None,
    machine_verdict: Verdict | None,
    words: Sequence[Word],
    accept_at: float,
    *,
    by_vote: bool = False,
) -> Effect:
    """Compute the label from the machine's word and the standing decisions, oldest first.

    Accepting or rejecting leaves the score as the judge gave it: selectors put a person's verdict above every score.
    A tie leaves no verdict: whoever calls samples equally good did not say that they are good.
    """
    is_flagged = any(word.kind is DecisionKind.flag for word in words)
    spoken = [word for word in words if word.kind is None or word.kind in LABELLING]
    if not spoken:
        judged = machine_score is not None or machine_verdict is not None
        source = LabelSource.judge if judged else LabelSource.none
        return Effect(machine_score, machine_verdict, source, is_overridden=False, is_flagged=is_flagged)
    counted = votes(spoken, by_vote=by_vote)
    verdict = majority([verdict_of(word, accept_at) for word in counted], machine_verdict)
    scores = [word.score for word in counted if word.score is not None]
    score = mean_score(scores) if scores else None
    overridden = is_override(machine_score, machine_verdict, verdict, score)
    source = LabelSource.person
    return Effect(machine_score if score is None else score, verdict, source, overridden, is_flagged)


def votes(spoken: Sequence[Word], *, by_vote: bool) -> list[Word]:
    """The words that count: the last adjudication alone; else the latest, or one of each person.

    With votes, a bulk action counts alone until a later vote.
    """
    settled = [word for word in spoken if word.is_adjudication]
    if settled or not by_vote or spoken[-1].is_bulk:
        return (settled or list(spoken))[-1:]
    return list({word.user_id: word for word in spoken if not word.is_bulk}.values())


def verdict_of(word: Word, accept_at: float) -> Verdict | None:
    if word.kind is DecisionKind.score and word.score is not None:
        return Verdict.accept if word.score >= accept_at else Verdict.reject
    if word.kind is None:
        return None
    return Verdict.reject if word.kind is DecisionKind.reject else Verdict.accept


def majority(verdicts: Sequence[Verdict | None], machine_verdict: Verdict | None) -> Verdict | None:
    """The verdict most people gave; of equally many the machine's, without one the latest; None if nobody gave one."""
    given = [verdict for verdict in verdicts if verdict is not None]
    if not given:
        return None
    counts = Counter(given).most_common()
    is_tie = len(counts) > 1 and counts[0][1] == counts[1][1]
    return (machine_verdict or given[-1]) if is_tie else counts[0][0]


def is_override(
    machine_score: float | None, machine_verdict: Verdict | None, verdict: Verdict | None, score: float | None
) -> bool:
    """Whether a person's word differs from the judge's. Where the judge has none, there is nothing to override."""
    if machine_verdict is not None and verdict is not None and machine_verdict is not verdict:
        return True
    return score is not None and machine_score is not None and abs(score - machine_score) > SCORE_GAP


def recompute(db: Session, sample_ids: Iterable[int], rounds: Sequence[tables.Round] = ()) -> None:
    """Set the labels of these samples from their standing decisions, in the caller's transaction.

    `rounds`: the samples' rounds, where they are at hand.
    """
    for ids in in_chunks(sorted(set(sample_ids))):
        label = tables.Label
        columns = (label.sample_id, label.round_id, label.machine_score, label.machine_verdict, label.kind)
        rows = db.execute(select(*columns).where(label.sample_id.in_(ids))).all()
        rules = Rules(db, {row.round_id for row in rows}, rounds)
        words, together = words_of(db, ids, rules)
        written = written_by_people(db, [row.sample_id for row in rows if row.kind == "edit"])
        changes = []
        for sample_id, round_id, score, verdict, _ in rows:
            said, cut = written.get(sample_id, []) + words[sample_id], rules.cuts[round_id]
            is_vote = rules.settings[round_id].has_overlap
            changes.append(change(sample_id, effect(score, verdict, said, cut, by_vote=is_vote)))
        if changes:
            db.connection().execute(statement(), changes)
        closed = {c["b_id"] for c in changes if c["b_source"] is LabelSource.person} | together
        show(db, [n for n in ids if n not in closed], is_open=True)
        show(db, sorted(closed), is_open=False)


def show(db: Session, sample_ids: Sequence[int], *, is_open: bool) -> None:
    """Put samples into the order by worth, or take them out."""
    if sample_ids:
        worth = tables.Worth
        db.execute(update(worth).where(worth.sample_id.in_(sample_ids)).values(is_open=is_open))


class Rules:
    """What the rounds of some samples say of labels: the judge, its cut, the review's settings."""

    def __init__(self, db: Session, round_ids: set[int], rounds: Sequence[tables.Round] = ()) -> None:
        rows: list[Any] = [(one.id, one.recipe, one.phase, one.review) for one in rounds]
        if not round_ids <= {one.id for one in rounds}:
            query = select(tables.Round.id, tables.Round.recipe, tables.Round.phase, tables.Round.review)
            rows = list(db.execute(query.where(tables.Round.id.in_(round_ids))))
        self.judges: dict[int, dict[str, Any]] = {}
        self.settings: dict[int, ReviewSettings] = {}
        for id_, recipe, phase, review in rows:
            self.judges[id_], self.settings[id_] = judge_of(recipe, phase), review_settings.read(review)
        self.cuts = {id_: cut_of(judge) for id_, judge in self.judges.items()}


def cut_of(judge: dict[str, Any]) -> float:
    """The judge's cut; a recipe that names none has the default of every judge."""
    return float(judge.get("accept_at", 0.5))


def thresholds(db: Session, round_ids: set[int]) -> dict[int, float]:
    """The cuts of these rounds' judges."""
    return Rules(db, round_ids).cuts


def words_of(db: Session, sample_ids: Sequence[int], rules: Rules) -> tuple[dict[int, list[Word]], set[int]]:
    """The decisions about each sample that stand, oldest first; and the samples of decided groups.

    All but late ones: those of gold items, too, whose label moves with them until selection writes the known one.
    """
    decision, sample = tables.Decision, tables.Sample
    query = standing.decisions(decision, late=False, gold=True, adjudication=True, batch=True)
    alone = (decision.sample_id.in_(sample_ids), decision.kind.not_in(TOGETHER))
    groups = select(sample.group_id).where(sample.id.in_(sample_ids))
    heads = select(sample.id).where(sample.group_id.in_(groups), sample.kind.in_(tables.JUDGED), sample.position == 0)
    about_group = (decision.sample_id.in_(heads), decision.kind.in_(TOGETHER))
    rows = [*db.scalars(query.where(*alone)), *db.scalars(query.where(*about_group))]
    words: dict[int, list[Word]] = defaultdict(list)
    together: set[int] = set()
    # A decision that was removed and restored is a copy: it stands where the first one stood.
    for row in sorted(rows, key=lambda row: row.value.get("restores", row.id)):
        if row.kind in TOGETHER:
            together |= add_group(db, row, rules, words)
        else:
            kind = DecisionKind.reject if row.kind is DecisionKind.edit else row.kind
            words[row.sample_id].append(word(row, kind, row.score))
    return words, together


def add_group(db: Session, row: tables.Decision, rules: Rules, words: dict[int, list[Word]]) -> set[int]:
    """Add what a group decision says of each sample; return the group's samples."""
    label = tables.Label
    ids = group_decisions.members(db, [row.group_id])[row.group_id]
    machine = select(label.sample_id, label.machine_score).where(label.sample_id.in_(ids))
    scores = {n: score for n, score in db.execute(machine)}
    for n, said in group_decisions.says(row.value, scores, rules.judges[row.round_id]).items():
        words[n].append(word(row, said.kind, said.score))
    return set(ids)


def word(row: tables.Decision, kind: DecisionKind | None, score: float | None) -> Word:
    return Word(kind, score, row.user_id, row.is_adjudication, row.batch_id is not None)


def written_by_people(db: Session, sample_ids: Sequence[int]) -> dict[int, list[Word]]:
    """An edited text counts as accepted by its author, as long as the edit was not taken back."""
    decision, sample = tables.Decision, tables.Sample
    query = (
        standing.own_words(sample.id, decision.user_id, kinds=(DecisionKind.edit,))
        .join(sample, sample.edited_from_id == decision.sample_id)
        .where(sample.id.in_(sample_ids), decision.value["edit_id"].as_integer() == sample.id)
    )
    rows = db.execute(query) if sample_ids else ()
    return {sample_id: [Word(DecisionKind.accept, user_id=user_id)] for sample_id, user_id in rows}


def change(sample_id: int, to: Effect) -> dict[str, Any]:
    names = ("score", "verdict", "source", "is_overridden", "is_flagged")
    return {"b_id": sample_id} | {f"b_{name}": getattr(to, name) for name in names}


def statement() -> Any:
    label = tables.Label.__table__
    names = ("score", "verdict", "source", "is_overridden", "is_flagged")
    values: dict[str, Any] = {name: bindparam(f"b_{name}") for name in names}
    return update(label).where(label.c.sample_id == bindparam("b_id")).values(**values, updated_at=now())  # type: ignore[arg-type]
