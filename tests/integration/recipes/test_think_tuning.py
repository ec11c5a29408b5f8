"""ThinkTuning: Instilling Cognitive Reflections without Distillation: a short round."""

from pathlib import Path

import pytest

from backend.values import RoundStatus
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.rounds_of_curricula import real, short
from tests.integration.test_rounds_rl import rollouts_of
from tests.rows import make_checkpoint


@pytest.mark.slow
@pytest.mark.on_sqlite
def test_think_tuning_adds_the_remarks_of_the_role_that_is_bound(tiny: Path) -> None:
    recipe = short(
        "think_tuning",
        remarks_by="teacher",
        remark_share=1.0,
        last_share=1.0,
        max_completion_length=80,
        num_generations=4,
    )
    loop = real(recipe, tiny)
    teacher = make_checkpoint(loop.project, engine={"name": "scripted", "replies": ("Wait.",)})
    ended = loop.run(loop.launch(roles={"teacher": teacher.id}), trains=True)
    assert (ended.status, ended.error) == (RoundStatus.done, None)
    texts = rollouts_of(ended.id)
    guided = [text for text in texts if "guided" in text.extra]
    assert 0 < len(guided) < len(texts), "those that did not end by themselves stay as they are"
    assert all(text.text.endswith("\n\nWait.") for text in guided)
