"""Let one or two checkpoints answer one prompt, for the box on the Checkpoints page."""

from dataclasses import asdict

from sqlalchemy.orm import Session

from backend.boundary import clean
from backend.db import reading, tables
from backend.engines import served
from backend.jobs.progress import JobProgress
from backend.pipeline.bind import engine_for
from backend.pipeline.stage import Finish
from backend.values import Sampling


def run(job_id: int, progress: JobProgress) -> Finish:
    """Answer, and write the replies into the job's spec."""
    with reading() as db:
        spec = db.get_one(tables.Job, job_id).spec
    progress.start(len(spec["checkpoint_ids"]), "answers")
    knobs = {"max_tokens": 256} | spec.get("sampling", {})
    replies: dict[str, dict[str, object]] = {}
    for checkpoint_id in spec["checkpoint_ids"]:
        with engine_for(checkpoint_id) as engine:
            [[completion]] = served(engine.complete([spec["messages"]], Sampling(**knobs | {"n": 1})))
        fields = asdict(completion)
        replies[str(checkpoint_id)] = {
            "text": clean(fields["text"]),
            "finish_reason": fields["finish_reason"],
            "num_tokens": fields["num_tokens"],
        }
        progress.advance(1)

    def finish(db: Session) -> None:
        job = db.get_one(tables.Job, job_id)
        job.spec = job.spec | {"replies": replies}

    return finish
