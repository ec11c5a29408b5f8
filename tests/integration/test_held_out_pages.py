"""The pages of held-out answers and of two rounds, asked as a browser asks."""

from collections.abc import Iterator
from typing import Any

import pytest

from app.pages.held_out import shown
from backend.services import round_trash
from backend.services.held_out import baseline, listing
from backend.values import Role
from tests import rows
from tests.integration import site
from tests.integration.clicking import Clicker
from tests.integration.held_out import Line, make_done_round, make_held_out, make_line, measure
from tests.integration.test_deep_links import Opened

pytestmark = pytest.mark.on_sqlite


class Page(Clicker, Opened):
    """Opens a page and clicks on it."""

    def opens(self, prompt_id: int, **turn: int) -> str:
        self.event = {"prompt": prompt_id} | turn
        self.call(self.listener("held_out", "open_prompt"))
        return self.replies[-1]

    def narrows(self, **fields: str) -> str:
        """What a page shows that was asked for these; the search finds every prompt."""
        self.do("held_out", "narrow", **fields, **{"search in prompts": "how much"})
        return self.replies[-1]


@pytest.fixture
def opened(database: str) -> Iterator[tuple[Line, Page]]:
    line = make_line(generator={"name": "sample", "n": 4})
    with site.signed_in(line.actor) as client:
        yield line, Page(client, line.project.slug)


def test_the_table_follows_its_filters_and_its_address(opened: tuple[Line, Page]) -> None:
    line, page = opened
    base, key, two = (checkpoint.id for checkpoint in line.checkpoints)
    reply = page.ask("held_out", "draw")
    assert f"old={key}&new={two}" in reply, "the newest against the one that it was trained from"
    assert "40 prompts · 39 of 40 known for both" in reply
    query = {"old": str(base), "show": "newly_wrong", "prompt": str(line.prompt_ids[0])}
    reply = page.ask("held_out", "draw", **query)
    assert "5 prompts" in reply
    assert "From base model to" in reply
    assert '"role": "deletion"' in reply
    assert "10 prompts" in page.narrows(show="newly_right")
    assert f"show=newly_right&search=how+much&prompt={line.prompt_ids[0]}" in page.replies[-1]
    assert f"prompt={line.prompt_ids[21]}" in page.opens(line.prompt_ids[21])
    assert "Known answer" not in page.replies[-1], "words stand in the template"
    assert '"answer": "42"' in page.replies[-1]
    assert f"prompt={line.prompt_ids[20]}" in page.opens(line.prompt_ids[20], turn=2)
    assert "prompt=" not in page.opens(line.prompt_ids[19], turn=1), "a key that came late moves nothing back"
    page.narrows(show="all")
    assert "prompt=" not in page.opens(line.prompt_ids[19], turn=1), "nor after a filter"
    assert "13 prompts" in page.narrows(show="all", category='["level", 3]')
    assert "10 prompts" in page.narrows(show="never_right", category="")


def test_what_the_address_asks_for_and_is_not_there_is_said(opened: tuple[Line, Page]) -> None:
    line, page = opened
    names = [name for name, _ in shown.choices(listing.checkpoints(line.actor, line.project.id))]
    assert names == ["checkpoint-3, round 2", "checkpoint-2, round 1", "base model"], "no round made the base"
    other = make_line()
    for name, value, words in (
        ("new", "999", "There is no checkpoint with held-out answers 999 in this project."),
        ("old", str(other.checkpoints[0].id), "There is no checkpoint with held-out answers"),
        ("new", "abc", "which is no number of a checkpoint with held-out answers."),
        ("prompt", str(other.prompt_ids[0]), f"There is no prompt {other.prompt_ids[0]} among"),
        ("prompt", "abc", "which is no number of a prompt."),
        ("show", "odd", "40 prompts"),
        ("category", "odd", "40 prompts"),
        ("search", "/(/", "40 prompts"),
        ("after", "-3", "40 prompts"),
        ("old", "none", "40 prompts"),
    ):
        assert words in page.ask("held_out", "draw", **{name: value}), (name, value)
    assert "old=none" in page.replies[-1]
    round_trash.put(line.actor, line.rounds[1].id)
    reply = page.ask("held_out", "draw", new=str(line.checkpoints[2].id))
    assert f"The held-out answers of checkpoint {line.checkpoints[2].id} are in the trash. Round 2 is in" in reply
    project = rows.make_project()
    with site.signed_in(rows.make_actor(project, Role.viewer)) as client:
        empty = Page(client, project.slug)
        assert "has held-out answers yet" in empty.ask("held_out", "draw")
        assert "nothing to compare" in empty.ask("compare", "draw")
        assert line.project.name not in empty.replies[-1]


def test_two_rounds_are_compared_and_the_first_made_the_baseline(opened: tuple[Line, Page]) -> None:
    line, page = opened
    first, second = (f"r{round_.id}" for round_ in line.rounds)
    reply = page.ask("compare", "draw")
    assert '"name": "kind: even"' in reply
    assert "show=newly_wrong&category=%5B%22kind%22%2C+%22even%22%5D" in reply, "a category opens its prompts"
    assert f"sides={first},{second}" in reply
    for words in (
        "No baseline is set.",
        "-12.8 points",
        "5 newly wrong, 0 newly right",
        "p = 0.062",
        "Newly wrong: 5",
        "Round 1 and Round 2 were asked the same 40 held-out prompts.",
        "2. generator sample",
        "Round 1 has the highest held-out accuracy:",
        "That may be chance.",
    ):
        assert words in reply, words
    base = f"c{line.checkpoints[0].id}"
    reply = page.ask("compare", "draw", sides=f"{base},{first},{second}")
    for words in (
        '"sides": ["base model", "Round 1, checkpoint-2", "Round 2, checkpoint-3"]',
        "+12.8 points to Round 2, the next best (+0.0 to ",
        "Newly wrong in Round 2 since base model: ",
        "base model, Round 1 and Round 2 were asked the same 40 held-out prompts.",
        '"side": "base model", "text": "no recipe"',
    ):
        assert words in reply, words
    page.ask("compare", "draw")
    page.do("compare", "set_baseline")
    assert "The baseline is round 1" in page.replies[-1]
    result: Any = baseline.get(line.actor, line.project.id)
    assert result.round_id == line.rounds[0].id
    assert '"rest": "to the baseline (' in page.ask("overview", "draw")
    assert f"held-out?new={line.checkpoints[2].id}" not in page.replies[-1], "links stand in the template"
    reply = page.ask("compare", "draw", old=f"c{line.checkpoints[0].id}", new=second)
    assert "no recipe to compare" in reply
    page.do("compare", "no_baseline")
    assert baseline.get(line.actor, line.project.id) is None
    for query, words in (
        ({"new": "r999"}, "There is no round 999 in this project."),
        ({"old": "abc"}, "names no round and no checkpoint"),
        ({"old": second, "new": second}, "stands on both sides"),
        ({"sides": ",".join([base, first, second, "r9", "r10"])}, "2 to 4 rounds can stand side by side, not 5."),
        ({"new": f"c{line.checkpoints[0].id}"}, "Choose in the first field"),
    ):
        assert words in page.ask("compare", "draw", **query), query


def test_rounds_of_different_prompts_say_how_many_they_share(opened: tuple[Line, Page]) -> None:
    line, page = opened
    few = make_held_out(line.project, 8)
    third, three = make_done_round(line.project, line.checkpoints[2], [few])
    assert three
    measure(third, three, [few], range(4))
    reply = page.ask("compare", "draw", old=f"r{line.rounds[0].id}", new=f"r{third.id}")
    assert "different held-out prompts, 40 and 8: what is compared prompt by prompt is compared on the 0 that" in reply
    assert "no prompt in common" in reply
    assert '"difference": "unknown"' in reply
    measure(third, line.checkpoints[2], [few], range(2))
    reply = page.ask("compare", "draw", old=f"r{line.rounds[1].id}", new=f"r{third.id}")
    assert "+25.0 points" in reply
    assert "interval unknown" in reply
    assert "fewer than 30 prompts" in reply
