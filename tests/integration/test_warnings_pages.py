"""The page of warnings, and the lights on overview and round, asked as a browser asks."""

import html
import math
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import delete

from app.pages.warnings import limits_form
from app.widgets.warning_said import light, number
from backend.db import reading, session, tables
from backend.services import warnings
from backend.services.access import Actor
from backend.services.warnings import limits
from backend.values import Role, WarningLevel
from backend.warning_rules import Finding, rule_classes
from tests import rows
from tests.integration import site
from tests.integration.clicking import Clicker
from tests.integration.test_deep_links import Opened
from tests.integration.test_warnings import Warned

pytestmark = pytest.mark.on_sqlite


class Page(Clicker, Opened):
    """Opens a page and clicks on it."""

    def report(self, round_id: int) -> str:
        """The file that is kept of a round, as texts."""
        return " ".join(html.unescape(self.client.get(f"/api/v1/rounds/{round_id}/report.html").text).split())


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


def test_every_light_that_is_on_shows_its_limit_and_what_helps_wherever_it_stands(opened: tuple[Warned, Page]) -> None:
    """Each rule's number at its worst: the sentence on every page names the colour that the light has."""
    here, page = opened
    with session() as db:
        db.execute(delete(tables.RoundWarning))
    levels = {}
    for name, rule in rule_classes().items():
        knobs, end = rule(), rule.ends[0] if rule.is_below else rule.ends[1]
        value = end if math.isfinite(end) else math.copysign(1e6, end)
        levels[name] = knobs.level(Finding(value, value, value, n=100))
        here.light(name, levels[name], value=value, limit=knobs.limit, amber=knobs.amber)
    listed = {view.name: light(view, here.round.id) for view in warnings.of_round(here.actor, here.round.id)}
    assert listed.keys() == rule_classes().keys()
    round_page = page.ask("round", "draw", round=str(here.round.id))
    all_lights = page.ask("warnings", "draw", round=str(here.round.id))
    overview, report = page.ask("overview", "draw"), page.report(here.round.id)
    for name, shown in listed.items():
        level = str(levels[name])
        assert shown["level"] == level
        assert shown["limit"].startswith(level), shown["limit"]
        assert shown["limit"].endswith("never red") is (level == "amber")
        assert shown["advice"] == f"What helps: {rule_classes()[name].advice}"
        for where, reply in {"overview": overview, "round": round_page, "warnings": all_lights, "file": report}.items():
            assert shown["advice"] in reply, (where, name)
            assert where == "overview" or shown["limit"] in reply, (where, name)


def test_what_is_green_or_unknown_gives_no_advice_and_a_limit_without_effect_is_not_shown(
    opened: tuple[Warned, Page],
) -> None:
    here, _ = opened
    here.light("no_coverage", WarningLevel.green, limit=1.0, amber=0.5)
    here.light("heavy_tail", WarningLevel.green, limit=2.0, amber=3.0)
    here.light("tail_narrowing", WarningLevel.green, limit=1.0)
    here.light("nothing_to_gain", WarningLevel.green, limit=0.02, amber=0.05)
    here.light("self_consuming", WarningLevel.green, limit=1.0)
    shown = {view.name: light(view, here.round.id) for view in warnings.of_round(here.actor, here.round.id)}
    assert {name for name, entry in shown.items() if entry["advice"]} == {"label_noise", "length_bias"}
    silent = [replace(view, advice="") for view in warnings.of_round(here.actor, here.round.id)]
    assert {light(view, here.round.id)["advice"] for view in silent} == {""}, "a rule of a package need not say"
    assert {name: shown[name]["limit"] for name in shown if name not in ("label_noise", "length_bias", "copying")} == {
        "position_bias": "red above 20.0%",
        "no_coverage": "amber above 50.0%; never red",
        "heavy_tail": "amber below 3; never red",
        "tail_narrowing": "never red or amber",
        "nothing_to_gain": "red up to +2.0 points, or where its interval holds 0; amber up to +5.0 points",
        "self_consuming": "amber from 100.0% on, two rounds in a row, where nothing from outside corrects them; never red",
    }


def test_a_curator_saves_limits_on_the_page(opened: tuple[Warned, Page]) -> None:
    here, page = opened
    page.ask("warnings.limits_form", "draw_rules")
    page.do("warnings.limits_form", "save_limits", rule="copying", limit=50, min_rows=40, amber=30)
    assert stored(here) == {"copying": {"limit": 0.5, "amber": 0.3, "min_rows": 40}}
    page.do("warnings.limits_form", "save_limits", rule="copying", limit=500)
    assert "copying.limit: must be at most 100%" in page.replies[-1]
    page.do("warnings.limits_form", "back_to_defaults", rule="copying")
    assert stored(here) == {}
    known = {"known": {"3": {"reason": "ours", "up_to": 9}}}
    limits.edit(here.actor, here.project.id, "unreviewed_imports", known | {"limit": 0.5})
    page.do("warnings.limits_form", "back_to_defaults", rule="unreviewed_imports")
    assert stored(here) == {"unreviewed_imports": known}, "what was made known is no limit"


def test_limits_are_typed_and_refused_in_the_unit_in_which_lights_say_them(opened: tuple[Warned, Page]) -> None:
    here, page = opened
    page.ask("warnings.limits_form", "draw_rules")
    for rule in limits.listed(here.actor, here.project.id):
        about, *typed = limits_form.filled(rule)
        shown = [number(rule.knobs[name], rule.unit) for name in ("limit", "amber") if rule.knobs[name] is not None]
        numbers = [float(re.findall(r"[-+.\d]+", text)[0]) for text in shown]
        assert numbers == [value for value in typed[:2] if value is not None], rule.name
        assert all(text in about["usual"] for text in shown)
        assert not re.search("True|False", about["usual"])
        values = dict(zip(limits_form.KNOBS, typed, strict=True))
        page.do("warnings.limits_form", "save_limits", rule=rule.name, **values)
        assert stored(here) == {}, "what the form shows is what there was"
    page.do("warnings.limits_form", "save_limits", rule="nothing_to_gain", limit=500)
    assert "nothing_to_gain.limit: must be at most 100 points" in page.replies[-1]
    page.do("warnings.limits_form", "save_limits", rule="forgetting", limit=-7)
    assert stored(here)["forgetting"]["limit"] == -0.07


def stored(here: Warned) -> dict:
    with reading() as db:
        return db.get_one(tables.Project, here.project.id).warning_rules


def test_a_project_without_rounds_says_what_to_do(database: str) -> None:
    project = rows.make_project()
    actor: Actor = rows.make_actor(project, Role.viewer)
    with site.signed_in(actor) as client:
        assert '"is_empty": true' in Page(client, project.slug).ask("warnings", "draw")
