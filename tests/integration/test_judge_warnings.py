"""The judge's light is one of the warnings of a round that is done: the same on overview, round, Warnings and file."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import update

from app.pages.overview.cards import tree_value
from app.widgets import judge_health as judge_widget
from backend.db import session, tables
from backend.services import judge_health
from backend.services.projects import overview
from backend.services.rounds import judge_warnings
from backend.values import Role, RoundStatus, Stage, Verdict, WarningLevel
from tests import rows
from tests.integration import site
from tests.integration.test_warnings_pages import Page

pytestmark = [pytest.mark.on_sqlite, pytest.mark.usefixtures("database")]
TIED = "Look at this judge before the next round: tied pairs 100.0% "
HELPS = "What helps: Raise the samples a prompt"
PAIRS = {"selector": {"name": "best_versus_worst"}, "trainer": {"name": "dpo"}}
ROWS = {"selector": {"name": "above_threshold"}, "trainer": {"name": "sft"}}


class Tied:
    """A round that is done, whose judge gives both texts of each of 20 prompts one score, and a green light."""

    def __init__(self, *, scores: list[float] | None = None, parts: dict[str, Any] = PAIRS) -> None:
        self.project = rows.make_project()
        self.actor = rows.make_actor(self.project, Role.curator)
        self.prompts = rows.make_prompt_set(self.project, prompts=[f"prompt {n}" for n in range(20)])
        self.round = self.add(scores or [3.0, 3.0, 2.0, 2.0, 4.0, 4.0], parts)

    def add(self, scores: list[float], parts: dict[str, Any] = PAIRS) -> tables.Round:
        done = {"status": RoundStatus.done, "stage": Stage.evaluate}
        round_ = rows.make_round(self.project, sets=[self.prompts], recipe=rows.RECIPE | parts, **done)
        self.samples = rows.make_samples(round_, self.prompts, scores=scores)
        of = {"project_id": self.project.id, "round_id": round_.id, "name": "copying", "level": WarningLevel.green}
        with session() as db:
            db.add(tables.RoundWarning(**of, value=0.0, limit=0.01, n=40))
        return round_

    def card(self, round_: tables.Round | None = None) -> dict[str, Any]:
        cards = tree_value(overview.loop(self.actor, self.project.id))["rounds"]
        card: dict[str, Any] = next(card for card in cards if card["id"] == (round_ or self.round).id)
        return card

    def on_card(self) -> list[str]:
        return [f"{light['level']}: {light['title']}" for group in self.card()["warned"] for light in group["lights"]]


@pytest.fixture
def opened(database: str) -> Iterator[tuple[Tied, Page]]:
    here = Tied()
    with site.signed_in(here.actor) as client:
        yield here, Page(client, here.project.slug)


def counts(page: Page, round_: tables.Round) -> set[str]:
    """What the round's page, Warnings and the file count of the round's lights."""
    replies = [page.ask(name, "draw", round=str(round_.id)) for name in ("round", "warnings")]
    known = ("1 amber, 1 green", "1 green", "1 red, 1 green")
    return {next(text for text in known if f"{text}" in reply) for reply in [*replies, page.report(round_.id)]}


def test_a_light_that_is_on_is_counted_and_shown_wherever_warnings_are(opened: tuple[Tied, Page]) -> None:
    here, page = opened
    assert here.on_card() == ["amber: Tied pairs, 100.0%"]
    assert not here.card()["is_calm"]
    assert here.card()["warned"][0]["lights"][0]["advice"].startswith(TIED)
    link = f"round?round={here.round.id}#round-judge"
    for reply in (
        page.ask("overview", "draw"),
        page.ask("round", "draw", round=str(here.round.id)),
        page.ask("warnings", "draw", round=str(here.round.id)),
    ):
        assert TIED in reply
        assert HELPS in reply
        assert link in reply
    assert TIED in page.report(here.round.id)
    assert HELPS in page.report(here.round.id)
    assert judge_widget.shown(judge_health.of_round(here.actor, here.round.id))["known"][1]["advice"].startswith(HELPS)
    assert counts(page, here.round) == {"1 amber, 1 green"}


def test_it_goes_everywhere_at_once_when_limits_change_and_while_people_decide(opened: tuple[Tied, Page]) -> None:
    here, page = opened
    assert here.on_card()
    judge_health.set_limits(here.actor, here.project.id, {"ties_amber": 1.0})
    assert (here.on_card(), here.card()["is_calm"], counts(page, here.round)) == ([], True, {"1 green"})
    judge_health.set_limits(here.actor, here.project.id, {"ties_amber": None})
    assert here.on_card()
    assert counts(page, here.round) == {"1 amber, 1 green"}
    with session() as db:
        db.execute(update(tables.Round).values(status=RoundStatus.review, stage=Stage.review))
    assert (here.on_card(), counts(page, here.round)) == ([], {"1 green"}), "who decides is not to be swayed"


def test_gold_items_count_from_when_they_are_marked() -> None:
    """Labels that are known against the judge's word turn its light red; those that the overview knew were amber."""
    here = Tied()
    assert here.on_card() == ["amber: Tied pairs, 100.0%"]
    with session() as db:
        for n, sample in enumerate(here.samples):
            verdict = Verdict.reject if n % 6 else Verdict.accept
            gold = {"sample_id": sample.id, "round_id": here.round.id, "verdict": verdict}
            db.add(tables.GoldItem(**gold, created_at=here.round.created_at))
    assert judge_health.of_round(here.actor, here.round.id).light == "red"
    assert [text.split(":")[0] for text in here.on_card()] == ["red"]


def test_two_scores_raise_no_warning_where_rows_are_trained_on() -> None:
    binary = [5.0, 5.0, 0.0, 0.0]
    assert Tied(scores=binary, parts=ROWS).card()["is_calm"]
    assert Tied(scores=binary, parts=PAIRS).on_card() == ["amber: Tied pairs, 100.0%"]


def test_of_many_rounds_the_newest_are_known_first_and_none_is_called_calm_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    here = Tied()
    newer = here.add([3.0, 2.0, 4.0])
    monkeypatch.setattr(judge_warnings, "MOST_AT_ONCE", 1)
    first = overview.loop(here.actor, here.project.id)
    assert [*first.judges] == [newer.id]
    calm = {card["id"]: card["is_calm"] for card in tree_value(first)["rounds"]}
    assert (calm[newer.id], calm[here.round.id]) == (True, False)
    assert {*overview.loop(here.actor, here.project.id).judges} == {here.round.id, newer.id}


def test_nobody_is_told_of_a_round_that_waits_for_people() -> None:
    here = Tied()
    with session() as db:
        row = db.get_one(tables.Round, here.round.id)
        row.status = RoundStatus.review
    with session() as db:
        assert judge_warnings.of_round(db, db.get_one(tables.Round, here.round.id)) is None
