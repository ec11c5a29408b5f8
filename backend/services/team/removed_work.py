"""What stands of one person in a round, and what labels say with and without it."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import recipes
from backend.db import standing, tables
from backend.db.many import in_chunks
from backend.db.standing import TOGETHER
from backend.errors import NotFound, UnreadableRecipe
from backend.selectors import Selector
from backend.services.decisions import group_decisions, labels
from backend.services.questions import standing as answers
from backend.services.queue import gold
from backend.values import LabelSource, RoundStatus, Verdict


@dataclass(frozen=True)
class Changed:
    """So many labels change from one verdict to another; `source` says whose verdict it is then."""

    before: str
    after: str
    source: str
    count: int


@dataclass(frozen=True)
class Work:
    """What stands of one person in a round. touched: samples whose label may depend on it; shaped: those of them whose
    label training reads as people made it. answers: how many to the project's questions; rated: samples with ratings of
    theirs that a selector of the round reads."""

    person: str
    decisions: list[tables.Decision]
    touched: list[int]
    shaped: list[int]
    answers: int
    rated: list[int]

    @property
    def taught(self) -> list[int]:
        """The samples that training may have learned otherwise by this work."""
        return sorted({*self.shaped, *self.rated})


def is_frozen(round_: tables.Round) -> bool:
    """Whether the round's labels stay as they are: training may have read them."""
    return round_.status is not RoundStatus.review


def read(db: Session, round_: tables.Round, user_id: int) -> Work:
    """The person's work in the round; raises `NotFound` where nothing of the person stands."""
    decisions = list(_standing(db, round_.id, user_id))
    name, given, rated = person_in(db, round_, user_id, has_decisions=bool(decisions))
    touched = touched_by(db, decisions)
    # Training read of gold items the label that was known, whatever this person said of them.
    known = {id_ for chunk in in_chunks(touched) for id_ in gold.among(db, chunk)} if is_frozen(round_) else set()
    return Work(name, decisions, touched, [id_ for id_ in touched if id_ not in known], given, rated)


def person_in(db: Session, round_: tables.Round, user_id: int, *, has_decisions: bool) -> tuple[str, int, list[int]]:
    """The person's name, how many answers of theirs stand in the round, and the samples they rated for a selector.

    Raises `NotFound` where nothing of the person stands. has_decisions: whether decisions of theirs do.
    """
    person, given = db.get(tables.User, user_id), answers.count_of(db, round_.id, user_id)
    if person is None or not (has_decisions or given):
        raise NotFound(f"There is nothing that stands of this person in round {round_.number}. Choose another one.")
    return person.name, given, _rated(db, round_, user_id) if given else []


def _rated(db: Session, round_: tables.Round, user_id: int) -> list[int]:
    """The samples that the person rated in a question by which a selector of the round goes.

    Of a recipe that cannot be read any more nobody knows the selectors: all that the person rated.
    """
    question, row = tables.Question, tables.Answer
    theirs = (row.round_id == round_.id, row.user_id == user_id, row.is_standing, row.number.is_not(None))
    query = select(row.sample_id).join(question, question.id == row.question_id).where(*theirs)
    try:
        parts = [place.step.part for place in recipes.read(round_.recipe).places(round_.phase)]
    except UnreadableRecipe:
        return sorted(db.scalars(query.distinct()))
    keys = {part.rated_question for part in parts if isinstance(part, Selector)} - {""}
    return sorted(db.scalars(query.where(question.key.in_(keys)).distinct())) if keys else []


def changes(db: Session, sample_ids: Sequence[int], without: Collection[int]) -> "Changes":
    """How many labels of these samples go from what to what, as if decisions with these numbers had been taken back."""
    before, counted = labels_of(db, sample_ids), Changes()
    for chunk in in_chunks(sample_ids):
        effects, _ = labels.effects(db, chunk, without=without)
        for id_, to in effects.items():
            after = (to.verdict, to.score, to.source)
            if before[id_] != after:
                counted[change(before[id_], after)] += 1
    return counted


def _standing(db: Session, round_id: int, user_id: int) -> Iterator[tables.Decision]:
    """Everything of the person that stands: flags, skips, late words and bulk actions go with the rest."""
    decision = tables.Decision
    query = standing.everything(decision).where(decision.round_id == round_id, decision.user_id == user_id)
    yield from db.scalars(query.order_by(decision.id))


def touched_by(db: Session, targets: Iterable[tables.Decision]) -> list[int]:
    """The samples whose label may depend on these decisions."""
    sample_ids, groups = set(), set()
    for target in targets:
        sample_ids.add(target.sample_id)
        if target.kind in TOGETHER:
            groups.add(target.group_id)
        if target.value.get("edit_id") is not None:
            sample_ids.add(int(target.value["edit_id"]))
    for chunk in in_chunks(sorted(groups)):
        for ids in group_decisions.members(db, list(chunk)).values():
            sample_ids.update(ids)
    return sorted(sample_ids)


def labels_of(db: Session, sample_ids: Sequence[int]) -> dict[int, "LabelWord"]:
    """The label of each sample as it is."""
    label, by_sample = tables.Label, dict[int, LabelWord]()
    for chunk in in_chunks(sample_ids):
        query = select(label.sample_id, label.verdict, label.score, label.source).where(label.sample_id.in_(chunk))
        by_sample |= {id_: (verdict, score, source) for id_, verdict, score, source in db.execute(query)}
    return by_sample


def changed_since(db: Session, before: dict[int, "LabelWord"]) -> "Changes":
    """How many labels went from what was said before to what they say now."""
    after = labels_of(db, sorted(before))
    return Changes(change(was, after[id_]) for id_, was in before.items() if after[id_] != was)


def change(before: "LabelWord", after: "LabelWord") -> tuple[str, str, str]:
    """Both labels in words, and whose the second one is."""
    return _word(before), _word(after), str(after[2])


def _word(label: "LabelWord") -> str:
    verdict, score, _ = label
    return f"{verdict or 'no verdict'}{'' if score is None else f' {score:g}'}"


def most_frequent_first(counted: "Changes") -> tuple[Changed, ...]:
    return tuple(Changed(*words, count) for words, count in counted.most_common())


LabelWord = tuple[Verdict | None, float | None, LabelSource]
"""Verdict and score of a label, and whose they are."""
Changes = Counter[tuple[str, str, str]]
