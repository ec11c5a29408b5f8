"""A round of slots, generator, judge, selector, trainer, and a way to run its jobs here and now."""

from sqlalchemy import select

from backend import recipes
from backend.db import reading, session, tables
from backend.jobs import transitions
from backend.pipeline.run import run_job
from backend.services import rounds
from backend.services.access import Actor
from backend.values import JobStatus, Split, Stage
from tests.rows import make_actor, make_checkpoint, make_project, make_prompt_set

POLICY = {
    "name": "scripted",
    "rules": [
        {"pattern": "Judge: .*good", "reply": "It is right; Y"},
        {"pattern": "Judge: .*bad", "reply": "It is wrong; N"},
        {"pattern": "Judge: ", "reply": "I would rather not say"},
    ],
    "replies": ["good one", "good two", "bad one", "odd one"],
}
CHANGES = {
    "generator": {"n": 6, "max_tokens": 20},
    "judge": {"name": "written_verdict", "template": "Judge: {prompt} {response}"},
    "groups_per_batch": 4,
}


class Loop:
    """A project with one scripted checkpoint, and a way to run its jobs here and now."""

    def __init__(self, policy: dict = POLICY, prompts: int | list[str] = 10) -> None:
        self.project = make_project()
        self.actor: Actor = make_actor(self.project)
        self.checkpoint = make_checkpoint(self.project, engine=policy)
        self.prompts = make_prompt_set(self.project, prompts=prompts)
        self.held_out = make_prompt_set(self.project, prompts=3, answers=["good one"] * 3, split=Split.held_out)

    def launch(self, changes: dict | None = None, **plan: object) -> int:
        recipe = recipes.get("rejection_sampling").with_changes(CHANGES | (changes or {}))
        asked = rounds.Plan(
            recipe=recipe.model_dump(mode="json"),
            policy_id=self.checkpoint.id,
            reference_id=self.checkpoint.id,
            sample_set_ids=(self.prompts.id,),
            held_out_set_ids=(self.held_out.id,),
            **{"num_prompts": 10, "is_reviewed": False, "seed": 3} | plan,
        )
        return launch_on(self.checkpoint, self.actor, asked)

    def run(self, round_id: int, *, until: Stage) -> tables.Job:
        return run_jobs(round_id, until=until)


def launch_on(checkpoint: tables.Checkpoint, actor: Actor, plan: rounds.Plan) -> int:
    """Launch a round; its scripted policy stands in for weights, as nothing is trained on it."""
    with session() as db:
        db.get_one(tables.Checkpoint, checkpoint.id).engine = {"name": "transformers", "model": "none"}
    number = rounds.launch(actor, checkpoint.project_id, plan)
    with session() as db:
        db.get_one(tables.Checkpoint, checkpoint.id).engine = checkpoint.engine
    return number


def run_jobs(round_id: int, *, until: Stage) -> tables.Job:
    """Run the round's queued jobs, one after the other, up to and including that stage; the last one that ended."""
    while True:
        with reading() as db:
            job = db.scalars(select(tables.Job).where(tables.Job.active_key == round_id)).one()
        attempt = transitions.start(job.id, job.workflow_id, "here")
        assert attempt is not None
        run_job(job.id, attempt)
        with reading() as db:
            ended = db.get_one(tables.Job, job.id)
        if ended.stage is until or ended.status is not JobStatus.done:
            return ended


def texts(round_id: int) -> list[tuple]:
    """Everything a round made, without ids and times, in a fixed order."""
    with reading() as db:
        query = (
            select(
                tables.Group.position,
                tables.Sample.position,
                tables.Sample.text,
                tables.Judgment.raw,
                tables.Label.score,
                tables.Label.verdict,
            )
            .select_from(tables.Sample)
            .join(tables.Group, tables.Group.id == tables.Sample.group_id)
            .outerjoin(tables.Judgment, tables.Judgment.sample_id == tables.Sample.id)
            .outerjoin(tables.Label, tables.Label.sample_id == tables.Sample.id)
            .where(tables.Sample.round_id == round_id)
            .order_by(tables.Group.position, tables.Sample.position)
        )
        return [tuple(row) for row in db.execute(query)]
