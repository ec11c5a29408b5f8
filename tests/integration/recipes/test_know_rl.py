"""KnowRL: Teaching Language Models to Know What They Know: a short round."""

from pathlib import Path

import pytest

from backend.db import session, tables
from tests.integration.loop import rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.test_rounds_of_own_prompts import Own, adopted
from tests.integration.test_rounds_rewarded import FIRST, asked, done, short


@pytest.mark.slow
@pytest.mark.on_sqlite
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
