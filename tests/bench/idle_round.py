"""A round whose first texts an endpoint writes, for `tests.bench.idle`; nothing is trained on in it."""

import time
from collections.abc import Callable

from sqlalchemy import select

from backend import recipes
from backend.db import reading, session, tables
from backend.jobs import ACTIVE
from backend.services import checkpoints, demo, rounds
from backend.services.access import Actor
from backend.services.checkpoints import Endpoint
from backend.services.people import accounts
from backend.values import Split

SETTLES = 15.0
"""Until the next process waits for a job: people launch less often than that."""


def prepared(base_url: str) -> Callable[[], int]:
    """Register the endpoint in the demo's project; return what launches a round of it and returns the round's id."""
    actor = accounts.local_owner()
    project_id = demo.create(actor)
    served = checkpoints.register(actor, project_id, name="bench", endpoint=Endpoint(base_url, "m"))
    with reading() as db:
        wanted = tables.PromptSet.project_id == project_id, tables.PromptSet.split == Split.train
        set_id = db.scalars(select(tables.PromptSet.id).where(*wanted)).first()
    assert set_id is not None
    recipe = recipes.get("behavior_handbook").model_dump(mode="json")
    seeds = iter(range(1, 1000))

    def launch() -> int:
        plan = rounds.Plan(recipe, served, served, sample_set_ids=(set_id,), num_prompts=2, seed=next(seeds))
        return rounds.launch(actor, project_id, plan)

    return launch


def stop(round_id: int) -> None:
    """Cancel what is left of the round, and wait until no job is under way: the worker is free for the next one."""
    actor: Actor = accounts.local_owner()
    with reading() as db:
        is_over = not db.scalars(select(tables.Job.id).where(tables.Job.active_key == round_id)).all()
    if not is_over:
        rounds.cancel(actor, round_id)
    while True:
        with session() as db:
            if not db.scalars(select(tables.Job.id).where(tables.Job.status.in_(ACTIVE))).all():
                break
        time.sleep(0.1)
    time.sleep(SETTLES)
