"""Self-Play Fine-Tuning of Diffusion Models for Text-to-Image Generation (SPIN-Diffusion): a short round."""

from pathlib import Path

import pytest
from sqlalchemy import select

from backend.db import reading, session, tables
from backend.services import rounds
from backend.services.rounds import auto
from tests.integration.loop import RIGHT, Loop
from tests.integration.test_rounds_filtered import last_content
from tests.integration.test_rounds_scheduled import done, rows_of, short
from tests.integration.test_rounds_scheduled import tiny as tiny  # a fixture


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_spin_diffusion_ends_where_own_texts_cannot_be_told_from_the_data(tiny: Path) -> None:
    echo = {
        "name": "scripted",
        "rules": [{"pattern": prompt, "reply": f"{answer} ."} for prompt, answer in RIGHT.items()],
    }
    loop = Loop(short("spin_diffusion", keep=("two_sample_accuracy", "pair_gap")), echo, tiny)
    first = done(loop, loop.launch(num_rounds=3))
    (pairs,) = rows_of(first.id)
    assert {(last_content(row, "chosen"), last_content(row, "rejected")) for row in pairs} == {
        (n, f"{n} .") for n in RIGHT.values()
    }
    with session() as db:
        auto.after_round(db, first.id)
    with reading() as db:
        row = db.get_one(tables.Round, first.id)
        rows = dict(db.execute(select(tables.Metric.name, tables.Metric.value)).tuples().all())
    # Each text is nearest to the one that it repeats: (1, 1) and (1, 0) have the cosine 1 / sqrt 2.
    assert rows["two_sample_accuracy"] == 0
    assert rows["pair_distance"] == pytest.approx(1 - 0.5**0.5, abs=1e-5)
    assert row.auto["left"] == 2
    assert row.auto["stopped"].startswith("The warning cannot_be_told_apart holds: two_sample_accuracy is 0, below")
    # A person may go on, and is told.
    plan = rounds.defaults(loop.actor, loop.project.id, first.id)
    warnings = rounds.estimate(loop.actor, loop.project.id, plan).warnings
    assert any("The warning cannot_be_told_apart holds" in warning for warning in warnings)
