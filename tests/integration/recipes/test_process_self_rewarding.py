"""Zhang et al. 2025, arXiv 2503.03746: what makes the recipe process-based self-rewarding."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from backend import recipes
from backend.db import reading, tables
from backend.engines.scripted import Scripted
from backend.recipes._next_steps import NEXT_STEP
from backend.services import queue, reviews
from backend.values import DecisionKind, LabelSource, RoundStatus
from tests.groups import prompt
from tests.integration.loop import Loop, rows_of_round
from tests.integration.recipes.rounds_of_trees import SOLVER, small, tree_of
from tests.integration.recipes.rounds_of_trees import tiny as tiny  # a fixture

ENGINE = Scripted(
    rules=(
        {"pattern": r"(?s)<<<A\ngood.*A>>>", "reply": "Winner: A"},
        {"pattern": r"(?s)<<<B\ngood", "reply": "Winner: B"},
        {"pattern": "next step", "reply": "no idea"},
        {"pattern": "good", "reply": ("good end", "bad end")},
        {"pattern": "", "reply": ("good\nand so", "bad\nand so", "ugly\nand so")},
    )
)


def test_candidates_are_next_steps_under_one_prefix_that_the_model_itself_compares() -> None:
    recipe = recipes.get("process_self_rewarding")
    assert [phase.rounds for phase in recipe.phases] == [1, 1]
    assert [step.part.name for step in recipe.phases[0].steps] == ["prompt_set", "own_answers", "keep_all", "sft"]
    _, search, values, pairs, training = (step.part for step in recipe.phases[1].steps)
    assert (search.algorithm, search.beams, search.judge.name, search.judge_by) == (
        "beam",
        1,
        "pairwise_swapped",
        "judge",
    )
    assert (search.judge.template, search.judge.needs_answer) == (NEXT_STEP, False)

    (tree,) = search.grow(ENGINE, [prompt("q")], seed=1, engines={"judge": ENGINE})
    assert [group.prompt.messages[1:] for group in tree] == [[], [{"role": "assistant", "content": "good\n"}]]
    number, labelled = 0, []
    for group in tree:
        samples = []
        for sample in group.samples:
            number += 1
            samples.append(replace(sample, id=number))
        group = replace(group, samples=tuple(samples), position=len(labelled))
        reply: Any = {judgment.sample_id: values.label([judgment]) for judgment in values.judge(None, [group], seed=0)}
        marks = {n: {"score": score, "verdict": verdict} for n, (score, verdict) in reply.items()}
        judged = (replace(completion, **marks[completion.id], source=LabelSource.judge) for completion in group.samples)
        labelled.append(replace(group, samples=tuple(judged)))
    texts = {completion.id: completion.text for group in labelled for completion in group.samples}
    rows = pairs.select(labelled, seed=1).examples
    assert [texts[row.sample_id] for row in rows] == ["good\n", "good end"]
    assert all(not texts[row.rejected_id or 0].startswith("good") for row in rows)
    assert (training.name, training.trains_steps) == ("dpo", True)


@pytest.mark.slow
@pytest.mark.on_sqlite
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
