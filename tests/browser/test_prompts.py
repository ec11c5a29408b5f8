"""The Prompts page in Chromium: a first import, and deleting a set."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect
from sqlalchemy import delete, func, select

from backend.db import reading, session, tables
from backend.services import prompts
from backend.services.prompts import set_trash
from backend.values import Role
from tests import rows
from tests.browser.desk import empty, sign_in
from tests.integration import site
from tests.waiting import until

__all__ = ["empty"]
pytestmark = pytest.mark.browser


def test_a_first_import_is_where_one_lands_and_a_set_is_deleted_only_after_a_question(
    empty: None, chromium: Any, tmp_path: Path
) -> None:
    project = rows.make_project()
    admin = rows.make_actor(project, Role.admin)
    file = tmp_path / "mine.jsonl"
    file.write_text("\n".join(json.dumps({"prompt": f"Question {n}"}) for n in range(40)))
    context = chromium.new_context(viewport={"width": 1200, "height": 600})
    sign_in(context, admin)
    page = context.new_page()
    page.goto(f"{site.address()}/prompts")
    nothing = tmp_path / "nothing.jsonl"
    nothing.touch()
    page.locator("#import-upload input[type=file]").set_input_files(nothing)
    expect(page.locator("#import-notes")).to_contain_text("nothing.jsonl is empty. Choose a file")
    expect(page.locator("span.error")).to_have_count(0)
    page.locator("#import-upload").get_by_label("Clear").click()
    page.locator("#import-upload input[type=file]").set_input_files(file)
    page.locator("#import-name input, #import-name textarea").fill("Mine")
    page.locator("#import-go:enabled").click()
    expect(page.locator("#prompt-set")).to_contain_text("Of 40 rows, 40 to Mine")
    page.wait_for_function("window.scrollY === 0")
    page.locator("#prompt-trash").click()
    really = page.locator("#prompt-trash-really")
    expect(really).to_have_text("Move Mine and its 40 prompts to the trash")
    page.get_by_role("button", name="Keep it").click()
    expect(really).to_be_hidden()
    assert [prompt_set_view.name for prompt_set_view in prompts.list_sets(admin, project.id)] == ["Mine"]
    page.locator("#prompt-trash").click()
    really.click()
    until(lambda: not prompts.list_sets(admin, project.id))
    context.close()


def test_a_double_click_imports_once_and_the_page_tells_what_a_set_stands_for(
    empty: None, chromium: Any, tmp_path: Path
) -> None:
    project = rows.make_project()
    curator = rows.make_actor(project, Role.curator)
    file = tmp_path / "mine.jsonl"
    asked = [{"question": f"Question {n}", "external_id": str(n)} for n in range(30)]
    file.write_text("\n".join(map(json.dumps, asked)))
    context = chromium.new_context(viewport={"width": 1200, "height": 900})
    sign_in(context, curator)
    page = context.new_page()

    def bring(act: Callable[[Locator], None], then: str) -> None:
        page.goto(f"{site.address()}/prompts")
        page.get_by_role("tab", name="Import").click()
        page.locator("#import-upload input[type=file]").set_input_files(file)
        expect(page.locator("#import-notes")).to_contain_text("prompts, without answers")
        page.locator("#import-name input, #import-name textarea").fill("Mine")
        act(page.locator("#import-go:enabled"))
        expect(page.locator(".toast-body")).to_contain_text(then)

    bring(lambda go: go.dblclick(), "30 prompts are imported.")
    expect(page.locator("#prompt-set")).to_contain_text("Of 30 rows, 30 to Mine")
    asked[:3] = [row | {"question": f"{row['question']}, once more"} for row in asked[:3]]
    file.write_text("\n".join(map(json.dumps, asked)))
    bring(lambda go: go.click(), "Of the prompts known by their external ids 3 changed and 27 did not.")
    (mine,) = prompts.list_sets(curator, project.id)
    with reading() as db:
        imports = db.scalar(select(func.count()).select_from(tables.Event).where(tables.Event.verb == "import prompts"))
    assert imports == 2, "the click and the double click"
    expect(page.locator("#prompt-trash:enabled")).to_be_visible()
    expect(page.locator("#prompt-trash-why")).to_have_text("")
    with reading() as db:
        round_ = rows.make_round(project, sets=[db.get_one(tables.PromptSet, mine.id)])
    page.goto(f"{site.address()}/prompts?set={mine.id}")
    expect(page.locator("#prompt-trash-why")).to_contain_text("1 round uses it, and what was asked")
    expect(page.locator("#prompt-trash")).to_be_disabled()
    with session() as db:
        db.execute(delete(tables.RoundPromptSet).where(tables.RoundPromptSet.round_id == round_.id))
    set_trash.put(curator, mine.id)
    page.goto(f"{site.address()}/prompts?set={mine.id}")
    expect(page.get_by_role("alert")).to_contain_text(f"Prompt set {mine.id} is in the trash since")
    context.close()


def test_the_import_names_the_format_the_columns_and_the_finished_prompt(
    empty: None, chromium: Any, tmp_path: Path
) -> None:
    project = rows.make_project()
    curator = rows.make_actor(project, Role.curator)
    file = tmp_path / "pairs.jsonl"
    row = {
        "system": "Be brief",
        "prompt": "Name a river",
        "chosen": "Elbe",
        "rejected": "Alps",
        "note": "from the atlas",
    }
    file.write_text(json.dumps(row) + "\n" + json.dumps(row | {"prompt": "Name a sea"}) + "\n")
    context = chromium.new_context(viewport={"width": 1200, "height": 900})
    sign_in(context, curator)
    page = context.new_page()
    page.goto(f"{site.address()}/prompts")
    page.locator("#import-upload input[type=file]").set_input_files(file)
    expect(page.locator("#import-notes")).to_contain_text("Recognised JSON lines: TRL preference")
    expect(page.locator("#import-columns")).to_contain_text("the model does not see it")
    expect(page.locator("#import-become")).to_contain_text("system: Be brief")
    expect(page.locator("#import-become")).to_contain_text("rejected: Alps")
    page.locator("#import-name input, #import-name textarea").fill("Pairs")
    page.locator("#import-go:enabled").click()
    expect(page.locator("#prompt-set")).to_contain_text("2 to Pairs, with 4 completions")
    expect(page.locator("#prompt-rows")).to_contain_text("chosen: Elbe")
    context.close()
