"""Wang et al. 2023 (tailored learning), arXiv 2310.13332: what makes it that method."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from backend import recipes
from backend.db import reading, session, tables
from backend.values import Group, RoundStatus, Verdict
from tests.groups import prompt, sample
from tests.integration.loop import RIGHT, TRAINING, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.test_rounds_filtered import last_content
from tests.integration.test_rounds_mixed import ONE_DATABASE
from tests.integration.test_rounds_of_own_prompts import Own, adopted
from tests.rows import make_prompt_set

RECIPE = recipes.get("tailored_learning")
PLACES = RECIPE.places()


def test_the_teacher_is_asked_for_data_about_what_the_student_failed_at():
    failed = Group(prompt("hard", id=1), (sample(1, verdict=Verdict.reject), sample(2, verdict=Verdict.reject)))
    solved = Group(prompt("easy", id=2), (sample(3, verdict=Verdict.reject), sample(4, verdict=Verdict.accept)))
    source = PLACES[3]
    (group,) = source.step.part.ask([failed, solved], [], limit=9, seed=0)
    assert group.prompt.id == 1
    assert "hard" in group.prompt.messages[0]["content"]
    assert PLACES[3].source == PLACES[1].source == 0


def test_tasks_and_rationales_are_the_teachers_attempts_the_students():
    assert {PLACES[n].step.name: PLACES[n].step.by for n in (1, 4, 7)} == {
        "attempts": "policy",
        "tasks": "teacher",
        "rationales": "teacher",
    }


def test_then_the_student_learns_from_its_own_right_and_wrong_attempts():
    taught, reflecting = PLACES[10].step, PLACES[12].step
    assert (taught.part.name, taught.makes) == ("sft", "taught")
    assert (reflecting.part.name, reflecting.part.start, reflecting.part.reference) == ("dpo", "taught", "taught")
    assert reflecting.makes == RECIPE.product == "policy"
    assert PLACES[11].source == PLACES[1].source
    assert (PLACES[10].rows, PLACES[12].rows) == ((9,), (11,))


@pytest.mark.slow
@ONE_DATABASE
def test_tailored_learning_asks_a_teacher_about_what_failed_and_trains_twice(tiny: Path) -> None:
    student = {"name": "scripted", "rules": [{"pattern": "prompt", "reply": ("#### 4", "#### 5", "#### 9")}]}
    training = TRAINING | {"max_steps": 1}
    steps = {"taught": training | {"start": "base"}}
    recipe = recipes.get("tailored_learning")
    data = recipe.with_changes(steps | {"groups_per_batch": 4, "metrics": [], "unparsed_limit": 1.0}).model_dump(
        mode="json"
    )
    data["steps"][12]["part"] |= training
    loop = Own(type(recipe).model_validate(data), tiny)
    with session() as db:
        db.get_one(tables.Checkpoint, loop.policy.id).engine = student
    loop.prompts = make_prompt_set(loop.project, prompts=list(RIGHT), answers=list(RIGHT.values()))
    trained = loop.run(loop.launch(roles={"teacher": loop.author.id}), trains=True)
    assert (trained.status, trained.error) == (RoundStatus.done, None)
    result = rows_of_round(trained.id)
    attempts: dict[int, list[Any]] = {}
    for row in result["texts"]:
        if row[0] == 0:
            attempts.setdefault(row[1], []).append(row[9])
    failed = [n for n, verdicts in attempts.items() if Verdict.accept not in verdicts]
    asked = [row for row in result["texts"] if row[0] == 3]
    assert len(asked) == len(failed) > 0
    assert {row[5] for row in result["texts"] if row[0] in (3, 6)} == {"teacher"}
    texts = {prompt.text for prompt in adopted(trained.id)}
    assert {last_content(row, "prompt") for row in result["rows"][9]} <= texts
    pairs = result["rows"][11]
    assert {last_content(row, "prompt") for row in pairs} <= set(RIGHT)
    assert all(last_content(row, "chosen") == f"#### {RIGHT[last_content(row, 'prompt')]}" for row in pairs)
    with reading() as db:
        names = dict(db.execute(select(tables.Checkpoint.name, tables.Checkpoint.id)).tuples().all())
        assert db.get_one(tables.Checkpoint, trained.checkpoint_id).parent_id == names["round-1-taught"]
        parent = db.get_one(
            tables.Group, db.scalars(select(tables.Sample.group_id).where(tables.Sample.step == 4)).first()
        )
        assert db.get_one(tables.Prompt, parent.prompt_id).text in RIGHT, "a variant leads back to its prompt"
