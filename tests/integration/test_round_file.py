"""A round's report as a file and as JSON: whole, by itself, and with every text in it as a text."""

import json
import re
from html.parser import HTMLParser

import pytest

from app.widgets import round_opening_texts
from backend.db import session, tables
from backend.services.round_report.shapes import ChangedMetric
from backend.values import FailureKind, Role, Stage
from tests import rows
from tests.browser.desk import HOSTILE
from tests.integration import site
from tests.integration.test_round_report import Done

pytestmark = [pytest.mark.usefixtures("database"), pytest.mark.on_sqlite]
TAGS = {
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "h1",
    "h2",
    "h3",
    "p",
    "b",
    "br",
    "ul",
    "li",
    "dl",
    "dt",
    "dd",
    "table",
    "caption",
    "tr",
    "th",
    "td",
    "pre",
    "svg",
    "rect",
}


class Read(HTMLParser):
    """What elements and attributes a file has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}


def hostile_round() -> Done:
    """A round in which every text is hostile."""
    done = Done(error=HOSTILE)
    with session() as db:
        for sample in db.query(tables.Sample):
            sample.text = HOSTILE
        for prompt in db.query(tables.Prompt):
            prompt.text, prompt.extra = HOSTILE, {HOSTILE[:20]: f"{prompt.id % 2}<i>"}
        for checkpoint in db.query(tables.Checkpoint):
            checkpoint.name = f"{checkpoint.id} {HOSTILE}"[:120]
        db.get_one(tables.Dataset, done.dataset.id).provenance = {HOSTILE: HOSTILE}
        db.add(
            tables.LeftOut(
                project_id=done.project.id,
                round_id=done.round.id,
                stage=Stage.judge,
                item="1",
                reason=HOSTILE,
                kind=FailureKind.error,
                prompt_id=done.samples[0].prompt_id,
            )
        )
    return done


def test_the_file_holds_hostile_texts_as_texts_and_asks_for_nothing() -> None:
    done = hostile_round()
    with site.with_token(done.actor) as client:
        answer = client.get(f"/api/v1/rounds/{done.round.id}/report.html")
    assert answer.headers["content-disposition"] == f'attachment; filename="round-{done.round.id}.html"'
    read = Read(answer.text)
    assert read.tags <= TAGS, read.tags - TAGS
    assert read.attributes.isdisjoint({"src", "href", "onerror", "onload", "style"})
    assert "http" not in answer.text.replace("&#39;", "'").split("<body>")[0], "nothing is fetched"
    assert "@import" not in answer.text
    assert answer.text.count("&lt;script&gt;") > 10
    assert re.search(r"<rect class=\"accepted\" .*<title>4\.8 to 5: 9 accepted</title>", answer.text)


def test_the_json_says_the_same_and_neither_is_told_to_a_stranger() -> None:
    done = Done()
    path = f"/api/v1/rounds/{done.round.id}/report"
    with site.with_token(rows.make_actor(done.project, Role.viewer)) as client:
        body = client.get(path).json()
        assert body["opening"]["head"]["number"] == 1
        assert [stage["name"] for stage in body["texts"]["flows"]["flows"][0]["stages"]][-1] == "training rows"
        assert json.dumps(body)
    with site.with_token(rows.make_actor()) as client:
        assert [client.get(text).status_code for text in (path, f"{path}.html")] == [404, 404]


@pytest.mark.parametrize(
    ("ends", "interval", "spread"),
    [
        ((0.4, 0.6, 0.1, 0.3), "40.0 to 60.0, n 9", "+10.0 to +30.0"),
        ((None,) * 4, "interval unknown, n 9", "interval unknown"),
    ],
)
def test_an_unknown_interval_is_said_to_be_unknown(ends: tuple[float | None, ...], interval: str, spread: str) -> None:
    low, high, change_low, change_high = ends
    changed_metric = ChangedMetric(
        "held_out_accuracy", "made", "m1", 0.5, low, high, 9, "m0", 0.3, 0.2, change_low, change_high, None, None, None
    )
    measures = round_opening_texts.measure(changed_metric)
    assert (measures["interval"], measures["spread"]) == (interval, spread)
