"""The pictures of docs/how-to/review.md and docs/how-to/run-a-team.md, taken of the demo: `python -m tests.screenshots`."""

import random
import uuid
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from backend.db import reading, tables
from backend.demo import countdown
from backend.services import demo, queue, reviews, rounds
from backend.services.access import Actor
from backend.services.people import accounts
from backend.services.queue import Item, Order
from backend.services.reviews import Act
from backend.values import DecisionKind, Role
from tests import rows
from tests.bench.place import data_folder, run_stage
from tests.browser.conftest import ARGUMENTS
from tests.browser.desk import sign_in
from tests.integration import site

PICTURES = Path(__file__).parents[1] / "docs/pictures"
SIZE = {"width": 1280, "height": 860}
MISTAKES = 0.15
"""The share of the people's words that are wrong, so that there is something to settle."""


def judged(actor: Actor, project_id: int, **review: Any) -> int:
    """A small round of the demo that waits for people."""
    plan = rounds.defaults(actor, project_id).__dict__ | {"num_prompts": 40, "is_reviewed": True, "review": review}
    round_id = rounds.launch(actor, project_id, rounds.Plan(**plan))
    run_stage(round_id)
    run_stage(round_id)
    return round_id


def decide(actor: Actor, round_id: int, number: int, chance: random.Random) -> None:
    """What somebody does who knows, and is sometimes wrong."""
    items = queue.queue(actor, round_id, order=Order.sequential, limit=number)
    acts = [Act(uuid.uuid4().hex, word(item, chance), item.sample_id, seconds=chance.uniform(2, 9)) for item in items]
    reviews.decide_many(actor, round_id, acts)


def word(item: Item, chance: random.Random) -> DecisionKind:
    is_right = countdown.is_correct(item.messages[-1]["content"], item.text) != (chance.random() < MISTAKES)
    return DecisionKind.accept if is_right else DecisionKind.reject


def take(page: Any, name: str) -> None:
    page.wait_for_timeout(2000)
    page.screenshot(path=str(PICTURES / name))
    print(PICTURES / name)


def main() -> None:
    """Two rounds of the demo, two colleagues, and a browser."""
    with data_folder(), sync_playwright() as playwright:
        owner = accounts.local_owner()
        project_id = demo.create(owner)
        single = judged(owner, project_id, num_reviewers_per_item=2)
        grouped = judged(owner, project_id, mode="group")
        with reading() as db:
            project = db.get_one(tables.Project, project_id)
        ada, ben = (rows.make_actor(project, Role.reviewer, name=name) for name in ("Ada", "Ben"))
        chance = random.Random(1)
        for person, number in ((ada, 60), (ben, 40)):
            decide(person, single, number, chance)
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(ARGUMENTS))
        context = chromium.new_context(viewport=SIZE, color_scheme="light")
        sign_in(context, owner)
        page = context.new_page()
        page.goto(f"{site.address()}/review?round={single}")
        page.wait_for_selector("#review-desk .answer")
        for key in ("a", "x", "a"):
            page.keyboard.press(key)
        page.wait_for_function("document.querySelector('#review-desk .unsaved').textContent === 'All saved'")
        take(page, "review.png")
        page.goto(f"{site.address()}/review?round={grouped}")
        page.wait_for_selector("#review-desk .column")
        page.wait_for_timeout(1000)
        page.keyboard.press("1")
        page.keyboard.press("Shift+Digit6")
        take(page, "review-group.png")
        page.goto(f"{site.address()}/team?round={single}")
        page.get_by_role("cell", name="Ada").first.wait_for()
        take(page, "team.png")
        page.get_by_role("tab", name="Agreement", exact=True).click()
        page.wait_for_timeout(3000)
        take(page, "team-agreement.png")
        chromium.close()


if __name__ == "__main__":
    main()
