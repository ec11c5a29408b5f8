"""Rows for tests: each function writes one thing in its own transaction and returns it, ids filled in."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db import now, session, tables
from backend.db.many import among
from backend.services.access import Actor
from backend.values import DatasetType, DecisionKind, LabelSource, Role, RoundStatus, SetUse, Split, Stage, Verdict

RECIPE: dict[str, Any] = {
    "name": "self_rewarding",
    "title": "Self-Rewarding Language Models",
    "paper": "2401.10020",
    "prompt_source": {"name": "prompt_set"},
    "generator": {"name": "sample", "n": 2},
    "judge": {"name": "additive_rubric"},
    "selector": {"name": "best_versus_worst"},
    "trainer": {"name": "dpo"},
    "schedule": {"name": "constant"},
    "metrics": [{"name": "held_out_accuracy"}],
    "mix_share": 0.0,
    "earlier_rounds": False,
    "unparsed_limit": 0.5,
}


def content_hash(value: Any) -> str:
    """The SHA-256 of the value's canonical JSON."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def next_number(db: Session, table: type[Any]) -> int:
    """The number of the next row, by the database alone: a test has the same names and prompts alone and after others."""
    return (db.scalar(select(func.max(table.id))) or 0) + 1


def make_user(name: str = "", *, is_owner: bool = False) -> tables.User:
    with session() as db:
        user = tables.User(name=name or f"user-{next_number(db, tables.User)}", is_owner=is_owner)
        db.add(user)
    return user


def make_actor(
    project: tables.Project | None = None,
    role: Role = Role.admin,
    *,
    name: str = "",
    is_owner: bool = False,
    via: str = "page",
) -> Actor:
    """A new person with that role in the project (no project: a stranger)."""
    user = make_user(name, is_owner=is_owner)
    if project is not None:
        with session() as db:
            db.add(tables.Membership(project_id=project.id, user_id=user.id, role=role))
    return Actor(user.id, user.name, user.is_owner, via=via)


def make_project(name: str = "", **columns: Any) -> tables.Project:
    with session() as db:
        project = tables.Project(name=name or f"project-{next_number(db, tables.Project)}", **columns)
        db.add(project)
    return project


def make_checkpoint(
    project: tables.Project, name: str = "", *, parent: tables.Checkpoint | None = None, **columns: Any
) -> tables.Checkpoint:
    """A checkpoint; served by the scripted engine unless `engine` is given."""
    values = {
        "kind": "full" if parent else "base",
        "location": "scripted",
        "engine": {"name": "scripted"},
        "parent_id": parent.id if parent else None,
    }
    with session() as db:
        name = name or f"checkpoint-{next_number(db, tables.Checkpoint)}"
        checkpoint = tables.Checkpoint(project_id=project.id, name=name, **values | columns)
        db.add(checkpoint)
    return checkpoint


def make_prompt_set(
    project: tables.Project,
    name: str = "",
    *,
    prompts: int | Sequence[str] = 3,
    answers: Sequence[str | None] | None = None,
    extras: Sequence[dict[str, Any]] = (),
    split: Split = Split.train,
) -> tables.PromptSet:
    """A set of user prompts: so many made-up ones, or these texts; `extras`: their metadata."""
    with session() as db:
        number = next_number(db, tables.PromptSet)
        texts = [f"prompt {number}.{i}" for i in range(prompts)] if isinstance(prompts, int) else list(prompts)
        row = tables.PromptSet(
            project_id=project.id, name=name or f"set-{number}", split=split, origin="test", num_prompts=len(texts)
        )
        db.add(row)
        db.flush()
        for position, text in enumerate(texts):
            messages = [{"role": "user", "content": text}]
            answer = answers[position] if answers else None
            db.add(
                tables.Prompt(
                    prompt_set_id=row.id,
                    position=position,
                    messages=messages,
                    text=text,
                    answer=answer,
                    extra=extras[position] if extras else {},
                    content_hash=content_hash(messages),
                )
            )
    return row


def prompts_of(prompt_set: tables.PromptSet) -> list[tables.Prompt]:
    """The set's prompts in order."""
    with session() as db:
        rows = db.query(tables.Prompt).filter_by(prompt_set_id=prompt_set.id).order_by(tables.Prompt.position)
        return list(rows)


def make_round(
    project: tables.Project,
    policy: tables.Checkpoint | None = None,
    *,
    sets: Iterable[tables.PromptSet] = (),
    held_out: Iterable[tables.PromptSet] = (),
    mix: Iterable[tables.PromptSet] = (),
    **columns: Any,
) -> tables.Round:
    """A round with the next free number; `columns` overrides anything (status, stage, recipe, counts...)."""
    policy = policy or make_checkpoint(project)
    with session() as db:
        number = db.query(tables.Round).filter_by(project_id=project.id).count() + 1
        values = {
            "number": number,
            "status": RoundStatus.running,
            "stage": Stage.generate,
            "recipe": RECIPE,
            "policy_id": policy.id,
            "reference_id": policy.id,
            "num_prompts": 3,
            "seed": 1,
        }
        row = tables.Round(project_id=project.id, **values | columns)
        db.add(row)
        db.flush()
        for use, chosen in ((SetUse.sample, sets), (SetUse.held_out, held_out), (SetUse.mix, mix)):
            db.add_all(tables.RoundPromptSet(round_id=row.id, prompt_set_id=s.id, use=use) for s in chosen)
    return row


def make_samples(
    round_: tables.Round,
    prompt_set: tables.PromptSet,
    *,
    n: int = 2,
    texts: Sequence[str] | None = None,
    scores: Sequence[float | None] | None = None,
    threshold: float = 0.5,
    finish_reason: str = "stop",
    split: Split = Split.train,
) -> list[tables.Sample]:
    """`n` samples for each prompt, in order; `texts` and `scores` run over all samples and start again at their end.

    Training samples get their label row: source none, or source judge where a score is given.
    """
    samples: list[tables.Sample] = []
    prompts = prompts_of(prompt_set)
    with session() as db:
        first = db.query(tables.Group).filter_by(round_id=round_.id, split=split, step=0).count()
        groups = [
            tables.Group(round_id=round_.id, prompt_id=prompt.id, split=split, position=place)
            for place, prompt in enumerate(prompts, first)
        ]
        # One statement for all rows: flushing row by row was half of the time of many tests.
        db.add_all(groups)
        db.flush()
        for group in groups:
            for position in range(n):
                text = texts[len(samples) % len(texts)] if texts else f"sample {group.prompt_id}.{position}"
                samples.append(_sample(round_, group, text, position, finish_reason, split))
        db.add_all(samples)
        db.flush()
        if split is Split.train:
            db.add_all(_label(s, scores[i % len(scores)] if scores else None, threshold) for i, s in enumerate(samples))
    return samples


def _sample(
    round_: tables.Round, group: tables.Group, text: str, position: int, finish_reason: str, split: Split
) -> tables.Sample:
    return tables.Sample(
        project_id=round_.project_id,
        round_id=round_.id,
        group_id=group.id,
        prompt_id=group.prompt_id,
        checkpoint_id=round_.policy_id,
        split=split,
        position=position,
        text=text,
        finish_reason=finish_reason,
        num_tokens=len(text.split()),
        seed=position,
    )


def _label(sample: tables.Sample, score: float | None, threshold: float) -> tables.Label:
    verdict = None if score is None else Verdict.accept if score >= threshold else Verdict.reject
    return tables.Label(
        sample_id=sample.id,
        round_id=sample.round_id,
        score=score,
        verdict=verdict,
        source=LabelSource.none if score is None else LabelSource.judge,
        machine_score=score,
        machine_verdict=verdict,
        is_truncated=sample.finish_reason == "length",
        num_tokens=sample.num_tokens,
        updated_at=now(),
    )


def make_judgments(samples: Sequence[tables.Sample], *, judge: str = "additive_rubric", votes: int = 1) -> None:
    """Judgments that agree with the labels of these samples; without a score, replies without a verdict."""
    with session() as db:
        label = tables.Label
        query = select(label.sample_id, label.machine_score, label.machine_verdict)
        ids = [sample.id for sample in samples]
        endpoint_client = {
            n: (score, verdict) for n, score, verdict in db.execute(query.where(among(label.sample_id, ids)))
        }
        for sample in samples:
            score, verdict = endpoint_client.get(sample.id, (None, None))
            for position in range(votes):
                db.add(
                    tables.Judgment(
                        round_id=sample.round_id,
                        sample_id=sample.id,
                        judge=judge,
                        checkpoint_id=sample.checkpoint_id,
                        position=position,
                        score=score,
                        verdict=verdict,
                        rationale="because",
                        raw=f"because\nScore: {score}" if score is not None else "I cannot say.",
                        template_hash="t" * 64,
                    )
                )


def make_dataset(
    round_: tables.Round,
    type: DatasetType,
    examples: Sequence[dict[str, Any]],
    *,
    content_hash: str = "0" * 64,
    **columns: Any,
) -> tables.Dataset:
    """A frozen dataset of examples given as columns, e.g. `{"prompt_id": 1, "sample_id": 2, "rejected_id": 3}`."""
    values: dict[str, Any] = {"funnel": [], "provenance": {"seed": round_.seed}}
    with session() as db:
        row = tables.Dataset(
            project_id=round_.project_id,
            round_id=round_.id,
            type=type,
            content_hash=content_hash,
            num_examples=len(examples),
            **values | columns,
        )
        db.add(row)
        db.flush()
        db.add_all(tables.Example(dataset_id=row.id, position=i, **example) for i, example in enumerate(examples))
    return row


def make_decision(sample: tables.Sample, actor: Actor, kind: str = "accept", **columns: Any) -> tables.Decision:
    """A decision's row alone, as if made in the review desk with the judge hidden; no label changes."""
    values = {"is_blind": True, "seconds": 5.0} | columns
    with session() as db:
        row = tables.Decision(
            client_id=f"made-{next_number(db, tables.Decision)}",
            project_id=sample.project_id,
            round_id=sample.round_id,
            group_id=sample.group_id,
            sample_id=sample.id,
            user_id=actor.user_id,
            kind=DecisionKind(kind),
            **values,
        )
        db.add(row)
    return row
