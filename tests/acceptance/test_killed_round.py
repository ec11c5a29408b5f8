"""A worker killed again and again in the middle of a round leaves the same rows as one that was left alone."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select

from backend.db import reading, session, tables
from backend.services import demo, rounds
from backend.services.access import Actor
from backend.services.people import accounts
from backend.values import RoundStatus, Split

WORKER = "from backend.jobs.worker import run; run(['generate', 'train'], 'killed-0')"
KILLS = int(os.environ.get("RONDO_KILLS", "3"))
"""Fifty for the figure in docs/reference/bench.md: RONDO_KILLS=50 pytest tests/acceptance/test_killed_round.py"""
DATABASES = ["sqlite"] if KILLS < 10 else ["sqlite", "postgresql"]
"""Few kills are for the suite's quarter of an hour, where other tests kill workers on PostgreSQL."""
NUM_PROMPTS = 32 if KILLS < 10 else 96
GIVE_UP_SECONDS = 1200 + 60 * KILLS


def launch(actor: Actor, project_id: int) -> int:
    plan = rounds.defaults(actor, project_id)
    recipe = plan.recipe | {
        "trainer": plan.recipe["trainer"] | {"max_steps": 9, "save_steps": 3},
        "groups_per_batch": 16,
    }
    changes = {"recipe": recipe, "num_prompts": NUM_PROMPTS, "is_reviewed": False, "seed": 7, "parent_id": None}
    first = plan.__dict__ | changes
    with reading() as db:
        base = db.scalar(select(func.min(tables.Checkpoint.id)).where(tables.Checkpoint.project_id == project_id))
    return rounds.launch(actor, project_id, rounds.Plan(**first | {"policy_id": base, "reference_id": base}))


def measure_little(project_id: int) -> None:
    """What is measured is no part of what is compared, and takes longer than all the rest: leave a few prompts."""
    with session() as db:
        held_out = db.scalars(select(tables.PromptSet).filter_by(project_id=project_id, split=Split.held_out)).one()
        held_out.num_prompts = 8
        db.execute(delete(tables.Prompt).filter_by(prompt_set_id=held_out.id).where(tables.Prompt.position >= 8))


def start_worker(log: Path) -> subprocess.Popen:
    with log.open("ab") as out:
        return subprocess.Popen([sys.executable, "-c", WORKER], stdout=out, stderr=out, stdin=subprocess.DEVNULL)


def rows_of_round(round_id: int) -> tuple[list[tuple], list[tuple], str]:
    """Samples with labels, judgments, and the dataset's hash: everything but ids and times."""
    sample, label, judgment, group = tables.Sample, tables.Label, tables.Judgment, tables.Group
    with reading() as db:
        samples = db.execute(
            select(
                group.split,
                group.prompt_id,
                sample.position,
                sample.text,
                sample.finish_reason,
                sample.num_tokens,
                sample.logprob,
                label.score,
                label.verdict,
                label.source,
                label.machine_spread,
            )
            .join(group, group.id == sample.group_id)
            .outerjoin(label, label.sample_id == sample.id)
            .where(sample.round_id == round_id, group.split == "train")
            .order_by(group.position, sample.position)
        ).all()
        judgments = db.execute(
            select(group.prompt_id, sample.position, judgment.position, judgment.score, judgment.raw, judgment.seed)
            .join(sample, sample.id == judgment.sample_id)
            .join(group, group.id == sample.group_id)
            .where(judgment.round_id == round_id)
            .order_by(group.position, sample.position, judgment.position)
        ).all()
        digest = db.scalars(select(tables.Dataset.content_hash).where(tables.Dataset.round_id == round_id)).one()
    return [tuple(r) for r in samples], [tuple(r) for r in judgments], digest


def wait(round_id: int, seconds: float) -> bool:
    """Whether the round is done before the time is up; fails on any other end."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with reading() as db:
            round_ = db.get_one(tables.Round, round_id)
        assert round_.status in (RoundStatus.running, RoundStatus.done), round_.error
        if round_.status is RoundStatus.done:
            return True
        time.sleep(0.1)
    return False


@pytest.mark.slow
@pytest.mark.timeout(2 * GIVE_UP_SECONDS)
@pytest.mark.parametrize("database", DATABASES, indirect=True)
def test_killed_round_makes_the_same_rows_as_an_undisturbed_one(database: str, tmp_path: Path) -> None:
    actor = accounts.local_owner()
    project_id = demo.create(actor)
    measure_little(project_id)
    log = tmp_path / "worker.log"

    undisturbed = launch(actor, project_id)
    started = time.monotonic()
    worker = start_worker(log)
    try:
        assert wait(undisturbed, GIVE_UP_SECONDS), log.read_text()[-3000:]
        length = time.monotonic() - started
        chance, kills = random.Random(0), 0
        compared = 0
        while kills < KILLS:
            # Every round is the same round, killed at moments drawn anew; together they make the number asked for.
            disturbed = launch(actor, project_id)
            while not wait(disturbed, chance.uniform(0.2, length / 2)):
                if kills >= KILLS:
                    continue
                worker.send_signal(signal.SIGKILL)
                worker.wait()
                kills += 1
                worker = start_worker(log)
            assert rows_of_round(disturbed) == rows_of_round(undisturbed)
            compared += 1
        with reading() as db:
            doubled = db.scalar(select(func.count()).select_from(tables.Job).where(tables.Job.active_key.is_not(None)))
            checkpoints = db.scalars(select(tables.Checkpoint.name)).all()
        assert doubled == 0
        # One checkpoint for each round and the base: nothing was made twice.
        assert len(checkpoints) == len(set(checkpoints)) == compared + 2
        print(f"{kills} kills over {compared} rounds of {length:.0f} s")
    finally:
        worker.kill()
        worker.wait()
