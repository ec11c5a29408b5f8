"""Rounds of trees: groups that a search makes of its own texts, trained on, and killed in the middle of a tree."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from app.widgets import sample_card
from backend import recipes
from backend.config import settings
from backend.db import reading, tables
from backend.pipeline.bind import engine_for
from backend.recipes import Recipe
from backend.services import queue, reviews
from backend.services.samples import chain as sample_chain
from backend.services.samples import detail
from backend.values import DecisionKind, RoundStatus, Stage
from tests.integration.loop import RIGHT, TRAINING, Loop, dying, rows_of_round
from tests.tiny import make_tiny_model

pytestmark = [pytest.mark.slow, pytest.mark.on_sqlite]
SMALL = TRAINING | {"max_steps": 1}
SOLVER = {
    "name": "scripted",
    "rules": [
        {"pattern": "(?s)next step.*<<<A\n(right|#### 4|#### 6)", "reply": "Winner: A"},
        {"pattern": "next step", "reply": "Winner: B"},
        {"pattern": "(?s)prompt a.*right", "reply": ("#### 4", "#### 5")},
        {"pattern": "(?s)prompt [bc].*right", "reply": ("#### 5", "#### 6")},
        {"pattern": "prompt [abc]", "reply": ("right\nand\n#### 4", "right\n#### 5", "wrong\n#### 9")},
        {"pattern": "prompt", "reply": ("right\n#### 1", "wrong\n#### 2")},
    ],
}


@pytest.fixture
def tiny(database: str) -> Path:
    return make_tiny_model(settings().folder / "models/tiny", hidden=16, layers=1, context=4096)


def small(name: str, search: dict[str, Any], **plan: Any) -> Recipe:
    data = recipes.get(name).model_dump(mode="json") | {"metrics": [], "groups_per_batch": 2} | plan
    for phase in data.get("phases", [data]):
        for step in phase["steps"]:
            if step["kind"] == "trainer":
                step["part"] |= SMALL | {"start": "base"}
            if step["part"]["name"] == "tree_search":
                step["part"] |= search
    return Recipe.model_validate(data)


def tree_of(round_id: int) -> list[Any]:
    """Every step with its path, what was noted, and its label."""
    sample, group, label = tables.Sample, tables.Group, tables.Label
    with reading() as db:
        query = (
            select(group.position, group.messages, group.parent_id, sample.id, sample.text, sample.extra, label.score)
            .select_from(sample)
            .join(group, group.id == sample.group_id)
            .join(label, label.sample_id == sample.id)
            .where(group.round_id == round_id, group.step == 1)
            .order_by(group.position, sample.position)
        )
        return list(db.execute(query))


def test_rest_mcts_trains_scorer_and_policy_and_the_next_search_is_led_by_the_scorer(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = Loop(small("rest_mcts", {"branch": 3, "budget": 3, "max_tokens": 9}), SOLVER, tiny)
    first = loop.launch()
    ended = loop.run(first, trains=True)
    assert ended.status is RoundStatus.done, ended.error
    result = rows_of_round(first)

    steps = tree_of(first)
    assert [row.parent_id is None for row in steps if row.position == 0] == [True] * 3
    below = [row for row in steps if row.parent_id is not None]
    by_id = {row.id: row for row in steps}
    assert below
    for row in below:
        assert row.messages[-1] == {"role": "assistant", "content": by_id[row.parent_id].text}
        assert by_id[row.parent_id].extra["is_expanded"]
    assert {row.extra["value"] for row in steps} == {None}, "no scorer led the first search"
    assert all(0.0 <= row.score <= 1.0 for row in steps if row.score is not None)
    values, traces = result["rows"][3], result["rows"][5]
    assert len(values) == sum(row.score is not None for row in steps)
    assert {row["prompt"][0]["content"] for row in (*values, *traces)} <= set(RIGHT)
    assert {row["value"] for row in values} == {round(row.score, 9) for row in steps if row.score is not None}
    assert all(len(row["prompt"]) == 1 for row in (*values, *traces))
    assert traces
    for row in traces:
        assert row["completion"][0]["content"].endswith(f"#### {RIGHT[row['prompt'][0]['content']]}")
    with reading() as db:
        scorer, policy = db.scalars(select(tables.Checkpoint).order_by(tables.Checkpoint.id).offset(2)).all()
        noted = db.get_one(tables.Round, first).steps
    assert [(checkpoint.name, checkpoint.kind) for checkpoint in (scorer, policy)] == [
        ("round-1-scorer", "scorer"),
        ("round-1", "full"),
    ]
    assert noted["1"] == {"groups": None, "batches": 3}
    # A step's place in its tree and what it is worth, as its page shows them.
    child = next(row for row in below if row.score is not None)
    chain = sample_chain.read(loop.actor, child.id)
    assert [row.id for row in chain.above] == [child.parent_id]
    shown = detail.detail(loop.actor, child.id)
    assert shown.label.score == child.score
    assert sample_card.title(shown).startswith("Step of a text (in the search: no value, ")
    assert sample_chain.read(loop.actor, child.parent_id).questions[0].answers

    second = loop.launch()
    with dying(monkeypatch) as kills:
        disturbed = loop.run(second, trains=True)
    assert (disturbed.status, disturbed.error) == (RoundStatus.done, None)
    assert kills[0] > 8
    assert rows_of_round(second) == result
    assert [row.extra for row in tree_of(second)] == [row.extra for row in steps]

    third = loop.launch(parent_id=first)
    assert loop.run(third).stage is Stage.train
    led = tree_of(third)
    with engine_for(scorer.id) as engine:
        row = next(row for row in led if not row.extra["is_expanded"] and row.parent_id is None)
        with reading() as db:
            prompt = db.scalar(
                select(tables.Prompt.messages)
                .join(tables.Group, tables.Group.prompt_id == tables.Prompt.id)
                .join(tables.Sample, tables.Sample.group_id == tables.Group.id)
                .where(tables.Sample.id == row.id)
            )
        (rate,) = engine.rate([prompt], [row.text])
    assert row.extra["value"] == pytest.approx(rate, abs=1e-4)
    with reading() as db:
        bound = db.scalars(select(tables.RoundRole).where(tables.RoundRole.round_id == third)).all()
    assert [(round_role.role, round_role.step, round_role.checkpoint_id) for round_role in bound] == [
        ("scorer", -1, scorer.id)
    ]


def test_process_self_rewarding_learns_pairs_of_its_own_next_steps(tiny: Path) -> None:
    """The seed makes the first model; then the same model writes and compares steps, and people may look at them."""
    loop = Loop(small("process_self_rewarding", {"branch": 3, "budget": 2, "max_tokens": 9}), SOLVER, tiny)
    first = loop.launch()
    ended = loop.run(first, trains=True)
    assert (ended.status, ended.phase) == (RoundStatus.done, 0), ended.error

    second = loop.launch(parent_id=first, is_reviewed=True, review={"close_rule": "all_decided"})
    waiting = loop.run(second)
    assert (waiting.status, waiting.step, waiting.phase) == (RoundStatus.review, 3, 1), waiting.error
    steps = tree_of(second)
    for row in steps:
        assert row.score == row.extra["value"]
    item = queue.queue(loop.actor, second, limit=1, include=[steps[-1].id])[0]
    assert item.messages[-1]["content"] == "right\n"
    with reading() as db:
        shown = db.scalar(select(func.count()).select_from(tables.Label).where(tables.Label.round_id == second))
    assert reviews.progress(loop.actor, second).samples == shown == len(steps)
    # A person's word on a step stands above what the model said of it.
    written = {n: {row.text for row in steps if row.position == n} for n in {row.position for row in steps}}
    best = next(
        row for row in steps if row.parent_id is None and row.text == "right\n" and "wrong\n" in written[row.position]
    )
    reviews.decide(loop.actor, "reject-0001", best.id, DecisionKind.reject, round_id=second)
    reviews.close(loop.actor, second)
    ended = loop.run(second, trains=True)
    assert ended.status is RoundStatus.done, ended.error
    (rows,) = rows_of_round(second)["rows"].values()
    prefixes = [[entry["content"] for entry in row["prompt"][1:]] for row in rows]
    assert {len(prefix) for prefix in prefixes} == {0, 1}
    assert {text for prefix in prefixes for text in prefix} == {"right\n"}
    for row in rows:
        chosen, rejected = (row[side][0]["content"] for side in ("chosen", "rejected"))
        assert chosen != rejected
        assert row.get("goes_on", []) == [
            side for side in ("chosen", "rejected") if row[side][0]["content"].endswith("\n")
        ]
    with reading() as db:
        asked = db.scalar(
            select(tables.Prompt.messages)
            .join(tables.Sample, tables.Sample.prompt_id == tables.Prompt.id)
            .where(tables.Sample.id == best.id)
        )
    (overridden,) = (row for row in rows if row["prompt"] == asked)
    assert [overridden[side][0]["content"] for side in ("chosen", "rejected")] == ["wrong\n", "right\n"]
