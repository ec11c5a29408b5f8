"""RLP: Reinforcement as a Pretraining Objective: a short round."""

from pathlib import Path

import pytest

from tests.integration.loop import rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.test_rounds_of_documents import TEXTS
from tests.integration.test_rounds_rewarded import asked, done, real
from tests.integration.test_rounds_rl import rollouts_of
from tests.rows import make_prompt_set


@pytest.mark.slow
@pytest.mark.on_sqlite
def test_reinforced_pretraining_needs_documents_alone(tiny: Path) -> None:
    loop = real("reinforced_pretraining", tiny)
    loop.prompts = make_prompt_set(loop.project, prompts=TEXTS)
    round_ = done(loop, loop.launch())
    rewards = [sample.extra.get("reward") for sample in rollouts_of(round_.id)]
    assert len(set(rewards)) > 2
    assert None not in rewards
    assert all("Then write ####" in question for question in asked(rows_of_round(round_.id)))
