"""A round's rows as evidence on its judge: texts with its word, and what people said without having seen it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend import recipes
from backend.db import standing, tables
from backend.db.many import in_chunks
from backend.db.standing import ANY_LABELLING, TOGETHER
from backend.errors import UnreadableRecipe
from backend.judges import Comparison, Judge
from backend.pipeline.decided import in_order
from backend.pipeline.health.shapes import HealthEvidence, JudgedText, Witness, Word
from backend.recipes import Recipe, StepPlace
from backend.translations import N_
from backend.values import DecisionKind, LabelSource, Mode, RoundStatus, Split, Verdict

MOST_GROUPS = 500
"""Of so many groups all texts are looked at; of more, those of so many, evenly drawn."""
NEARLY_ALL = 0.95
"""Where people decided on so much of the round, what they decided is no choice of theirs."""
NOT_REVIEWED = "Nobody reviews this round. Launch the next one with a review, and keep its random_share above 0."
TO_DRAW = N_(
    "Take items in the order random on the Review page, keep random_share above 0, or mark gold items on the Team page."
)


def gather(db: Session, row: tables.Round) -> HealthEvidence:
    """The evidence on the judge whose labels people see; one without a judge where there is none."""
    recipe = _recipe(row)
    place = recipes.judge_place(recipe, row.phase) if recipe is not None else None
    gate = recipe.gate(row.phase) if recipe is not None else None
    if recipe is None or place is None or gate is None:
        return HealthEvidence(None)
    judge = _judge_of(place)
    source = recipe.places(row.phase)[gate].source
    groups, of_groups = _some_groups(db, row.id, source or 0)
    texts = _texts(db, place.index, tables.Sample.group_id.in_(groups))
    words = _words(db, row)
    witnesses, spoken = _witnesses(db, row, words, place, judge.accept_at)
    return HealthEvidence(
        judge=judge,
        judge_id=_judge_id(db, place.index, [*texts, *(witness.text for witness in witnesses)]),
        texts=tuple(texts),
        witnesses=tuple(witnesses),
        better=tuple(_better(db, row, words, place.index)),
        compared=tuple(_compared(db, judge, place.index, texts)),
        why=TO_DRAW if row.is_reviewed else NOT_REVIEWED,
        words=tuple(spoken),
        drawn_of=of_groups if of_groups > len(groups) else 0,
        needs_differences=recipes.needs_differences(recipe, row.phase),
        is_done=row.status is RoundStatus.done,
    )


def witnesses_of(db: Session, row: tables.Round) -> list[Witness]:
    """The texts of a round with what people said of them that counts; none where no judge labels its texts."""
    recipe = _recipe(row)
    place = recipes.judge_place(recipe, row.phase) if recipe is not None else None
    if place is None:
        return []
    witnesses, _ = _witnesses(db, row, _words(db, row), place, _judge_of(place).accept_at)
    return witnesses


def _recipe(row: tables.Round) -> Recipe | None:
    """The round's recipe; None where this version cannot read it."""
    try:
        return recipes.read(row.recipe)
    except UnreadableRecipe:
        return None


def _judge_of(place: StepPlace) -> Judge:
    judge = place.step.part
    assert isinstance(judge, Judge)
    return judge


def _some_groups(db: Session, round_id: int, step: int) -> tuple[list[int], int]:
    """Ids of groups, evenly drawn by their positions, which count from 0; and how many there are."""
    group = tables.Group
    mine = (group.round_id == round_id, group.split == Split.train, group.step == step)
    last = db.scalar(select(func.max(group.position)).where(*mine))
    if last is None:
        return [], 0
    number = min(last + 1, MOST_GROUPS)
    positions = [n * (last + 1) // number for n in range(number)]
    query = select(group.id).where(*mine, group.position.in_(positions)).order_by(group.position)
    return list(db.scalars(query)), last + 1


def _texts(db: Session, step: int, where: Any) -> list[JudgedText]:
    """The texts with the judge's word, group by group in order."""
    sample, label, judgment = tables.Sample, tables.Label, tables.Judgment
    votes = (
        select(func.count())
        .where(judgment.sample_id == sample.id, judgment.step == step)
        .correlate(sample)
        .scalar_subquery()
    )
    query = (
        select(
            sample.id,
            sample.group_id,
            sample.position,
            label.machine_score,
            label.machine_verdict,
            label.machine_spread,
            label.is_unparsed,
            sample.num_tokens,
            sample.checkpoint_id,
            votes,
            label.source == LabelSource.person,
        )
        .join(label, label.sample_id == sample.id)
        .where(where, sample.kind.in_(tables.JUDGED))
        .order_by(sample.group_id, sample.step, sample.position, sample.id)
    )
    return [
        JudgedText(id_, group_id, position, score, None if verdict is None else verdict is Verdict.accept, *rest)
        for id_, group_id, position, score, verdict, *rest in db.execute(query)
    ]


def _words(db: Session, row: tables.Round) -> list[Any]:
    """Each person's last standing word on each item, where nothing of the judge had been shown before."""
    decision = tables.Decision
    query = (
        standing.votes(
            decision.sample_id,
            decision.group_id,
            decision.user_id,
            decision.kind,
            decision.score,
            decision.value,
            decision.is_random,
            decision.is_blind,
            decision.mode,
            kinds=ANY_LABELLING,
        )
        .where(decision.round_id == row.id)
        .order_by(decision.id)
    )
    last = {(row.sample_id, row.user_id, row.kind in TOGETHER): row for row in db.execute(query)}
    return [row for row in last.values() if row.is_blind and row.mode != Mode.judgment]


def _witnesses(
    db: Session, row: tables.Round, words: Sequence[Any], place: StepPlace, cut: float
) -> tuple[list[Witness], list[Word]]:
    """Texts with the majority of people's verdicts, where they were drawn; gold items with the label that was known.

    And all that was said blindly of texts, drawn or not: known labels first, then in the order in which it was said.
    """
    gold = tables.GoldItem
    known = dict(db.execute(select(gold.sample_id, gold.verdict).where(gold.round_id == row.id)).tuples().all())
    by_sample: dict[int, list[Any]] = defaultdict(list)
    for word in words:
        if word.kind not in TOGETHER and word.sample_id not in known:
            by_sample[word.sample_id].append(word)
    is_all = _is_nearly_all(len(by_sample) + len(known), int(row.counts.get("samples") or 0))
    drawn = {sample_id for sample_id, some in by_sample.items() if is_all or any(row.is_random for row in some)}
    ids = in_order(db, {*by_sample, *known})
    found_of = {
        text.id: text for some in in_chunks(ids) for text in _texts(db, place.index, tables.Sample.id.in_(some))
    }
    texts = {id_: found_of[id_] for id_ in ids if id_ in found_of}
    spoken = [
        Word(text, known[sample_id] is Verdict.accept, False, is_known=True)
        for sample_id, text in texts.items()
        if sample_id in known
    ]
    witnesses = {witness.text.id: Witness(witness.text, witness.accepts) for witness in spoken}
    for sample_id, some in by_sample.items():
        good = sum(_accepts(row, cut) for row in some)
        if sample_id not in texts or 2 * good == len(some):
            continue
        spoken.append(Word(texts[sample_id], 2 * good > len(some), sample_id in drawn))
        if sample_id in drawn:
            scores = [row.score for row in some if row.score is not None]
            mean = sum(scores) / len(scores) if scores else None
            witnesses[sample_id] = Witness(texts[sample_id], 2 * good > len(some), mean)
    # In the order in which texts are read, by which their measures draw again.
    return [witnesses[sample_id] for sample_id in texts if sample_id in witnesses], spoken


def _accepts(row: Any, cut: float) -> bool:
    if row.kind is DecisionKind.score:
        return row.score is not None and row.score >= cut
    return bool(row.kind is DecisionKind.accept)


def _is_nearly_all(decided: int, all_of_them: int) -> bool:
    return all_of_them > 0 and decided >= NEARLY_ALL * all_of_them


def _better(db: Session, row: tables.Round, words: Sequence[Any], step: int) -> Iterable[tuple[int, float, float]]:
    """The group, the score of each text that people put before another one of it, and the score of that one."""
    compared = [word for word in words if word.kind in TOGETHER]
    groups = {row.group_id for row in compared}
    if not _is_nearly_all(len(groups), int(row.counts.get("prompts") or 0)):
        compared = [row for row in compared if row.is_random]
    score: dict[int, float | None] = {}
    members: dict[int, list[int]] = defaultdict(list)
    for some in in_chunks(sorted({row.group_id for row in compared})):
        for text in _texts(db, step, tables.Sample.group_id.in_(some)):
            score[text.id] = text.score
            members[text.group_id].append(text.id)
    for compared_row in compared:
        shown = (
            members[compared_row.group_id]
            if compared_row.mode != Mode.pair
            else [sample_id for sample_id in (compared_row.value.get("worst"),) if sample_id]
        )
        for first, second in _pairs(compared_row.value or {}, shown):
            a, b = score.get(first), score.get(second)
            if a is not None and b is not None:
                yield compared_row.group_id, a, b


def _pairs(value: dict[str, Any], members: Sequence[int]) -> list[tuple[int, int]]:
    """What one decision on a group puts before what; nothing where it calls them equal."""
    if value.get("tie") or value.get("all_bad"):
        return []
    if value.get("order"):
        return list(combinations(value["order"], 2))
    return [(value["best"], other) for other in members if other != value["best"]] if value.get("best") else []


def _judge_id(db: Session, step: int, texts: Sequence[JudgedText]) -> int | None:
    """The checkpoint that judged; by some of the texts, since judgments are found by their text."""
    judgment = tables.Judgment
    some = [text.id for text in texts[:100]]
    query = select(judgment.id, judgment.checkpoint_id).where(judgment.sample_id.in_(some), judgment.step == step)
    # The first one is taken here: PostgreSQL would look for it from the first judgment of all on.
    return min(db.execute(query).tuples(), default=(0, None))[1]


def _compared(db: Session, judge: Judge, step: int, texts: Sequence[JudgedText]) -> Iterable[tuple[Comparison, ...]]:
    """What the judge's replies say of each two texts of a group, where it asked in both orders."""
    if type(judge).comparisons is Judge.comparisons:
        return
    judgment, raw = tables.Judgment, dict[int, str]()
    for some in in_chunks([text.id for text in texts]):
        query = select(judgment.sample_id, judgment.raw).where(judgment.sample_id.in_(some), judgment.step == step)
        raw |= dict(db.execute(query.where(judgment.position == 0)).tuples().all())
    groups: dict[int, list[int]] = defaultdict(list)
    for text in texts:
        groups[text.group_id].append(text.id)
    for ids in groups.values():
        if len(ids) > 1 and all(id_ in raw for id_ in ids):
            yield tuple(judge.comparisons([raw[id_] for id_ in ids]))
