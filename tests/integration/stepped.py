"""A round of steps as the pipeline leaves it before people decide, without a model: answers, and judgments of each."""

from typing import Any

from sqlalchemy import select

from backend import jobs, recipes
from backend.db import now, reading, session, tables
from backend.services.access import Actor
from backend.values import JobStatus, LabelSource, Role, RoundStatus, Split, Stage
from tests import rows

ANSWERS, ASKED, JUDGMENTS, GATE = 1, 2, 3, 6
"""The steps of Meta-Rewarding that make texts, the one that asks for judgments, and the one people decide before."""
LOCAL = {"name": "transformers", "model": "models/base"}


class Stepped:
    """Prompts with two answers each and two judgments of each answer; `judgments` holds the judgments by answer.

    `columns`: of the round.
    """

    def __init__(self, recipe: str = "meta_rewarding", *, prompts: int = 2, **columns: Any) -> None:
        self.project = rows.make_project()
        self.curator = rows.make_actor(self.project, Role.curator)
        self.reviewer = rows.make_actor(self.project, Role.reviewer)
        self.prompts = rows.make_prompt_set(self.project, prompts=prompts, answers=["7"] * prompts)
        self.base = rows.make_checkpoint(self.project, engine=LOCAL)
        waiting = {"status": RoundStatus.review, "stage": Stage.review, "step": GATE, "is_reviewed": True}
        data = recipes.get(recipe).model_dump(mode="json")
        self.round = rows.make_round(
            self.project, self.base, sets=[self.prompts], **waiting | {"recipe": data} | columns
        )
        samples = rows.make_samples(self.round, self.prompts, scores=[4.0, 1.0], threshold=4.0)
        self.answers = [sample.id for sample in samples]
        rows.make_judgments(samples)
        self.judgments = {sample.id: self.ask_about(sample) for sample in samples}

    def ask_about(self, sample: tables.Sample, *, is_stripped: bool = False) -> list[int]:
        """A question about a text, with two answers; the ids of these."""
        text = f"You are grading an answer: {sample.text}"
        with session() as db:
            position = db.query(tables.Group).filter_by(round_id=self.round.id, step=ASKED).count()
            group = tables.Group(
                round_id=self.round.id,
                prompt_id=sample.prompt_id,
                split=Split.train,
                step=ASKED,
                position=position,
                parent_id=sample.id,
                messages=[{"role": "user", "content": text}],
                is_stripped=is_stripped,
            )
            db.add(group)
            db.flush()
            ids = []
            for number, score in enumerate((5.0, 3.0)):
                answer = tables.Sample(
                    project_id=self.project.id,
                    round_id=self.round.id,
                    group_id=group.id,
                    prompt_id=sample.prompt_id,
                    checkpoint_id=self.round.policy_id,
                    step=JUDGMENTS,
                    position=number,
                    text=f"Score: {score:.0f}",
                    finish_reason="stop",
                    num_tokens=2,
                    seed=0,
                )
                db.add(answer)
                db.flush()
                db.add(
                    tables.Label(
                        sample_id=answer.id,
                        round_id=self.round.id,
                        step=JUDGMENTS,
                        score=score,
                        machine_score=score,
                        source=LabelSource.judge,
                        num_tokens=2,
                        updated_at=now(),
                    )
                )
                ids.append(answer.id)
        return ids

    def stop(self, stage: Stage, step: int, how: JobStatus = JobStatus.failed) -> int:
        """A job of the round that has ended so."""
        with session() as db:
            job = jobs.enqueue(db, stage=stage, project_id=self.project.id, round_id=self.round.id, step=step)
            job.status, job.active_key = how, None
            return job.id

    def row(self) -> tables.Round:
        with reading() as db:
            return db.scalars(select(tables.Round).where(tables.Round.id == self.round.id)).one()

    def change(self, **columns: Any) -> None:
        with session() as db:
            row = db.get_one(tables.Round, self.round.id)
            for name, value in columns.items():
                setattr(row, name, value)

    def stranger(self) -> Actor:
        return rows.make_actor(rows.make_project())
