"""The page of warnings, and the lights on overview and round, asked as a browser asks."""

from collections.abc import Iterator

import pytest

from backend.db import reading, session, tables
from backend.services.access import Actor
from backend.services.warnings import limits
from backend.values import Role
from tests import rows
from tests.integration import site
from tests.integration.clicking import Clicker
from tests.integration.test_deep_links import Opened
from tests.integration.test_warnings import Warned

pytestmark = pytest.mark.on_sqlite


class Page(Clicker, Opened):
    """Opens a page and clicks on it."""


@pytest.fixture
def opened(database: str) -> Iterator[tuple[Warned, Page]]:
    here = Warned()
    with site.signed_in(here.actor) as client:
        yield here, Page(client, here.project.slug)


def test_lights_stand_on_overview_and_round_and_lead_to_their_rows(opened: tuple[Warned, Page]) -> None:
    here, page = opened
    link = f"warnings?round={here.round.id}&warning=label_noise"
    reply = page.ask("overview", "draw")
    assert link in reply
    assert "Labels are noisy" in reply
    assert "position_bias" not in reply, "what is not known is no warning"
    reply = page.ask("round", "draw", round=str(here.round.id))
    assert link in reply
    assert "1 red, 1 amber, 1 green, 1 not known" in reply


def test_what_the_counts_say_is_counted_alike_on_overview_round_and_page(opened: tuple[Warned, Page]) -> None:
    here, page = opened
    with session() as db:
        db.get_one(tables.Round, here.round.id).counts = {"decided": 8, "overridden": 7}
    told, round_ = "87.5% of what people decided overrode the judge", str(here.round.id)
    assert told in page.ask("overview", "draw")
    for name in ("round", "warnings"):
        reply = page.ask(name, "draw", round=round_)
        assert told in reply
        assert "1 red, 2 amber, 1 green, 1 not known" in reply


def test_the_page_shows_one_light_with_its_rows(opened: tuple[Warned, Page]) -> None:
    here, page = opened
    reply = page.ask("warnings", "draw", round=str(here.round.id), warning="label_noise")
    for words in (
        "W35",
        "50.0%",
        "red above 20.0%",
        "an exact count",
        "There are 6.",
        f"samples?round={here.round.id}&sample={here.samples[3].id}",
        f"prompts?set={here.prompts.id}",
    ):
        assert words in reply, words
    assert "has no warning 'gloom'" in page.ask("warnings", "draw", round=str(here.round.id), warning="gloom")
    assert "There is no round 999 in this project." in page.ask("warnings", "draw", round="999")


def test_a_curator_saves_limits_on_the_page(opened: tuple[Warned, Page]) -> None:
    here, page = opened
    page.ask("warnings.limits_form", "draw_rules")
    page.do("warnings.limits_form", "save_limits", rule="copying", limit=0.5, min_rows=40, amber=0.3)
    assert stored(here) == {"copying": {"limit": 0.5, "amber": 0.3, "min_rows": 40}}
    page.do("warnings.limits_form", "save_limits", rule="copying", limit=5)
    assert "copying.limit" in page.replies[-1]
    page.do("warnings.limits_form", "back_to_defaults", rule="copying")
    assert stored(here) == {}
    known = {"known": {"3": {"reason": "ours", "up_to": 9}}}
    limits.edit(here.actor, here.project.id, "unreviewed_imports", known | {"limit": 0.5})
    page.do("warnings.limits_form", "back_to_defaults", rule="unreviewed_imports")
    assert stored(here) == {"unreviewed_imports": known}, "what was made known is no limit"


def stored(here: Warned) -> dict:
    with reading() as db:
        return db.get_one(tables.Project, here.project.id).warning_rules


def test_a_project_without_rounds_says_what_to_do(database: str) -> None:
    project = rows.make_project()
    actor: Actor = rows.make_actor(project, Role.viewer)
    with site.signed_in(actor) as client:
        assert '"is_empty": true' in Page(client, project.slug).ask("warnings", "draw")
