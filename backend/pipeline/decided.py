"""What people decided on texts, as questions to the judge that judged these: for mixers that make rows of them."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend import recipes
from backend.db import standing, tables
from backend.db.many import in_chunks
from backend.errors import UnreadableRecipe
from backend.judges import Judge
from backend.pipeline.chosen import ancestors, require_rows
from backend.pipeline.groups import is_no_probe
from backend.pipeline.stage import StageContext
from backend.values import DecidedText, LabelSource, Verdict


def read(stage: StageContext, db: Session) -> Iterator[DecidedText]:
    """The round's decided texts, then those of the rounds above, each round's in order; nothing is read before."""
    for age, round_id in enumerate([stage.round.id, *ancestors(db, stage.round.parent_id)]):
        round_ = db.get_one(tables.Round, round_id)
        try:
            recipe = recipes.read(round_.recipe)
        except UnreadableRecipe:
            continue
        place = recipes.judge_place(recipe, round_.phase)
        judge = place.step.part if place is not None else None
        if place is not None and isinstance(judge, Judge) and judge.asks_in_words:
            require_rows(db, round_id)
            yield from _of_round(db, round_id, stage.round.project_id, judge, place.index, age)


def _of_round(db: Session, round_id: int, project_id: int, judge: Judge, step: int, age: int) -> Iterator[DecidedText]:
    right, words = _verdicts(db, round_id), _words(db, round_id)
    bare = {verdict: text for verdict in Verdict if (text := judge.bare(verdict)) is not None}
    sample, group, prompt = tables.Sample, tables.Group, tables.Prompt
    for ids in in_chunks(in_order(db, right)):
        replies = _replies(db, ids, step)
        query = (
            select(sample.id, sample.prompt_id, sample.text, group.messages, prompt.messages)
            .join(group, group.id == sample.group_id)
            .join(prompt, prompt.id == sample.prompt_id)
            .where(sample.id.in_(ids), sample.kind.in_(tables.JUDGED), is_no_probe(project_id))
        )
        rows = {sample_id: row for sample_id, *row in db.execute(query)}
        for sample_id in ids:
            if sample_id not in rows:
                continue
            prompt_id, text, own, asked = rows[sample_id]
            if sample_id in replies:  # else the judge was not asked of it, and might ask otherwise
                question = judge.question(asked if own is None else own, text)
                given, decision_id = tuple(replies[sample_id]), words.get(sample_id)
                yield DecidedText(prompt_id, sample_id, question, right[sample_id], given, bare, decision_id, age)


def in_order(db: Session, ids: Collection[int]) -> list[int]:
    """These texts by their rounds and their groups' places: which of several workers wrote one first says nothing."""
    sample, group, places = tables.Sample, tables.Group, dict[int, Any]()
    for some in in_chunks(sorted(ids)):
        query = select(sample.id, group.round_id, group.step, group.position, sample.step, sample.position)
        query = query.join(group, group.id == sample.group_id)
        places |= {sample_id: (*place, sample_id) for sample_id, *place in db.execute(query.where(sample.id.in_(some)))}
    return sorted(places, key=lambda sample_id: places[sample_id])


def _verdicts(db: Session, round_id: int) -> dict[int, Verdict]:
    """What people say of each text on which somebody decided; of gold items what was known."""
    label, gold = tables.Label, tables.GoldItem
    query = select(label.sample_id, label.verdict).where(
        label.round_id == round_id, label.source == LabelSource.person, label.verdict.is_not(None)
    )
    words = _words(db, round_id)
    verdicts: dict[int, Any] = {sample_id: verdict for sample_id, verdict in db.execute(query) if sample_id in words}
    known = select(gold.sample_id, gold.verdict).where(gold.round_id == round_id)
    return verdicts | dict(db.execute(known).tuples().all())


def _words(db: Session, round_id: int) -> dict[int, int]:
    """The last decision that shaped each text's label; acts in bulk, in which nobody looked at the text, aside."""
    decision = tables.Decision
    query = standing.decisions(
        decision.sample_id,
        func.max(decision.id),
        late=False,
        gold=False,
        adjudication=True,
        batch=False,
        kinds=standing.LABELLING,
    )
    query = query.where(decision.round_id == round_id).group_by(decision.sample_id)
    return dict(db.execute(query).tuples().all())


def _replies(db: Session, ids: Sequence[int], step: int) -> dict[int, list[tuple[str, Verdict | None]]]:
    row, replies = tables.Judgment, defaultdict[int, list[tuple[str, Verdict | None]]](list)
    query = select(row.sample_id, row.raw, row.verdict, row.finish_reason).where(
        row.sample_id.in_(ids), row.step == step
    )
    for sample_id, raw, verdict, finish in db.execute(query.order_by(row.sample_id, row.position)):
        replies[sample_id] += [(raw, verdict)] if finish == "stop" and raw else []
    return replies
