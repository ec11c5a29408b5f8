"""Free texts that people wrote of samples, as critiques of a recipe that asks about them."""

import uuid
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from backend import recipes
from backend.db import reading, tables
from backend.errors import InvalidInput
from backend.generators.critiques_of_people import CritiquesOfPeople
from backend.pipeline import groups as group_values
from backend.pipeline.critiques import with_critiques
from backend.recipes import Recipe
from backend.recipes import _parts as parts
from backend.services import plans, questions, reviews, rounds
from backend.services.questions import NewQuestion, answers
from backend.services.questions.answers import NewAnswer
from backend.values import RoundStatus, Split, Stage, Verdict
from backend.values.questions import QuestionKind, QuestionOptions
from tests import rows
from tests.integration.loop import SOLVER, TRAINING, Loop
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.stepped import ASKED, Stepped
from tests.integration.test_launching import World

pytestmark = pytest.mark.on_sqlite
CRITIQUE = QuestionOptions(is_critique=True)


def test_what_people_wrote_of_a_text_is_its_critique_each_once(database: str) -> None:
    loop = Stepped()
    project_id, text = loop.project.id, QuestionKind.text
    why = questions.add(loop.curator, project_id, NewQuestion("Why", text, "why", options=CRITIQUE))
    aside = questions.add(loop.curator, project_id, NewQuestion("Aside", text, "aside"))
    people = [loop.reviewer, rows.make_actor(loop.project, "reviewer")]
    first, second = loop.answers[:2]
    for person, because in zip(people, (" It adds wrongly.", "It adds wrongly."), strict=True):
        given = [(why, first, because), (aside, first, "lunch now"), (aside, second, "Hm.")]
        sent = [NewAnswer(uuid.uuid4().hex, id_, question.id, {"text": words}) for question, id_, words in given]
        answers.give(person, loop.round.id, sent)
    with reading() as db:
        asked = group_values.group_rows(db, loop.round.id, Split.train, step=ASKED)
        prompts = group_values.prompts_of(db, asked)
        marked = with_critiques(db, project_id, "", asked, prompts)
        named = with_critiques(db, project_id, "aside", asked, prompts)
    by_parent = {
        group.parent_id: [critique.text for critique in prompt.imported]
        for group, prompt in zip(asked, marked, strict=True)
    }
    assert by_parent[first] == ["It adds wrongly."]
    assert by_parent[second] == []
    assert sum(len(prompt.imported) for prompt in named) == 2
    assert marked[0].imported[0].extra == {"question": "why"}


def test_a_recipe_that_takes_critiques_needs_a_question_and_a_review(database: str) -> None:
    world = World()
    recipe = recipes.get("critique_in_the_loop").model_dump(mode="json")
    for phase in recipe["phases"]:
        for step in phase["steps"]:
            if step["name"] == "critiques":
                step["part"], step["by"] = CritiquesOfPeople().dump(), ""
    plan = replace(world.plan(recipe="self_rewarding"), recipe=recipe | {"phases": recipe["phases"][-1:]})

    def told() -> list[str]:
        warnings = plans.estimate(world.actor, world.project.id, plan).warnings
        return [warning for warning in warnings if "takes critiques" in warning]

    assert "marked as a critique" in told()[0]
    with pytest.raises(InvalidInput, match="marked as a critique"):
        rounds.launch(world.actor, world.project.id, plan)
    with pytest.raises(InvalidInput, match="Only a free text"):
        questions.add(world.actor, world.project.id, NewQuestion("Good", options=CRITIQUE))
    why = questions.add(world.actor, world.project.id, NewQuestion("Why", QuestionKind.text, options=CRITIQUE))
    assert told() == []
    questions.change(world.actor, why.id, is_active=False)
    assert "marked as a critique" in told()[0], "a retired one is not asked"
    questions.change(world.actor, why.id, is_active=True)
    plan = replace(plan, is_reviewed=False)
    assert "Nobody reviews" in told()[0]


def test_a_round_revises_by_what_people_wrote_and_by_a_models_critique_elsewhere(tiny: Path) -> None:
    steps = (
        parts.PromptSet(),
        parts.Sample(n=2, temperature=0.0),
        parts.ExactMatch(),
        parts.Ask(about="rejected"),
        CritiquesOfPeople(),
        parts.Ask(template="This was found: {response}. The right answer is", strip=True),
        parts.Sample(n=1),
        parts.KeepAll(),
        parts.SFT(**TRAINING | {"start": "base"}),
    )
    recipe = Recipe(name="critiqued", title="Critiqued", steps=steps, unparsed_limit=1.0, groups_per_batch=2)
    loop = Loop(recipe, SOLVER, tiny)
    why = questions.add(loop.actor, loop.project.id, NewQuestion("Why", QuestionKind.text, options=CRITIQUE))
    round_ = loop.run(loop.launch(is_reviewed=True))
    assert round_.status is RoundStatus.review
    sample, group = tables.Sample, tables.Group
    with reading() as db:
        wrong = db.scalars(select(tables.Label.sample_id).where(tables.Label.verdict == Verdict.reject)).all()
    answer = NewAnswer(uuid.uuid4().hex, wrong[0], why.id, {"text": "It does not add up."})
    answers.give(loop.actor, round_.id, [answer])
    reviews.close(loop.actor, round_.id)
    assert loop.run(round_.id).stage is Stage.train
    with reading() as db:
        query = select(group.parent_id, sample.text, sample.kind).join(group, group.id == sample.group_id)
        critiques = db.execute(query.where(sample.round_id == round_.id, sample.step == 4)).all()
        revised = db.scalars(select(group.messages).where(group.round_id == round_.id, group.step == 5)).all()
    of_people = [tuple(row) for row in critiques if row.kind == "import"]
    assert of_people == [(wrong[0], "It does not add up.", "import")]
    assert len(critiques) == len(wrong) > 1
    assert sum("It does not add up." in chat[0]["content"] for chat in revised) == 1
