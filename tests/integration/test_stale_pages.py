"""A page that others have overtaken: it undoes nobody's change, and deletes nothing but what it asked about."""

from collections.abc import Iterator

import pytest

from backend.services import checkpoints, projects, review_settings, rounds
from backend.services.access import Actor
from backend.services.people import accounts
from backend.services.reviews import settings_edit
from tests import rows
from tests.integration import site
from tests.integration.clicking import Clicker
from tests.integration.walking import World, make_world


@pytest.fixture
def opened(database: str) -> Iterator[tuple[World, Clicker, Actor]]:
    here, owner = make_world(), accounts.local_owner()
    with site.signed_in(owner) as client:
        yield here, Clicker(client, here.project.slug), owner


def test_saving_review_settings_leaves_what_a_colleague_changed_meanwhile(
    opened: tuple[World, Clicker, Actor],
) -> None:
    world, page, owner = opened
    round_id = world.ids["round_id"]
    page.do("team", "draw")
    page.do("team.review", "show", round=round_id)
    settings_edit.edit_review(owner, round_id, {"num_reviewers_per_item": 3})
    page.do("team.review", "save_settings", reservation_minutes=7)
    stored = review_settings.read(rounds.get(owner, round_id).review)
    assert (stored.num_reviewers_per_item, stored.reservation_minutes) == (3, 7)
    page.do("team.review", "save_settings", reservation_minutes=8)
    stored = review_settings.read(rounds.get(owner, round_id).review)
    assert (stored.num_reviewers_per_item, stored.reservation_minutes) == (3, 8), "the form shows what was found"


def test_guidelines_that_a_colleague_saved_meanwhile_are_not_overwritten(
    opened: tuple[World, Clicker, Actor],
) -> None:
    world, page, owner = opened
    page.do("team.guidelines", "show")
    page.do("team.guidelines", "save_text", guidelines="mine")
    projects.edit(owner, world.project.id, guidelines="theirs")
    page.do("team.guidelines", "save_text", guidelines="mine again")
    assert "Somebody else saved other guidelines" in page.replies[-1]
    assert projects.get(owner, world.project.id).guidelines == "theirs"


def test_what_is_deleted_is_what_was_asked_about(opened: tuple[World, Clicker, Actor]) -> None:
    world, page, owner = opened
    spare, other = world.ids["checkpoint_id"], rows.make_checkpoint(world.project, "another one")
    page.do("checkpoints", "load")
    page.do("checkpoints", "ask_forget", checkpoint=spare)
    assert "spare" in page.replies[-1]
    page.do("checkpoints", "give_name", checkpoint=other.id, **{"new name": "renamed meanwhile"})
    page.do("checkpoints", "forget", checkpoint=other.id)
    left = {row.id for row in checkpoints.tree(owner, world.project.id)}
    assert spare not in left
    assert other.id in left
