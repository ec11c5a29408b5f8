"""The form of a new round as it opens, in Chromium: what is asked of the server, and that Launch takes what is shown."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from backend.db import reading, tables
from backend.recipes import get
from backend.services import rounds
from backend.values import Role, Split
from tests import rows
from tests.browser.desk import empty, sign_in
from tests.browser.form import estimated
from tests.integration import site

__all__ = ["empty"]
pytestmark = pytest.mark.browser


def test_the_form_opens_with_two_answers_and_launches_what_it_shows(empty: None, chromium: Any) -> None:
    project = rows.make_project()
    policy = rows.make_checkpoint(project, engine={"name": "transformers", "model": "models/base"})
    sampled = rows.make_prompt_set(project, prompts=10, answers=["7"] * 10)
    held_out = rows.make_prompt_set(project, prompts=4, split=Split.held_out)
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    sign_in(context, rows.make_actor(project, Role.curator))
    page = context.new_page()
    asked: list[int] = []
    page.on(
        "request",
        lambda sent: asked.append(json.loads(sent.post_data)["fn_index"]) if "queue/join" in sent.url else None,
    )
    page.goto(site.page(project, "new-round"))
    launch = page.locator("#launch")
    estimated(page)
    assert len(asked) == 2, "the form is filled, and its slots are drawn"
    expect(page.locator("#estimate")).to_contain_text("hold 10 prompts, fewer than the 500 asked for.")
    launch.click()
    expect(page).not_to_have_url(re.compile("new-round"))
    with reading() as db:
        round_ = db.scalars(select(tables.Round)).one()
        sets = set(db.execute(select(tables.RoundPromptSet.prompt_set_id, tables.RoundPromptSet.use)).tuples())
    assert (round_.policy_id, round_.num_prompts) == (policy.id, 500)
    assert {id_ for id_, _ in sets} == {sampled.id, held_out.id}
    assert round_.recipe == get(round_.recipe["name"]).model_dump(mode="json")
    context.close()


def test_a_stored_recipe_that_the_fields_cannot_say_is_estimated_as_they_say_it(empty: None, chromium: Any) -> None:
    project = rows.make_project()
    policy = rows.make_checkpoint(project, engine={"name": "transformers", "model": "models/base"})
    rows.make_prompt_set(project, prompts=10, answers=["7"] * 10)
    actor = rows.make_actor(project, Role.curator)
    recipe = get("star").model_dump(mode="json")
    generator = next(step["part"] for step in recipe["steps"] if step["kind"] == "generator")
    generator["stop"] = ["END", ""]
    plan = replace(rounds.defaults(actor, project.id), recipe=recipe, policy_id=policy.id)
    rounds.launch(actor, project.id, plan)
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    sign_in(context, actor)
    page = context.new_page()
    page.goto(site.page(project, "new-round") + "?again=1")
    estimated(page)
    expect(page.locator("#estimate")).not_to_contain_text('["END", ""]')
    page.locator("#launch").click()
    expect(page).not_to_have_url(re.compile("new-round"))
    with reading() as db:
        last = db.scalars(select(tables.Round).order_by(tables.Round.id.desc())).first()
    assert last is not None
    generator["stop"] = ["END"]
    assert last.recipe == recipe
    context.close()


def test_what_was_typed_before_the_slots_are_there_is_estimated_with_them(empty: None, chromium: Any) -> None:
    project = rows.make_project()
    rows.make_checkpoint(project)
    rows.make_prompt_set(project, prompts=10)
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    sign_in(context, rows.make_actor(project, Role.curator))
    page = context.new_page()
    # As a person does who is quicker than the drawing: the field changes when the drawing is asked for.
    page.add_init_script(
        """const plainFetch = window.fetch;
        let joins = 0;
        window.fetch = (what, how) => {
          if (String(what.url ?? what).includes("queue/join") && ++joins === 2) {
            const field = document.querySelector("#num-prompts input");
            field.value = "0";
            field.dispatchEvent(new Event("input", { bubbles: true }));
          }
          return plainFetch(what, how);
        };"""
    )
    page.goto(site.page(project, "new-round"))
    page.locator("#recipe-slots button").first.wait_for()
    expect(page.locator("#estimate .problem")).to_contain_text("Number of prompts: must be")
    expect(page.locator("#launch")).to_be_disabled()
    expect(page.locator("#num-prompts input")).to_have_attribute("aria-invalid", "true")
    context.close()
