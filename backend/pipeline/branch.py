"""The first job of a branch: copies of the rows that its origin made before the step from which it goes its own way.

Questions, texts, judgments, labels and what people decided are copied, some groups in each transaction, so that a job
that was killed goes on where it was. A copy's place (step, position, kind, checkpoint) is that of its original.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from backend import recipes
from backend.db import now, reading, standing, tables
from backend.db.many import in_chunks
from backend.errors import NotFound
from backend.judges import Judge
from backend.pipeline import branch_answers, branch_labels
from backend.pipeline.branch_rows import (
    columns,
    first_step,
    group_copies,
    insert_rows,
    origin_of,
    rows_of,
    sample_copies,
)
from backend.pipeline.stage import Finish, StageContext
from backend.recipes import StepPlace
from backend.values import Split

KIND = "branch"
"""The kind of the job."""
GROUPS_AT_ONCE, EXAMPLES_AT_ONCE = 200, 2_000
OF_TEXTS = ("prompts", "left_out", "samples", "tokens", "truncated")
OF_JUDGING = ("judgments", "unparsed", "judge_tokens", "judge_answers", "unread_answers")
"""What a round counts at the end of its generators and judges; the rest its selectors count."""


def run(stage: StageContext) -> Finish:
    """Copy what is not copied yet, and what the round counts: whether it is held before its training depends on that.

    What its steps have left, and its roles, are copied in the transaction that ends the job.
    """
    origin_id, first = origin_of(stage), first_step(stage)
    group = tables.Group
    with reading() as db:
        if db.get(tables.Round, origin_id) is None:
            raise NotFound(f"The round that round {stage.round.number} branches off is gone. Launch another one.")
        ids = _groups(db, origin_id, first)
        there = {tuple(row) for row in db.execute(_places(stage.round.id))}
        missing = [id_ for id_, *place in ids if tuple(place) not in there]
    stage.progress.start(len(ids), "questions", done=len(ids) - len(missing))
    for some in in_chunks(missing, GROUPS_AT_ONCE):
        with stage.writing() as db:
            copied = rows_of(db, group, group.id.in_(some), order=(group.step, group.position))
            _copy_groups(db, stage, copied)
        stage.progress.advance(len(some))
    _copy_datasets(stage)
    _copy_counts(stage)

    def finish(db: Session) -> None:
        _copy_roles(db, stage)
        origin, branch = db.get_one(tables.Round, origin_id), db.get_one(tables.Round, stage.round.id)
        branch.steps = _steps(db, stage, origin.steps)

    return finish


def _groups(db: Session, round_id: int, first: int) -> list[tuple[int, int, int]]:
    """(id, step, position) of the questions before a step."""
    group = tables.Group
    query = select(group.id, group.step, group.position).where(group.round_id == round_id, group.split == Split.train)
    ordered = query.where(group.step < first).order_by(group.step, group.position)
    return [(id_, step, position) for id_, step, position in db.execute(ordered)]


def _places(round_id: int) -> Any:
    group = tables.Group
    return select(group.step, group.position).where(group.round_id == round_id, group.split == Split.train)


def _copy_groups(db: Session, stage: StageContext, old: Sequence[dict[str, Any]]) -> None:
    """These questions with all that was made of them before the step."""
    here, group, sample = {"round_id": stage.round.id}, tables.Group, tables.Sample
    insert_rows(db, group, [row | here | {"parent_id": None} for row in old])
    old_ids = [row["id"] for row in old]
    groups = group_copies(db, stage, old_ids)
    of_old = sample.group_id.in_(old_ids) & (sample.step < first_step(stage))
    texts = rows_of(db, sample, of_old, order=(sample.id,))
    insert_rows(
        db, sample, [text | here | {"edited_from_id": None, "group_id": groups[text["group_id"]]} for text in texts]
    )
    ids = sample_copies(db, stage, [text["id"] for text in texts])
    for text in texts:
        if text["edited_from_id"] in ids:
            edited = update(sample).where(sample.id == ids[text["id"]])
            db.execute(edited.values(edited_from_id=ids[text["edited_from_id"]]))
    # After the texts: a question may be about a text of its own step, as in a tree.
    parents = sample_copies(db, stage, [row["parent_id"] for row in old])
    for text in old:
        if text["parent_id"] in parents:
            db.execute(update(group).where(group.id == groups[text["id"]]).values(parent_id=parents[text["parent_id"]]))
    _copy_words(db, stage, ids, groups)


def _copy_words(db: Session, stage: StageContext, ids: dict[int, int], groups: dict[int, int]) -> None:
    """Judgments, labels, decisions, known labels and decided leases of these texts."""
    here, judgment, first = {"round_id": stage.round.id}, tables.Judgment, first_step(stage)
    old_cut = _cut_to_leave(stage)
    for some in in_chunks(sorted(ids)):
        judgments = rows_of(db, judgment, judgment.sample_id.in_(some) & (judgment.step < first), order=(judgment.id,))
        insert_rows(db, judgment, [row | here | {"sample_id": ids[row["sample_id"]]} for row in judgments])
        labels = rows_of(db, tables.Label, tables.Label.sample_id.in_(some), order=(tables.Label.sample_id,))
        decision = tables.Decision
        query = standing.everything(*columns(decision)).where(decision.sample_id.in_(some)).order_by(decision.id)
        decided = [dict(row) for row in db.execute(query).mappings()]
        if _judges_anew(stage):
            own = set() if old_cut is not None else branch_labels.scored(labels, decided)
            labels = branch_labels.before_judging(labels, judgments, _judges(stage, first), own)
        insert_rows(db, tables.Label, [label | here | {"sample_id": ids[label["sample_id"]]} for label in labels])
        known = rows_of(db, tables.GoldItem, tables.GoldItem.sample_id.in_(some), order=(tables.GoldItem.sample_id,))
        insert_rows(db, tables.GoldItem, [row | here | {"sample_id": ids[row["sample_id"]]} for row in known])
        decided = [branch_labels.as_verdict(row, old_cut) for row in decided]
        insert_rows(db, decision, [_decision(stage, row, ids, groups) for row in decided])
        for table, copies in branch_answers.of_samples(db, stage, some, ids):
            insert_rows(db, table, copies)
        insert_rows(
            db, tables.Lease, [lease | here | {"sample_id": ids[lease["sample_id"]]} for lease in _leases(db, some)]
        )


def _leases(db: Session, sample_ids: Sequence[int]) -> list[dict[str, Any]]:
    """The slots of items that somebody decided; those that nobody decided are free."""
    lease = tables.Lease
    slots = rows_of(db, lease, lease.sample_id.in_(sample_ids), order=(lease.sample_id, lease.slot))
    begun = {slot["sample_id"] for slot in slots if slot["decided_at"] is not None}
    free = {"user_id": None, "expires_at": now(), "is_random": False}
    return [slot | (free if slot["decided_at"] is None else {}) for slot in slots if slot["sample_id"] in begun]


def _cut_to_leave(stage: StageContext) -> float | None:
    """The cut of the judge whose scale people's scores are of, where the one that judges anew has another cut or scale;
    else None."""
    if not _judges_anew(stage):
        return None
    with reading() as db:
        origin = db.get_one(tables.Round, origin_of(stage))
    old = recipes.judge_place(recipes.read(origin.recipe), origin.phase)
    new = recipes.judge_place(stage.recipe, stage.round.phase)
    if old is None or new is None:
        return None
    assert isinstance(old.step.part, Judge)
    assert isinstance(new.step.part, Judge)
    was, comes = ((part.accept_at, part.score_range) for part in (old.step.part, new.step.part))
    return None if was == comes else was[0]


def _decision(stage: StageContext, row: dict[str, Any], ids: dict[int, int], groups: dict[int, int]) -> dict[str, Any]:
    """What a person said, as a copy: it says which decision it repeats, so that its time is counted once."""
    value = {
        name: branch_labels.renamed(value, ids) if name in branch_labels.NAMES else value
        for name, value in row["value"].items()
    }
    batch = row["batch_id"] and f"{stage.round.id}:{row['batch_id']}"[:64]
    return row | {
        "client_id": f"branch-{stage.round.id}-{row['id']}",
        "round_id": stage.round.id,
        "sample_id": ids[row["sample_id"]],
        "group_id": groups[row["group_id"]],
        "retracts_id": None,
        "batch_id": batch,
        "value": value | {"restores": row["value"].get("restores", row["id"])},
    }


def _copy_counts(stage: StageContext) -> None:
    """What the round's own row counts of the steps before."""
    names = _still_counted(stage)
    with reading() as db:
        old = db.get_one(tables.Round, origin_of(stage)).counts
        there = db.get_one(tables.Round, stage.round.id).counts
    counts = {name: value for name, value in old.items() if name in names}
    if there != counts:
        with stage.writing() as db:
            db.get_one(tables.Round, stage.round.id).counts = counts


def _copy_datasets(stage: StageContext) -> None:
    """What was frozen before the step, with the copies of its texts: some rows in each transaction."""
    dataset = tables.Dataset
    with reading() as db:
        frozen = rows_of(
            db,
            dataset,
            (dataset.round_id == origin_of(stage)) & (dataset.step < first_step(stage)),
            order=(dataset.step,),
        )
        here = select(dataset.step, dataset.id).where(dataset.round_id == stage.round.id)
        ids_by_step = dict(db.execute(here).tuples().all())
    for fields in frozen:
        if fields["step"] not in ids_by_step:
            with stage.writing() as db:
                values = {name: value for name, value in fields.items() if name != "id"}
                copy = tables.Dataset(**values | {"round_id": stage.round.id})
                db.add(copy)
                db.flush()
                ids_by_step[fields["step"]] = copy.id
        while _copy_examples(stage, fields["id"], ids_by_step[fields["step"]]):
            pass


def _copy_examples(stage: StageContext, old_id: int, new_id: int) -> bool:
    """Copy the next rows of a dataset; return whether there may be more."""
    example = tables.Example
    with reading() as db:
        last = db.scalar(select(func.max(example.position)).where(example.dataset_id == new_id))
        query = select(*columns(example)).where(example.dataset_id == old_id).order_by(example.position)
        query = query if last is None else query.where(example.position > last)
        rows = [dict(row) for row in db.execute(query.limit(EXAMPLES_AT_ONCE)).mappings()]
    if not rows:
        return False
    with stage.writing() as db:
        ids = sample_copies(
            db, stage, [sample_id for row in rows for sample_id in (row["sample_id"], row["rejected_id"])]
        )
        insert_rows(
            db,
            example,
            [
                row
                | {"dataset_id": new_id}
                | {name: ids.get(row[name], row[name]) for name in ("sample_id", "rejected_id")}
                for row in rows
            ],
        )
    return len(rows) == EXAMPLES_AT_ONCE


def _copy_roles(db: Session, stage: StageContext) -> None:
    """Checkpoints that trainings before the step made."""
    role = tables.RoundRole
    of_origin = (role.round_id == origin_of(stage)) & (role.step >= 0) & (role.step < first_step(stage))
    insert_rows(
        db, role, [row | {"round_id": stage.round.id} for row in rows_of(db, role, of_origin, order=(role.step,))]
    )


def _steps(db: Session, stage: StageContext, old: dict[str, Any]) -> dict[str, Any]:
    """What the steps before have left for later ones, with the copies of the questions."""
    kept = {number: left for number, left in old.items() if int(number) < first_step(stage)}
    ids = group_copies(db, stage, [group_id for left in kept.values() for group_id in left.get("groups") or ()])
    return {
        number: left | ({"groups": [ids[group_id] for group_id in left["groups"]]} if left.get("groups") else {})
        for number, left in kept.items()
    }


def _judges(stage: StageContext, before: int) -> dict[int, Judge]:
    """The judges before a step, by the number of theirs."""
    judges = ((place.index, place.step.part) for place in stage.places[:before])
    return {index: part for index, part in judges if isinstance(part, Judge) and not part.gives_answers}


def _judges_anew(stage: StageContext) -> bool:
    return any(_is(place, "judge") and not _answers(place) for place in stage.places[first_step(stage) :])


def _answers(place: StepPlace) -> bool:
    return isinstance(place.step.part, Judge) and place.step.part.gives_answers


def _still_counted(stage: StageContext) -> set[str]:
    """The names of what it counts of them."""
    with reading() as db:
        names = set(db.get_one(tables.Round, origin_of(stage)).counts)
    selects = any(_is(place, "selector", "mixer") for place in stage.places[first_step(stage) :])
    if not selects:
        return names
    return set(OF_TEXTS) if _judges_anew(stage) else {*OF_TEXTS, *OF_JUDGING}


def _is(place: StepPlace, *kinds: str) -> bool:
    return place.step.kind in kinds
