"""A round with rows of every kind that leaves the database with it, and what is in the database."""

from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db import now, reading, session, tables
from backend.services.access import Actor
from backend.services.round_archive import columns
from backend.values import DatasetType, Role, RoundStatus, Split, Stage
from backend.values.questions import QuestionKind
from tests import rows

AUDIT = {"events"}


def snapshot() -> dict[str, list[tuple]]:
    """Every row with all columns, but the audit trail's."""
    with reading() as db:
        return {
            table.name: [tuple(row) for row in db.execute(select(table).order_by(*table.primary_key))]
            for table in tables.Base.metadata.sorted_tables
            if table.name not in AUDIT
        }


def leaving(round_id: int) -> dict[str, int]:
    """How many rows of each kind that leaves are in the database."""
    with reading() as db:
        return {
            entity.__table__.name: db.scalar(
                select(func.count()).select_from(entity).where(columns.of_round(entity, round_id))
            )
            or 0
            for entity in columns.REMOVED
        }


def make_round(project: tables.Project, base: tables.Checkpoint, **values: Any) -> tables.Round:
    """A round that is done, with rows of every kind that leaves."""
    prompts = rows.make_prompt_set(project, prompts=12, extras=[{"ü": [1.5, None]}] * 12)
    held_out = rows.make_prompt_set(project, prompts=2, split=Split.held_out)
    status = {"status": RoundStatus.done, "stage": Stage.evaluate, "counts": {"samples": 24}}
    round_ = rows.make_round(project, base, sets=[prompts], held_out=[held_out], **status | values)
    samples = rows.make_samples(round_, prompts, texts=["naïve\n\t\u2028", "", "b"], scores=[1.0, 0.1, None])
    rows.make_samples(round_, held_out, n=1, split=Split.held_out)
    rows.make_judgments(samples, votes=2)
    asked = [{"role": "user", "content": "?"}]
    rows.make_dataset(
        round_,
        DatasetType.preference,
        [
            {"prompt_id": a.prompt_id, "sample_id": a.id, "rejected_id": b.id, "messages": asked, "extra": {"z": asked}}
            for a, b in pairwise(samples)
        ],
    )
    person = rows.make_actor(project, Role.reviewer)
    first = rows.make_decision(samples[0], person, "accept", note="gut", value={"a": [1, {"b": None}]})
    rows.make_decision(samples[0], person, "retract", retracts_id=first.id)
    rows.make_decision(samples[5], person, "score", score=0.1 + 0.2)
    linked = rows.prompts_of(held_out)[0].id
    of = {"sample_id": samples[3].id, "round_id": round_.id}
    with session() as db:
        db.add(tables.Lease(**of, slot=0, user_id=person.user_id, expires_at=now()))
        db.add(tables.Assignment(**of, user_id=person.user_id, created_at=now()))
        db.add(tables.GoldItem(**of, verdict="accept", reason="known", created_at=now()))
        db.add(tables.Informativeness(**of, informativeness=0.3, why="cut"))
        question = tables.Question(project_id=project.id, key=f"accuracy_{round_.id}", kind="rating", title="Accuracy")
        db.add(question)
        db.flush()
        for n, value in enumerate(({"rating": 4}, None)):
            given = {"client_id": f"{round_.id}-answer-{n}", "question_id": question.id, "user_id": person.user_id}
            number = None if value is None else 4.0
            fields = {"sample_id": samples[5].id, "value": value, "number": number, "is_standing": value is not None}
            db.add(tables.Answer(round_id=round_.id, **given, **fields))
        asked = {"round_id": round_.id, "prompt_id": samples[0].prompt_id, "split": Split.train, "step": 2}
        group = tables.Group(**asked, position=0, parent_id=samples[0].id, messages=[{"role": "user", "content": "?"}])
        db.add(group)
        db.flush()
        text = {"project_id": project.id, "round_id": round_.id, "prompt_id": group.prompt_id, "finish_reason": "stop"}
        edit = {"kind": "edit", "author_id": person.user_id, "edited_from_id": samples[0].id}
        db.add(
            tables.Sample(**text, **edit, group_id=samples[0].group_id, position=0, text="mine", num_tokens=1, seed=0)
        )
        turns = [{"role": "user", "content": "?"}]  # not in the order of the alphabet
        db.add(tables.Sample(**text, group_id=group.id, position=0, text="why", num_tokens=1, seed=0, turns=turns))
        left = {"project_id": project.id, "round_id": round_.id, "stage": "generate", "group_id": group.id}
        db.add(tables.LeftOut(**left, item="1/-/-/-", kind="filter", reason="filtered", prompt_id=group.prompt_id))
        db.get_one(tables.Prompt, linked).sample_id = samples[7].id
        _add_words(db, round_, samples[4].id, person)
        metric = {"project_id": project.id, "round_id": round_.id, "name": "held_out_accuracy", "value": 0.5}
        db.add(tables.Metric(**metric, checkpoint_id=base.id, n=2, details={}))
    return round_


def _add_words(db: Session, round_: tables.Round, sample_id: int, person: Actor) -> None:
    """Two answers to a question, a comment, a tag and an external id at a sample."""
    key = f"q{round_.number}"
    question = tables.Question(project_id=round_.project_id, key=key, kind=QuestionKind.text, title="Why?")
    db.add(question)
    db.flush()
    of = {"sample_id": sample_id, "round_id": round_.id, "user_id": person.user_id}
    for n, is_standing in enumerate((False, True)):
        value = {"text": "so", "b": None}
        sent = {"client_id": f"answer-{round_.id}-{n}", "question_id": question.id, "is_standing": is_standing}
        db.add(tables.Answer(**of, **sent, value=value, words="so"))
    judged = {"question_id": question.id, "step": 3, "judge": "project_questions", "value": {"text": "so", "b": 0.3}}
    asked_by = round_.policy_id
    db.add(tables.JudgeAnswer(round_id=round_.id, sample_id=sample_id, checkpoint_id=asked_by, raw="so", **judged))
    db.add(tables.Comment(**of, project_id=round_.project_id, text="hm\u2028"))
    db.add(tables.SampleTag(**of, project_id=round_.project_id, tag="odd"))
    own = {"project_id": round_.project_id, "external_id": f"x{sample_id}", "digest": -(2**62), "digest_version": 1}
    db.add(tables.ExternalId(sample_id=sample_id, **own))


@pytest.fixture
def place(database: str) -> tuple[Actor, tables.Round]:
    """A round between two others of its project, of which none came from it."""
    project = rows.make_project()
    base = rows.make_checkpoint(project)
    make_round(project, base)
    round_ = make_round(project, base)
    return rows.make_actor(project, Role.admin), round_
