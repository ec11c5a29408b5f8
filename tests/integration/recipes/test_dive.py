"""Qin et al. 2025 (DIVE), arXiv 2501.00747: what makes it that method."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backend import recipes
from backend.db import reading, tables
from backend.values import Past, RoundStatus, Verdict
from tests.groups import texts
from tests.integration.loop import RIGHT, TRAINING, Loop, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.test_rounds_filtered import SOLVER, last_content
from tests.integration.test_rounds_mixed import ONE_DATABASE, ended
from tests.unit.mixers.training_rows import ids, row

RECIPE = recipes.get("dive")
PLACES = RECIPE.places()
SELECTOR, EARLIER, DIVERSE = (PLACES[n].step.part for n in (3, 4, 5))


def test_pairs_are_right_above_wrong_by_the_known_answer():
    assert PLACES[2].step.part.name == "exact_match"
    group = texts("a", "b", "c")
    verdicts = (Verdict.accept, Verdict.reject, Verdict.accept)
    labelled = replace(
        group, samples=tuple(replace(s, verdict=v) for s, v in zip(group.samples, verdicts, strict=True))
    )
    pairs = {(example.sample_id, example.rejected_id) for example in SELECTOR.select([labelled], seed=0).examples}
    assert pairs == {(1, 2), (3, 2)}


def test_the_pool_spans_all_that_earlier_rounds_selected_not_only_what_they_picked():
    past = Past(trained=[row(2, age=1)], selected=[row(2, age=1), row(3, age=1), row(4, age=2)])
    assert ids(EARLIER.mix([row(1)], (), past, seed=0).rows) == [1, 2, 3, 4]
    assert (RECIPE.earlier_rounds, PLACES[5].rows) == (False, (3, 4))


def test_outliers_go_and_the_rest_is_picked_greedily_for_distance_on_both_sides():
    assert (DIVERSE.of, DIVERSE.most) == ("prompt", 4)
    # Ten pairs: one of them is an outlier; of the others four are kept, and no two of the same text while there are others.
    written = ["a b", "a b", "a b", "a c", "a c", "b c", "b c", "a d", "a d", "x y z"]
    rows = [row(n, text, rejected="w " + text) for n, text in enumerate(written, start=1)]
    mixture = DIVERSE.mix(rows, (), Past(), seed=0)
    assert len({record.completion for record in mixture.rows}) == len(mixture.rows) == 4
    assert "x y z" not in {record.completion for record in mixture.rows}
    assert mixture.dropped == {"outlier": 1, "less different": 5}


def test_diversity_is_measured_beside_accuracy():
    assert {metric.name for metric in RECIPE.metrics} >= {"held_out_accuracy", "distinct_n"}
    assert RECIPE.trainer.name == "dpo"


def dive() -> Any:
    changes = {"generator": {"n": 8}, "trainer": TRAINING | {"start": "base", "max_steps": 1}, "groups_per_batch": 2}
    return recipes.get("dive").with_changes(changes | {"metrics": []})


@pytest.mark.slow
@ONE_DATABASE
def test_dive_trains_on_diverse_pairs_of_this_round_and_those_before(tiny: Path) -> None:
    loop = Loop(dive(), SOLVER, tiny)
    first = loop.launch()
    loop.run(first)
    ended(first, loop.policy.id)
    second = loop.launch(parent_id=first, seed=5)
    trained = loop.run(second, trains=True)
    assert (trained.status, trained.error) == (RoundStatus.done, None)
    before, now = rows_of_round(first)["rows"], rows_of_round(second)["rows"]
    # Selected, with earlier rounds, diverse.
    assert set(now) == {3, 4, 5}
    pool = [row for row in now[4] if row not in now[3]]
    assert pool == [row for row in before[3] if row in pool]
    assert len(pool) > 0
    for prompt, answer in RIGHT.items():
        of_prompt = [[row for row in rows if last_content(row, "prompt") == prompt] for rows in (now[4], now[5])]
        dropped = math.floor(0.1 * len(of_prompt[0]) + 1e-9)
        assert len(of_prompt[1]) == min(4, len(of_prompt[0]) - dropped)
        assert all(
            last_content(row, "chosen").endswith(answer) and not last_content(row, "rejected").endswith(answer)
            for row in of_prompt[1]
        )
    with reading() as db:
        assert db.get_one(tables.Checkpoint, trained.checkpoint_id).parent_id == loop.base.id
