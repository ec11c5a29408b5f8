"""SeRL: Self-Play Reinforcement Learning for Large Language Models with Limited Data: a short round."""

from pathlib import Path

import pytest

from backend.db import session, tables
from tests.integration.loop import rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.test_rounds_of_own_prompts import SEEDS, WRITER, Own, adopted
from tests.integration.test_rounds_rewarded import FIRST, asked, done, short
from tests.integration.test_rounds_rl import rollouts_of


@pytest.mark.slow
@pytest.mark.on_sqlite
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
