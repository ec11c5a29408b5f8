"""Several processes read, then write, through `session()`: no update is lost, and none fails."""

import os
import subprocess
import sys
import uuid

from sqlalchemy import func, select

from backend.db import reading, session, tables
from backend.services import reviews
from backend.services.reviews import Act
from backend.values import DecisionKind, Role, RoundStatus, Stage
from tests import rows

PROCESSES, TIMES = 4, 60

COUNT_UP = """
from backend.db import session, tables
for _ in range({times}):
    with session() as db:
        row = db.get_one(tables.Project, {project_id}, with_for_update=True)
        row.defaults = {{"count": row.defaults.get("count", 0) + 1}}
"""

DECIDE = """
import uuid
from backend.services import reviews
from backend.services.access import Actor
from backend.services.reviews import Act
from backend.values import DecisionKind
kinds = [DecisionKind.accept, DecisionKind.reject]
for n in range({times}):
    acts = [Act(uuid.uuid4().hex, kinds[n % 2], sample_id) for sample_id in {sample_ids}[::{way}]]
    acts.append(Act(uuid.uuid4().hex, DecisionKind.edit, {sample_ids}[0], text="better"))
    reviews.decide_many(Actor({user_id}, "x"), {round_id}, acts)
"""


def run_all(*programs: str) -> None:
    """Each program in a process of its own, all at once."""
    command, environment = [sys.executable, "-c"], os.environ | {"PYTHONPATH": os.getcwd()}
    started = [
        subprocess.Popen([*command, program], stderr=subprocess.PIPE, text=True, env=environment)
        for program in programs
    ]
    for process in started:
        _, errors = process.communicate(timeout=600)
        assert process.returncode == 0, errors[-2000:]


def test_no_update_is_lost_between_processes(database: str) -> None:
    project = rows.make_project()
    run_all(*[COUNT_UP.format(times=TIMES, project_id=project.id)] * PROCESSES)
    with reading() as db:
        assert db.get_one(tables.Project, project.id).defaults == {"count": PROCESSES * TIMES}


def test_people_who_decide_at_once_lose_nothing_and_never_block_each_other(database: str) -> None:
    project = rows.make_project()
    round_ = rows.make_round(project, status=RoundStatus.review, stage=Stage.review)
    samples = rows.make_samples(round_, rows.make_prompt_set(project, prompts=2), n=2, scores=[1.0, 0.0])
    ids = [sample.id for sample in samples]
    people = [rows.make_actor(project, Role.reviewer) for _ in range(3)]
    run_all(
        *[
            DECIDE.format(times=10, sample_ids=ids, way=(-1) ** n, user_id=who.user_id, round_id=round_.id)
            for n, who in enumerate(people)
        ]
    )
    with reading() as db:
        decision, sample = tables.Decision, tables.Sample
        assert db.scalar(select(func.count()).select_from(decision)) == 3 * 10 * 5
        places = db.scalars(select(sample.position).where(sample.kind == "edit").order_by(sample.position)).all()
        assert places == list(range(30)), "each edit has its own place"
        for sample_id in ids:
            last = db.scalars(
                select(decision.kind)
                .where(decision.sample_id == sample_id, decision.kind != DecisionKind.edit)
                .order_by(decision.id.desc())
            ).first()
            assert str(db.get_one(tables.Label, sample_id).verdict) == str(last), "the label is the last decision"
    with session() as db:
        db.get_one(tables.Round, round_.id).status = RoundStatus.review
    assert reviews.decide_many(people[0], round_.id, [Act(uuid.uuid4().hex, DecisionKind.accept, ids[0])])
