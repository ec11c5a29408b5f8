"""Tasks made of documents, judged by their answers, and what rounds of them share."""

from pathlib import Path

import pytest
from sqlalchemy import func, select

from backend.db import reading, tables
from backend.generators.own_answers import OwnAnswers
from backend.judges.exact_match import ExactMatch
from backend.prompt_sources.document_tasks import DocumentTasks
from backend.recipes import Recipe
from backend.selectors.above_threshold import AboveThreshold
from backend.trainers.sft import SFT
from backend.values import Stage
from tests.integration.loop import JUDGE, TRAINING, Loop
from tests.integration.loop import tiny as tiny  # a fixture
from tests.rows import make_prompt_set

TEXTS = [f"Text {n} begins here. It goes on with more words. It says a third thing." for n in ("one", "two", "three")]


class Documents(Loop):
    """A project whose prompts are documents, with no known answers."""

    def __init__(self, recipe: Recipe, folder: Path, texts: list[str] = TEXTS) -> None:
        super().__init__(recipe, JUDGE, folder)
        self.prompts = make_prompt_set(self.project, prompts=texts)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_verifiers_compare_with_the_answer_of_the_task(tiny: Path) -> None:
    steps = (
        DocumentTasks(kinds=("masked_word",), per_document=2),
        OwnAnswers(),
        ExactMatch(),
        AboveThreshold(threshold=1.0),
        SFT(**TRAINING, start="base"),
    )
    loop = Documents(Recipe(name="x", title="X", steps=steps, groups_per_batch=2), tiny)
    round_id = loop.launch()
    ended = loop.run(round_id)
    assert (ended.stage, ended.error) == (Stage.train, None)
    assert ended.counts["kept"] == 6
    with reading() as db:
        assert db.scalar(select(func.count()).where(tables.Prompt.answer.is_not(None))) == 5, "of the other set"
