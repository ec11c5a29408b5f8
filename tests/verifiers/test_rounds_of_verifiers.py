"""A round whose prompts are tasks of a taskset of verifiers, judged by the rewards of each task."""

from pathlib import Path

import pytest
from sqlalchemy import select

from backend.db import reading, tables
from backend.errors import InvalidInput
from backend.generators.sample import Sample
from backend.judges.verifiers_reward import VerifiersReward
from backend.prompt_sources.verifiers_tasks import VerifiersTasks
from backend.selectors.above_threshold import AboveThreshold
from backend.values import Stage
from tests.integration.loop import Loop, dying, of_steps, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.test_rounds_mixed import SFT_BASE
from tests.verifiers.sums import Install

pytestmark = pytest.mark.on_sqlite
GUESSES = {"name": "scripted", "replies": [str(n) for n in range(12)]}


def test_tasks_become_prompts_with_answers_and_killed_it_makes_the_same(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, install: Install
) -> None:
    steps = (
        VerifiersTasks(taskset=install()),
        Sample(n=12),
        VerifiersReward(),
        AboveThreshold(threshold=1.0),
        SFT_BASE,
    )
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
    known = {prompt.messages[-1]["content"]: prompt.answer for prompt in prompts}
    assert len(known) == 4
    texts = [row for row in outcome["texts"] if row[7] is not None]
    assert len(texts) == 48
    for row in texts:
        assert row[9] == ("accept" if row[7] == known[row[2][-1]["content"]] else "reject")


def test_a_taskset_that_is_not_there_is_refused_before_the_launch(tiny: Path) -> None:
    steps = (VerifiersTasks(taskset="sums"), Sample(n=2), VerifiersReward(), AboveThreshold(), SFT_BASE)
    loop = Loop(of_steps(*steps), GUESSES, tiny)
    with pytest.raises(InvalidInput, match=r"Step 1 .*cannot run\. There is no installed package 'sums'"):
        loop.launch()
