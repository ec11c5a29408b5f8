"""A round whose prompts are tasks of reasoning-gym, judged by the verifier of each task."""

from pathlib import Path

import pytest
from sqlalchemy import select

from backend.db import reading, tables
from backend.errors import InvalidInput
from backend.generators.sample import Sample
from backend.judges.reasoning_gym_score import ReasoningGymScore
from backend.prompt_sources.reasoning_gym import ReasoningGym
from backend.selectors.above_threshold import AboveThreshold
from backend.values import Stage
from tests.integration.loop import Loop, dying, of_steps, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.test_rounds_mixed import SFT_BASE

pytestmark = pytest.mark.on_sqlite
SUMS = {"min_terms": 2, "max_terms": 2, "min_digits": 1, "max_digits": 1}
GUESSES = {"name": "scripted", "replies": [f"answer: {n}" for n in range(16)]}


def test_tasks_become_prompts_with_answers_and_killed_it_makes_the_same(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = (ReasoningGym(config=SUMS), Sample(n=16), ReasoningGymScore(), AboveThreshold(threshold=1.0), SFT_BASE)
    loop = Loop(of_steps(*steps, unparsed_limit=1.0), GUESSES, tiny)
    first, second = loop.launch(num_prompts=4), loop.launch(num_prompts=4)
    result = loop.run(first)
    assert (result.stage, result.error) == (Stage.train, None)
    with dying(monkeypatch) as kills:
        assert loop.run(second).error is None
    assert kills[0] > 4
    outcome = rows_of_round(first)
    assert rows_of_round(second) == outcome
    with reading() as db:
        own = select(tables.PromptSet.id).where(tables.PromptSet.round_id == first)
        prompts = list(db.scalars(select(tables.Prompt).where(tables.Prompt.prompt_set_id.in_(own))))
        assert db.get_one(tables.Round, first).steps["0"] == {"groups": None, "adopted": 4, "dropped": {}}
    known = {prompt.text: prompt.answer for prompt in prompts}
    assert len(known) == 4
    texts = [row for row in outcome["texts"] if row[7] is not None]
    assert len(texts) == 64
    for row in texts:
        right = row[7] == f"answer: {known[row[2][0]['content']]}"
        assert row[9] == ("accept" if right else "reject")
    (rows,) = outcome["rows"].values()
    assert rows
    assert all(row["completion"][0]["content"] == f"answer: {known[row['prompt'][0]['content']]}" for row in rows)


def test_a_data_set_that_is_not_there_is_refused_before_the_launch(tiny: Path) -> None:
    steps = (ReasoningGym(dataset="sums"), Sample(n=2), ReasoningGymScore(), AboveThreshold(), SFT_BASE)
    loop = Loop(of_steps(*steps), GUESSES, tiny)
    with pytest.raises(InvalidInput, match=r"Step 1 .*cannot run\. reasoning-gym has no data set 'sums'"):
        loop.launch()
