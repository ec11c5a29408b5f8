"""Let the round's policy rewrite one sample by a person's instruction, for the review desk."""

from typing import Any

from sqlalchemy.orm import Session

from backend.boundary import clean
from backend.db import reading, tables
from backend.engines import served
from backend.errors import NotFound
from backend.jobs.progress import JobProgress
from backend.pipeline import spending
from backend.pipeline.bind import engine_for
from backend.pipeline.stage import Finish
from backend.values import Messages, Sampling, Stage

ASK = "Rewrite your last answer. {instruction}\nReply with the rewritten answer only."
TEMPERATURE = 0.7
MAX_TOKENS = 2_048
ROOM = 1.5
"""A rewrite may be this much longer than the original."""


def run(job_id: int, progress: JobProgress) -> Finish:
    """Ask for the rewrite, and write it into the job's spec."""
    with reading() as db:
        spec = db.get_one(tables.Job, job_id).spec
        sample = db.get(tables.Sample, spec["sample_id"])
        prompt = db.get(tables.Prompt, sample.prompt_id) if sample else None
        group = db.get(tables.Group, sample.group_id) if sample else None
    if sample is None or prompt is None or group is None:
        raise NotFound(f"Sample {spec['sample_id']} is gone: its round was deleted. There is nothing to repair.")
    progress.start(1, "rewrites")
    room = min(MAX_TOKENS, max(64, int(ROOM * sample.num_tokens)))
    sampling = Sampling(temperature=TEMPERATURE, max_tokens=room, n=1, seed=spec["seed"])
    asked = prompt.messages if spec.get("hides_hint") else group.messages or prompt.messages
    with engine_for(spec["checkpoint_id"]) as engine:
        [[completion]] = served(engine.complete([messages(asked, sample.text, spec["instruction"])], sampling))
        usage = engine.take_usage()
    progress.advance(1)
    reply = {"text": clean(completion.text), "finish_reason": completion.finish_reason}

    def finish(db: Session) -> None:
        job = db.get_one(tables.Job, job_id)
        job.spec = job.spec | {"reply": reply}
        if usage.requests and db.get(tables.Round, sample.round_id) is not None:
            taken = {spec["checkpoint_id"]: usage}
            spending.write(db, taken, round_id=sample.round_id, stage=Stage.review, step=sample.step)

    return finish


def messages(prompt: Any, text: str, instruction: str) -> Messages:
    """The talk so far, the sample as its last answer, and what to do with it."""
    asked = ASK.format(instruction=instruction)
    return [*prompt, {"role": "assistant", "content": text}, {"role": "user", "content": asked}]
