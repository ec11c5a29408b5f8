"""A round's page when answers overtake each other: its parts are of one round, and its charts of whoever may see them."""

import pytest

from backend.db import session, tables
from backend.services import round_report
from tests import rows
from tests.integration import site
from tests.integration.clicking import Clicker
from tests.integration.test_round_report import Done

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.on_sqlite]


def test_what_is_chosen_while_the_page_opens_stays_in_all_its_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    done = Done()
    other = rows.make_round(done.project, done.base, sets=[done.prompts])
    first, second = f"round={done.round.id}", f"round={other.id}"
    assert other.id > done.round.id
    drawn: list[int] = []
    plain = round_report.work
    monkeypatch.setattr(round_report, "work", lambda actor, id_: (drawn.append(id_), plain(actor, id_))[1])
    with site.signed_in(done.actor) as client:
        page = Clicker(client, done.project.slug)
        page.do("round", "draw")

        def choose() -> None:
            page.do("round", "choose_texts", round=done.round.id)
            assert f"samples?{first}" in page.replies[-1]

        # Without an address the page opens with the newest, whose texts come last.
        page.meanwhile("round", round_report, "texts_opened", choose, monkeypatch, tick="draw_texts")
        assert second not in page.replies[-1], "late texts of another round are not drawn over the chosen one's"
        page.do("round", "draw_work")
        assert drawn == [done.round.id], "what was not asked for yet is of the chosen one"

        def choose_again() -> None:
            page.do("round", "choose_texts", round=other.id)

        page.meanwhile("round", round_report, "texts_opened", choose_again, monkeypatch, tick="draw_charts")
        assert "plotly" not in page.replies[-1], "charts of texts that are gone"


def test_charts_are_drawn_for_who_may_see_them_now() -> None:
    done = Done()
    with site.signed_in(done.actor) as client:
        page = Clicker(client, done.project.slug)
        page.do("round", "draw")
        page.do("round", "draw_charts")
        assert f"samples?round={done.round.id}" in page.replies[-1]
        assert page.replies[-1].count("plotly") == 3
        page.do("round", "choose_texts", round=done.round.id)
        assert page.replies[-1].count('"visible": false') == 4, "no picker of steps, and no chart until it is asked for"
        with session() as db:
            db.delete(db.get_one(tables.Membership, (done.project.id, done.actor.user_id)))
        with pytest.raises(AssertionError, match="You are not in the project"):
            page.do("round", "draw_charts")
