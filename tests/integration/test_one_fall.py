"""A fall of held-out accuracy is one fact: one red light on the card, the round's page, Warnings and the file."""

import re

import pytest

from app.pages.overview.cards import tree_value
from backend.db import session, tables
from backend.services import round_report
from backend.services.projects import overview
from backend.values import Role, WarningLevel
from tests import rows
from tests.integration import site
from tests.integration.measured import finish, measure
from tests.integration.test_warnings_pages import Page

pytestmark = [pytest.mark.on_sqlite, pytest.mark.usefixtures("database")]


def test_a_fall_is_one_red_light_wherever_warnings_are_counted() -> None:
    project = rows.make_project()
    actor, base = rows.make_actor(project, Role.curator), rows.make_checkpoint(project)
    round_, trained = finish(project, base)
    was, everything = set(range(193)), set(range(400))
    now = was - set(range(41))
    for checkpoint, right in ((base, was), (trained, now)):
        measure(round_, checkpoint.id, len(right) / 400, right=sorted(right), wrong=sorted(everything - right), n=400)
    of = {"project_id": project.id, "round_id": round_.id, "name": "forgetting", "level": WarningLevel.red}
    with session() as db:
        db.add(tables.RoundWarning(**of, value=-0.1025, low=-0.13, high=-0.075, limit=-0.02, n=400))
    changed = round_report.opening(actor, round_.id).measured.metrics[0]
    assert changed.p is not None
    assert changed.p < 0.05, "it fell by more than chance explains"
    card = next(card for card in tree_value(overview.loop(actor, project.id))["rounds"] if card["id"] == round_.id)
    assert [light["level"] for group in card["warned"] for light in group["lights"]] == ["red"]
    with site.signed_in(actor) as client:
        page = Page(client, project.slug)
        replies = [page.ask(name, "draw", round=str(round_.id)) for name in ("round", "warnings")]
        for reply in [*replies, page.report(round_.id)]:
            assert re.findall(r"\d+ red", reply) == ["1 red"]
