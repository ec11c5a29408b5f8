"""Rounds of the recipes of online RL with rewards of their own, to a checkpoint: real training, short texts."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from backend import recipes
from backend.db import reading, session, tables
from backend.recipes import Recipe
from backend.values import RoundStatus
from tests.integration.loop import RIGHT, TRAINING, Loop, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.test_rounds_mixed import ended
from tests.integration.test_rounds_of_documents import TEXTS
from tests.integration.test_rounds_of_own_prompts import SEEDS, WRITER, Own, adopted
from tests.integration.test_rounds_rl import TRAINING as ROLLOUTS
from tests.integration.test_rounds_rl import rollouts_of
from tests.rows import make_prompt_set

pytestmark = [pytest.mark.slow, pytest.mark.on_sqlite]
SHORT = ROLLOUTS | {"gradient_accumulation_steps": 1, "max_length": 4096}
FIRST = {"pattern": "^(.)"}  # an untrained model answers in no form: what it writes is read by its first character
SOLVER = {
    "name": "scripted",
    "rules": [{"pattern": "prompt a", "reply": ("Wait, to check: #### 4", "#### 4")}],
    "replies": ["Wait, to check: #### 9"],
}


def short(name: str, *, start: str = "policy", reward: dict[str, Any] | None = None, **steps: Any) -> Recipe:
    """The recipe, its online training one step long, trained from `start`; steps: changed knobs, by name."""
    data = recipes.get(name).with_changes(steps | {"metrics": [], "groups_per_batch": 4, "unparsed_limit": 1.0})
    written = data.model_dump(mode="json")
    for phase in written.get("phases", [written]):
        for step in phase["steps"]:
            part = step["part"]
            if part["name"] == "sft":
                part |= TRAINING | {"max_steps": 1, "start": "base"}
            elif part["name"] == "grpo":
                part |= SHORT | {"start": start, "reward": part["reward"] | (reward or {})}
    return Recipe.model_validate(written)


def done(loop: Loop, round_id: int) -> tables.Round:
    result = loop.run(round_id, trains=True)
    assert (result.status, result.error) == (RoundStatus.done, None)
    return result


def components(round_id: int) -> list[dict[str, float | None]]:
    return [sample.extra["components"] for sample in rollouts_of(round_id) if sample.kind == "rollout"]


def asked(result: dict[str, Any]) -> set[str]:
    """The last questions of the rows that the last training read."""
    rows = result["rows"][max(result["rows"])]
    return {row["prompt"][-1]["content"] for row in rows}


def real(name: str, folder: Path, **changes: Any) -> Loop:
    """A project whose policy has weights."""
    loop = Loop(short(name, **changes), {"name": "transformers", "model": str(folder)}, folder)
    loop.policy = loop.base
    return loop


def test_self_search_rl_asks_for_fields_and_rewards_form_and_answer(tiny: Path) -> None:
    loop = real("self_search_rl", tiny)
    round_ = done(loop, loop.launch())
    texts = rollouts_of(round_.id)
    assert len(texts) == 8
    for text in texts:
        parts = text.extra["components"]
        assert set(parts) == {"exact_match", "surface_rules"}
        if text.extra.get("reward") is not None:
            assert text.extra["reward"] == pytest.approx(0.8 * parts["exact_match"] + 0.2 * parts["surface_rules"])
    assert all("<information>" in question for question in asked(rows_of_round(round_.id)))


def test_reinforced_pretraining_needs_documents_alone(tiny: Path) -> None:
    loop = real("reinforced_pretraining", tiny)
    loop.prompts = make_prompt_set(loop.project, prompts=TEXTS)
    round_ = done(loop, loop.launch())
    rewards = [sample.extra.get("reward") for sample in rollouts_of(round_.id)]
    assert len(set(rewards)) > 2
    assert None not in rewards
    assert all("Then write ####" in question for question in asked(rows_of_round(round_.id)))


def test_direct_reasoning_optimization_filters_prompts_by_its_reward_and_trains_on_it(tiny: Path) -> None:
    judge = {"top_k": 1_000_000_000}
    loop = real("direct_reasoning_optimization", tiny, generator={"n": 3, "max_tokens": 6}, judge=judge)
    round_ = done(loop, loop.launch())
    entry = rows_of_round(round_.id)
    scores: dict[str, list[float]] = {}
    texts = [row["prompt"][0]["content"] for row in entry["rows"][3]]
    for row in entry["texts"]:
        if row[0] == 0 and row[8] is not None:
            scores.setdefault(texts[row[1]], []).append(row[8])
    gaps = sorted(scores, key=lambda text: max(scores[text]) - min(scores[text]))
    reached = {texts[row[1]] for row in entry["texts"] if row[0] == 0 and str(row[9]) == "accept"}
    assert asked(entry) == set(gaps[-4:]) & reached, "three quarters of five prompts, rounded up"
    assert all(set(parts) == {"reference_likelihood", "reference_length"} for parts in components(round_.id))


def test_serl_trains_on_its_own_prompts_within_the_band(tiny: Path) -> None:
    loop = Own(short("serl", start="base", reward=FIRST, answers={"n": 5}), tiny)
    rules = [WRITER["rules"][2], {"pattern": "spider", "reply": "answer: 8"}]
    with session() as db:  # five votes on two answers have a majority, and on spiders all agree
        row = db.get_one(tables.Checkpoint, loop.policy.id)
        row.engine = {"name": "scripted", "rules": rules, "replies": ["answer: 8", "answer: ice"]}
    round_ = done(loop, loop.launch(roles={}, num_prompts=12))
    entry, texts = rows_of_round(round_.id), {prompt.text for prompt in adopted(round_.id)}
    votes: dict[str, list[str]] = {}
    for row in entry["texts"]:
        if row[0] == 3:
            votes.setdefault(row[2][0]["content"], []).append(str(row[9]))
    within = {text for text, vote in votes.items() if 0.2 <= vote.count("accept") / len(vote) <= 0.8}
    assert asked(entry) == within <= texts
    assert 0 < len(within) < len(texts)
    assert not within & set(SEEDS)
    assert {row["prompt"][0]["content"] for row in entry["rows"][6]} == texts
    assert {text.extra.get("reward") for text in rollouts_of(round_.id)} <= {0.0, 1.0, None}


def test_know_rl_trains_on_verdicts_and_shows_consistent_tasks_later(tiny: Path) -> None:
    loop = Own(short("know_rl", start="base", reward=FIRST), tiny)
    tasks = ("Count from one to ten.", "Taste the soup.", "Name a colour of the sky.")
    rules = [
        {"pattern": "End your reply with one word(?s:.*)", "reply": ("feasible", "infeasible")},
        {"pattern": "Write one more task", "reply": tasks},
    ]
    rules[0:0] = [{"pattern": "(?s)<<<TASK.Count.*End your reply", "reply": "It is feasible."}]
    with session() as db:
        db.get_one(tables.Checkpoint, loop.policy.id).engine = {"name": "scripted", "rules": rules}
    round_ = done(loop, loop.launch(roles={}, num_prompts=6))
    entry = rows_of_round(round_.id)
    checks = [row for row in entry["texts"] if row[0] == 2]
    assert len(checks) == 6 * 8
    assert asked(entry) == {row[2][0]["content"] for row in checks}, "verdicts are trained on, and no task"
    shares: dict[str, list[float]] = {}
    for row in entry["texts"]:
        if row[0] == 0:
            shares.setdefault(row[7], []).append(row[8])
    consistent = {text for text, some in shares.items() if max(some) >= 0.75}
    assert tasks[0] in consistent
    assert {prompt.text for prompt in adopted(round_.id)} == consistent
    second = loop.launch(parent_id=round_.id, roles={}, num_prompts=6, seed=9)
    loop.run(second)
    questions = [row[2][0]["content"] for row in rows_of_round(second)["texts"] if row[0] == 0]
    assert all(tasks[0] in question for question in questions), "it is an example now"


def test_self_budgeter_learns_to_state_budgets_then_to_keep_to_them(tiny: Path) -> None:
    loop = Loop(short("self_budgeter"), SOLVER, tiny)
    first = done(loop, loop.launch())
    rows = [
        (row["prompt"][0]["content"], row["completion"][0]["content"]) for row in rows_of_round(first.id)["rows"][3]
    ]
    assert ("prompt a", "<budget>2</budget>\n#### 4") in rows, "the shortest right text, of two words"
    with reading() as db:
        loop.policy = db.get_one(tables.Checkpoint, first.checkpoint_id)
    second = done(loop, loop.launch(parent_id=first.id))
    assert second.phase == 1
    assert all(set(parts) == {"exact_match", "stated_budget"} for parts in components(second.id))


@pytest.mark.parametrize("name", ["decoupled_exploration_rewards", "oversampled_rl"])
def test_demonstrations_are_followed_by_rewards(tiny: Path, name: str) -> None:
    loop = Loop(short(name), SOLVER, tiny)
    first = loop.launch()
    assert loop.run(first).error is None
    rows = {(row["prompt"][0]["content"], row["completion"][0]["content"]) for row in rows_of_round(first)["rows"][3]}
    shown, plain = ("prompt a", "Wait, to check: #### 4"), ("prompt a", "#### 4")
    assert rows == ({shown, plain} if name == "decoupled_exploration_rewards" else {shown})
    ended(first, loop.base.id)
    loop.policy = loop.base
    second = done(loop, loop.launch(parent_id=first))
    assert second.phase == 1
    assert asked(rows_of_round(second.id)) == set(RIGHT)
    texts = rollouts_of(second.id)
    assert len(texts) == 8
    if name == "decoupled_exploration_rewards":
        assert all(set(text.extra["components"]) == {"exact_match", "behavior_tags"} for text in texts)
    with reading() as db:
        made_by = db.scalars(select(tables.Checkpoint).where(tables.Checkpoint.id == second.checkpoint_id)).one()
    assert made_by.parent_id == loop.base.id
