"""What cannot fit into a context is said before a launch: the template, the longest prompt, the longest answer."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event

from backend import demo
from backend.db import session, tables
from backend.db.session import read_engine
from backend.errors import InvalidInput
from backend.judges.exact_match import ExactMatch
from backend.prompt_sources.prompt_set import PromptSet
from backend.recipes import Recipe
from backend.selectors.all_prompts import AllPrompts
from backend.services import rounds
from backend.services.access import Actor
from backend.trainers.multi_turn_grpo import MultiTurnGRPO
from backend.values import Split
from tests import rows

pytestmark = pytest.mark.usefixtures("database")
ENGINE = {"engine": {"name": "transformers", "model": str(demo.MODEL_FOLDER)}}
"""The demo's model: a token a character, and a context of 256."""


def plan(
    template: str = "{prompt} {response}", *, prompt: str = "1 2 3 = 6", **generator: Any
) -> tuple[Actor, int, rounds.Plan]:
    project = rows.make_project()
    rows.make_prompt_set(project, prompts=[prompt])
    rows.make_prompt_set(project, split=Split.held_out)
    rows.make_checkpoint(project, **ENGINE)
    actor = rows.make_actor(project)
    result = rounds.defaults(actor, project.id)
    judge = {"name": "written_verdict", "votes": 1, "max_tokens": 24, "template": template}
    recipe = result.recipe | {"judge": judge, "generator": result.recipe["generator"] | {"max_tokens": 24} | generator}
    return actor, project.id, rounds.Plan(**vars(result) | {"recipe": recipe})


def warnings(*args: Any, **kwargs: Any) -> str:
    actor, project_id, result = plan(*args, **kwargs)
    return " ".join(rounds.estimate(actor, project_id, result).warnings)


def test_what_fits_is_not_mentioned() -> None:
    assert "context" not in warnings()


def test_a_template_longer_than_the_judges_context_is_refused_before_launch() -> None:
    actor, project_id, result = plan("x" * 300 + " {prompt} {response}")
    for ask in (rounds.estimate, rounds.launch):
        with pytest.raises(InvalidInput, match=r"judge\.template: it has 320 tokens.*holds 256"):
            ask(actor, project_id, result)
    assert rounds.list_rounds(actor, project_id) == []


def test_a_template_that_leaves_little_room_is_told() -> None:
    assert "what does not fit gets no score" in warnings("x" * 200 + " {prompt} {response}")


def test_more_tokens_than_the_policy_holds_are_told() -> None:
    text = warnings(max_tokens=512)
    assert "generator.max_tokens is 512, but the context of" in text
    assert "holds 256 tokens" in text


def test_a_template_around_the_prompt_counts() -> None:
    brief = {"extra_n": 1, "extra_template": "7" * 220 + "{prompt}"}
    assert "context" not in warnings(extra_template=brief["extra_template"]), "no text is asked with it"
    text = warnings(**brief)
    assert "A chat of sample may hold 252 tokens beside its prompt: 24 of texts by the model and 228 of what" in text
    assert "holds 256, all together" in text
    assert "A chat of sample may hold" in warnings(conditions={"brief": brief["extra_template"]})


def test_all_turns_of_a_training_that_writes_count() -> None:
    """The demo's model has 256 tokens: three turns of 64 and what is asked between them fit, four do not."""
    actor, project_id, result = plan()
    for turns, fits in ((3, True), (4, False)):
        trainer = MultiTurnGRPO(
            reward=ExactMatch(),
            turn_kinds=("answer",) * turns,
            follow_ups=("again",) * (turns - 1),
            max_completion_length=64,
        )
        recipe = Recipe(name="turns", title="Turns", steps=(PromptSet(), AllPrompts(), trainer))
        asked = replace(result, recipe=recipe.model_dump(mode="json"))
        text = " ".join(rounds.estimate(actor, project_id, asked).warnings)
        assert ("context" not in text) is fits
    assert (
        "A chat of multi_turn_grpo may hold 273 tokens beside its prompt: 256 of texts by the model and 17 of" in text
    )


def test_a_prompt_without_room_for_an_answer_is_told() -> None:
    assert "The longest prompt has at least 400 tokens" in warnings(prompt="9" * 400)


def test_all_turns_of_the_longest_prompt_count() -> None:
    """The shortest last message comes with the longest conversation."""
    actor, project_id, result = plan(prompt="9" * 40)
    with session() as db:
        (prompt_set, _) = db.query(tables.PromptSet).order_by(tables.PromptSet.id)
        turns = [{"role": "system", "content": "1" * 150}, {"role": "user", "content": "2" * 100}]
        turns += [{"role": "assistant", "content": "3" * 100}, {"role": "user", "content": "4"}]
        db.add(
            tables.Prompt(
                prompt_set_id=prompt_set.id, position=1, messages=turns, text="4", content_hash=rows.content_hash(turns)
            )
        )
        prompt_set.num_prompts = 2
    assert "The longest prompt has at least 354 tokens" in " ".join(rounds.estimate(actor, project_id, result).warnings)


def test_the_prompts_are_read_once_however_often_the_form_asks() -> None:
    actor, project_id, result = plan(prompt="9" * 400)
    statements: list[str] = []
    event.listen(read_engine(), "before_cursor_execute", lambda *reply: statements.append(reply[2]))
    for _ in range(3):
        assert "at least 400 tokens" in " ".join(rounds.estimate(actor, project_id, result).warnings)
    assert sum("ORDER BY length(" in statement for statement in statements) == 1
    again = rows.make_prompt_set(tables_project(project_id), prompts=["8" * 500])
    estimate = rounds.estimate(actor, project_id, replace(result, sample_set_ids=(*result.sample_set_ids, again.id)))
    assert "at least 500 tokens" in " ".join(estimate.warnings)


def tables_project(project_id: int) -> tables.Project:
    with session() as db:
        return db.get_one(tables.Project, project_id)


def test_an_endpoint_and_a_model_that_is_not_here_are_not_guessed_at() -> None:
    actor, project_id, result = plan("x" * 300 + " {prompt} {response}")
    with session() as db:
        away = tables.Checkpoint(
            project_id=project_id,
            name="away",
            kind="base",
            role="judge",
            location="http://127.0.0.1:9/v1",
            engine={"name": "openai", "base_url": "http://127.0.0.1:9/v1", "model": "m"},
        )
        db.add(away)
    estimate = rounds.estimate(actor, project_id, rounds.Plan(**vars(result) | {"judge_id": away.id}))
    assert "template" not in " ".join(estimate.warnings)
