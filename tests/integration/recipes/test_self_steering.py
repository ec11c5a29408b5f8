"""Aligning Large Language Models via Self-Steering Optimization: a short round."""

from pathlib import Path

import pytest
from sqlalchemy import select

from backend.db import reading, tables
from tests.integration.loop import RIGHT, Loop
from tests.integration.test_rounds_filtered import last_content
from tests.integration.test_rounds_scheduled import done, rows_of, short
from tests.integration.test_rounds_scheduled import tiny as tiny  # a fixture


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_self_steering_learns_from_a_principle_kept_and_broken(tiny: Path) -> None:
    steered = {
        "name": "scripted",
        "rules": [
            {"pattern": "Answer so that it sounds", "reply": ("all is well", "no harm done")},
            {"pattern": "Answer fully", "reply": ("see a doctor", "call for help")},
        ],
    }
    loop = Loop(short("self_steering", keep=("pair_gap",)), steered, tiny)
    round_ = done(loop, loop.launch())
    pairs, steady, again, again_steady = rows_of(round_.id)
    assert pairs == steady == again == again_steady, "in the first round all pairs stay, for both trainings"
    assert len(pairs) == len(RIGHT)
    assert {last_content(row, "chosen") for row in pairs} <= {"see a doctor", "call for help"}
    assert {last_content(row, "rejected") for row in pairs} <= {"all is well", "no harm done"}
    assert all(len(row["prompt"]) == 1 for row in pairs), "no condition is trained on"
    with reading() as db:
        role = db.scalars(select(tables.RoundRole).where(tables.RoundRole.round_id == round_.id)).one()
        assert db.get_one(tables.Checkpoint, role.checkpoint_id).kind == "scorer"
        gap = db.scalars(select(tables.Metric).where(tables.Metric.name == "pair_distance")).one()
    assert (gap.n, gap.value) == (len(RIGHT), pytest.approx(1.0, abs=0.01))
