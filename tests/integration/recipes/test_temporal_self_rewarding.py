"""Wang et al. 2025 (Temporal Self-Rewarding), arXiv 2508.06026: what makes it that method."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from backend import recipes
from backend.config import settings
from backend.db import reading, session, tables
from backend.pipeline.bind import acting
from backend.recipes import Recipe
from backend.values import Group, RoundStatus
from tests.groups import prompt, sample
from tests.integration.loop import JUDGE, Loop, rows_of_round
from tests.integration.test_rounds_anchored import SMALL, text_of, weights
from tests.integration.test_rounds_anchored import tiny as tiny  # a fixture
from tests.rows import make_checkpoint
from tests.tiny import make_tiny_model

RECIPE = recipes.get("temporal_self_rewarding")
PLACES = RECIPE.places()
PRESENT = (3.0, 4.0, 2.0, 2.0, 3.0, 3.0, 4.0)
PAST = (1.0, 3.0, 0.0, 2.0, 1.0, 1.0, 2.0)


def texts(future: tuple[float, ...] = (), past: tuple[float, ...] = PAST) -> Group:
    """Texts 1 to 7 by the present model, 8 to 14 by the first one, then those of the next."""
    written = (
        [("policy", number) for number in PRESENT]
        + [("base", value) for value in past]
        + [("future", value) for value in future]
    )
    return Group(prompt(), tuple(sample(n, score=entry, role=role) for n, (role, entry) in enumerate(written, 1)))


def pair(place: int, group: Group) -> tuple[int, int]:
    (example,) = PLACES[place].step.part.select([group], seed=place).examples
    return example.sample_id, example.rejected_id


def test_seven_texts_each_of_the_present_and_the_first_model():
    assert [(PLACES[n].step.by, PLACES[n].step.part.n) for n in (1, 2, 6)] == [
        ("policy", 7),
        ("base", 7),
        ("future", 7),
    ]
    assert {PLACES[n].source for n in (1, 2, 6)} == {0}


def test_one_judge_scores_all_of_them():
    first, second = PLACES[3], PLACES[7]
    assert (first.texts, second.texts) == ((1, 2), (1, 2, 6))
    # The same part by the same role: it looks at what is new. Unset, it is the present model: `future` is another role.
    assert first.step == second.step
    assert (first.step.by, first.step.roles) == ("judge", ())
    assert all(place.step.makes != "policy" for place in PLACES[:7] if place.step.kind == "trainer")


def test_rejected_is_the_worst_of_the_first_model_where_it_is_below_that_of_the_present_one():
    assert pair(4, texts()) == (2, 10)  # 0 < 2
    assert pair(4, texts(past=(3.0,) * 7)) == (2, 3)  # 3 > 2: the present model's own


def test_chosen_becomes_the_best_of_the_next_model_only_where_it_beats_that_of_the_present_one():
    assert pair(8, texts((1.0, 5.0))) == (16, 10)
    assert pair(8, texts((4.0, 4.0))) == (2, 10)  # 4 does not beat 4


def test_the_rejected_side_stays_unchanged():
    assert pair(4, texts())[1] == pair(8, texts((5.0, 0.0)))[1]


def test_pairs_that_are_no_better_than_their_rejected_side_are_dropped():
    equal = Group(prompt(), tuple(sample(n, score=3.0, role=role) for n, role in enumerate(("policy", "base"), 1)))
    assert PLACES[4].step.part.select([equal], seed=0).dropped == {"equal scores": 1}


def test_both_trainings_start_from_the_present_model_and_the_next_one_is_no_product():
    first, second = PLACES[5], PLACES[9]
    assert (first.step.makes, second.step.makes, RECIPE.product) == ("future", "policy", "policy")
    for place in (first, second):
        assert (place.step.part.name, place.step.part.start, place.step.part.reference) == ("dpo", "policy", "policy")
    # Each reads its own pairs.
    assert (first.rows, second.rows) == ((4,), (8,))


def test_people_decide_before_the_first_pairs():
    assert RECIPE.gate() == 4


def temporal() -> Recipe:
    """Three texts each, of an untrained model."""
    data = recipes.get("temporal_self_rewarding").model_dump(mode="json")
    knobs = {"generator": {"n": 3, "max_tokens": 8}, "selector": {"drop_truncated": False}, "trainer": SMALL}
    for step in data["steps"]:
        step["part"] |= knobs.get(step["kind"], {})
    return Recipe.model_validate(data | {"groups_per_batch": 2, "metrics": [], "unparsed_limit": 1.0})


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_temporal_self_rewarding_looks_back_and_ahead_and_starts_again_from_the_present(tiny: Path) -> None:
    first_model = make_tiny_model(settings().folder / "models/first", hidden=16, layers=1, context=4096, seed=5)
    loop = Loop(temporal(), weights(tiny), first_model)
    judge = make_checkpoint(loop.project, engine=JUDGE)
    round_id = loop.launch(judge_id=judge.id)
    ended = loop.run(round_id, trains=True)
    assert (ended.status, ended.error) == (RoundStatus.done, None)
    result = rows_of_round(round_id)
    with reading() as db:
        sample = tables.Sample
        written = db.execute(
            select(sample.step, sample.role, sample.checkpoint_id, func.count())
            .group_by(sample.step, sample.role, sample.checkpoint_id)
            .order_by(sample.step)
        ).all()
        judgment = tables.Judgment
        rows = db.execute(
            select(judgment.step, sample.role, judgment.checkpoint_id, func.count())
            .join(sample, sample.id == judgment.sample_id)
            .group_by(judgment.step, sample.role, judgment.checkpoint_id)
            .order_by(judgment.step, sample.role)
        ).all()
        bound = {row.role: row.checkpoint_id for row in db.scalars(select(tables.RoundRole))}
        made_of = {checkpoint.id: checkpoint for checkpoint in db.scalars(select(tables.Checkpoint))}
    future = bound["future"]
    # 3 texts for each of 5 prompts by each of the three models.
    assert [tuple(record) for record in written] == [
        (1, "policy", loop.policy.id, 15),
        (2, "base", loop.base.id, 15),
        (6, "future", future, 15),
    ]
    # One judge scores each text once, three times over: those of the future model after it was trained.
    assert [tuple(record) for record in rows] == [
        (3, "base", judge.id, 45),
        (3, "policy", judge.id, 45),
        (7, "future", judge.id, 45),
    ]
    assert_pairs(result)
    product = made_of[ended.checkpoint_id]
    assert (product.name, made_of[future].name) == ("round-1", "round-1-future")
    assert (product.parent_id, made_of[future].parent_id) == (loop.policy.id, loop.policy.id)
    assert {product.id, future} == set(made_of) - {loop.base.id, loop.policy.id, judge.id}


def assert_pairs(result: dict[str, Any]) -> None:
    """Each dataset holds what the catalogue's definition says, worked out here from the scores anew."""
    groups: dict[int, list[tuple[str, str, float]]] = {}
    for row in result["texts"]:
        if row[8] is not None and row[7].strip():
            groups.setdefault(row[1], []).append((row[5], row[7], row[8]))
    first, second = {}, {}
    for position, texts in groups.items():
        best = {role: max((s for r, _, s in texts if r == role), default=None) for role in ("policy", "future")}
        worst = {role: min((s for r, _, s in texts if r == role), default=None) for role in ("policy", "base")}
        assert None not in (*best.values(), *worst.values())
        low = worst["base"] if worst["base"] < worst["policy"] else worst["policy"]
        ahead = best["future"] if best["future"] > best["policy"] else best["policy"]
        first[position], second[position] = (best["policy"], low), (ahead, low)
    scores = {(row[1], row[7]): row[8] for row in result["texts"]}
    for step, expected in ((4, first), (8, second)):
        rows = result["rows"][step]
        assert len(rows) == sum(high > low for high, low in expected.values()) > 0
        kept = [position for position, (high, low) in sorted(expected.items()) if high > low]
        for position, row in zip(kept, rows, strict=True):
            pair = scores[position, text_of(row, "chosen")], scores[position, text_of(row, "rejected")]
            assert pair == expected[position]
    before = {row["prompt"][0]["content"]: text_of(row, "rejected") for row in result["rows"][4]}
    after = {row["prompt"][0]["content"]: text_of(row, "rejected") for row in result["rows"][8]}
    assert before.items() <= after.items(), "the rejected side is unchanged"


def test_the_judge_is_the_present_model_even_after_the_future_one_was_trained(tiny: Path) -> None:
    loop = Loop(temporal(), weights(tiny), tiny)
    round_id = loop.launch()
    with session() as db:
        other = tables.Checkpoint(
            project_id=loop.project.id, name="future", kind="full", location="x", engine={"name": "scripted"}
        )
        db.add(other)
        db.flush()
        db.add(tables.RoundRole(round_id=round_id, role="future", step=5, checkpoint_id=other.id))
        future = other.id
    with reading() as db:
        row = db.get_one(tables.Round, round_id)
    assert [acting(row, role, 7) for role in ("judge", "future", "base")] == [loop.policy.id, future, loop.base.id]
    assert [acting(row, "policy", step) for step in (1, 5, 9)] == [loop.policy.id] * 3
