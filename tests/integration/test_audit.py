"""The list of who did what: merged, filtered, paged, exported."""

import csv
import io
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from backend.db import now, session, tables
from backend.db.filters import Filters
from backend.errors import InvalidInput, NotFound, NotSignedIn, PermissionDenied
from backend.services import audit, reviews
from backend.services.access import Actor
from backend.services.audit import AuditQuery
from backend.services.decisions import bulk
from backend.services.people import accounts, sessions
from backend.services.queue import gold
from backend.services.reviews import repairs
from backend.values import DecisionKind, Role, RoundStatus, Stage, Verdict
from tests import rows

FORMULA = '=HYPERLINK("http://attacker.invalid","x")'


class Place:
    """A round in review with a reviewer and a curator, some decisions and some events."""

    def __init__(self) -> None:
        self.project = rows.make_project()
        prompts = rows.make_prompt_set(self.project, prompts=4)
        self.round = rows.make_round(self.project, status=RoundStatus.review, stage=Stage.review, is_reviewed=True)
        self.ids = [sample.id for sample in rows.make_samples(self.round, prompts, scores=[1.0, 0.0])]
        self.admin = rows.make_actor(self.project, Role.admin, name="Ada")
        self.curator = rows.make_actor(self.project, Role.curator, name="Cleo")
        self.reviewer = rows.make_actor(self.project, Role.reviewer, name="Rui", via="api")

    def decide(self, number: int, kind: DecisionKind = DecisionKind.accept, note: str = "") -> None:
        reviews.decide(self.reviewer, f"client-{number}", self.ids[number], kind, round_id=self.round.id, note=note)

    def listing(self, actor: Actor | None = None, **asked: object) -> list[audit.AuditEntry]:
        return list(audit.listing(actor or self.curator, self.project.id, AuditQuery(**asked)).entries)  # type: ignore[arg-type]


@pytest.fixture
def place(database: str) -> Place:
    return Place()


def words(entries: list[audit.AuditEntry]) -> list[tuple[str, str]]:
    return [(entry.who, entry.verb) for entry in entries]


def test_decisions_and_events_are_one_list_newest_first(place: Place) -> None:
    place.decide(0)
    accounts.invite(place.admin, place.project.id, "Nils", Role.viewer)
    place.decide(1, DecisionKind.reject)
    assert words(place.listing()) == [("Rui", "reject"), ("Ada", "invite"), ("Rui", "accept")]
    assert [entry.via for entry in place.listing()] == ["api", "page", "api"]
    last = place.listing()[0]
    assert (last.round, last.sample, last.subject) == (1, place.ids[1], f"sample {place.ids[1]}")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"person": "rui"}, ["reject", "accept"]),
        ({"person": "Ada"}, ["invite"]),
        ({"kind": "event"}, ["invite"]),
        ({"verb": "reject"}, ["reject"]),
        ({"verb": "invite"}, ["invite"]),
        ({"subject": "nil"}, ["invite"]),
        ({"subject": "sloppy"}, ["reject"]),
        ({"subject": "%"}, []),
        ({"via": "api"}, ["reject", "accept"]),
        ({"round_id": 1}, ["reject", "accept"]),
        ({"since": "later"}, []),
        ({"until": "later"}, ["reject", "invite", "accept"]),
    ],
    ids=str,
)
def test_each_filter_narrows(place: Place, asked: dict, expected: list[str]) -> None:
    place.decide(0)
    accounts.invite(place.admin, place.project.id, "Nils", Role.viewer)
    place.decide(1, DecisionKind.reject, note="sloppy reasoning")
    asked = {name: now() + timedelta(minutes=1) if value == "later" else value for name, value in asked.items()}
    asked |= {"round_id": place.round.id} if "round_id" in asked else {}
    assert [audit_query.verb for audit_query in place.listing(**asked)] == expected


def test_where_it_came_from_is_filtered_by_its_kind(place: Place) -> None:
    for via in ("page team", "page", "pages", "rule"):
        accounts.invite(replace(place.admin, via=via), place.project.id, "Nils", Role.viewer)
    assert [entry.via for entry in place.listing(via="page")] == ["page", "page team"]
    assert [entry.via for entry in place.listing(via="page team")] == ["page team"]
    assert [entry.via for entry in place.listing(via="rule")] == ["rule"]


def test_a_sample_shows_the_events_that_name_it(place: Place) -> None:
    place.decide(0)
    gold.mark(place.curator, place.round.id, place.ids[1:3], Verdict.accept, reason="known")
    repairs.start(place.reviewer, place.ids[2], "shorter")
    assert [audit_query.verb for audit_query in place.listing(sample_id=place.ids[0])] == ["accept"]
    assert [audit_query.verb for audit_query in place.listing(sample_id=place.ids[1])] == ["mark gold"]
    assert [audit_query.verb for audit_query in place.listing(sample_id=place.ids[2])] == [
        "ask for repair",
        "mark gold",
    ]


def test_signing_in_and_out_is_noted_and_so_is_failing_to(place: Place) -> None:
    owner = accounts.local_owner()
    accounts.create_user(owner, "Zoe", password="correct horse battery")
    sessions.sign_out(sessions.sign_in("Zoe", "correct horse battery", address="10.0.0.9"))
    sessions.sign_in_with_link(accounts.one_time_link(owner, place.admin.user_id))
    for name, password in (("Zoe", "wrong horse battery"), ("my password by mistake", "x")):
        with pytest.raises(NotSignedIn):
            sessions.sign_in(name, password, address="10.0.0.9")
    records = [
        (audit_entry.who, audit_entry.verb, audit_entry.subject, audit_entry.details.get("by"))
        for audit_entry in place.listing(owner)[:6]
    ]
    assert records == [
        ("", "fail to sign in", "an unknown name", None),
        ("", "fail to sign in", "Zoe", None),
        ("Ada", "sign in", "Ada", "link"),
        ("owner", "make login link", "Ada", None),
        ("Zoe", "sign out", "Zoe", None),
        ("Zoe", "sign in", "Zoe", "password"),
    ]
    assert "fail to sign in" in audit.verbs(owner, place.project.id)
    assert place.listing(person="Zoe") == [], "what belongs to no project is for owners"


def test_pages_join_without_gap_or_repeat(place: Place) -> None:
    for number in range(4):
        place.decide(number)
        accounts.invite(place.admin, place.project.id, f"new {number}", Role.viewer)
    whole = place.listing()
    audit_entries: list[audit.AuditEntry] = []
    after = None
    while True:
        page = audit.listing(place.curator, place.project.id, after=after, limit=3)
        audit_entries += page.entries
        after = page.next
        if after is None:
            break
        place.decide(5)  # what is added on top while somebody reads on does not move the pages
    assert len(whole) == 8
    assert audit_entries == whole


@pytest.mark.parametrize("after", ["x", "1", "1.2.3", "-1.2", "9" * 30 + ".1"])
def test_a_cursor_that_is_none_is_refused(place: Place, after: str) -> None:
    with pytest.raises(InvalidInput, match="Start from the first page"):
        audit.listing(place.curator, place.project.id, after=after)


def test_a_bulk_action_is_one_line_and_its_decisions_are_seen_at_the_sample(place: Place) -> None:
    bulk_preview = bulk.preview(place.curator, place.round.id, Filters(), DecisionKind.accept)
    bulk.apply(
        place.curator, place.round.id, Filters(), DecisionKind.accept, reason="all fine", token=bulk_preview.token
    )
    assert words(place.listing()) == [("Cleo", "bulk accept")]
    assert place.listing()[0].details["reason"] == "all fine"
    assert words(place.listing(sample_id=place.ids[0])) == [("Cleo", "accept")]


def test_what_belongs_to_no_project_is_for_owners(place: Place) -> None:
    owner = accounts.local_owner()
    accounts.create_user(owner, "Somebody")
    assert [audit_query.verb for audit_query in place.listing(owner)] == ["add account"]
    assert place.listing(place.admin) == []


def test_another_project_is_not_seen(place: Place) -> None:
    other = Place.__new__(Place)
    other.project = rows.make_project()
    stranger = rows.make_actor(other.project, Role.admin)
    accounts.invite(stranger, other.project.id, "Elsewhere", Role.viewer)
    assert place.listing() == []
    with pytest.raises(NotFound):
        audit.listing(stranger, place.project.id)


@pytest.mark.parametrize("who", ["reviewer", "curator"])
def test_reading_needs_a_curator_and_exporting_an_admin(place: Place, who: str) -> None:
    actor = getattr(place, who)
    if who == "reviewer":
        with pytest.raises(PermissionDenied):
            audit.listing(actor, place.project.id)
    with pytest.raises(PermissionDenied):
        audit.export(actor, place.project.id)


def test_the_export_has_every_line_and_is_noted(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "AT_ONCE", 2)
    for number in range(5):
        place.decide(number)
    bulk_preview = bulk.preview(place.curator, place.round.id, Filters(), DecisionKind.reject)
    bulk.apply(place.curator, place.round.id, Filters(), DecisionKind.reject, reason="none", token=bulk_preview.token)
    lines = [json.loads(line) for line in "".join(audit.export(place.admin, place.project.id)).splitlines()]
    assert [line["verb"] for line in lines] == ["export audit", "bulk reject", *["reject"] * 8, *["accept"] * 5]
    assert set(lines[0]) == set(audit.COLUMNS)
    assert place.listing()[0].verb == "export audit"


def test_no_cell_of_the_csv_is_a_formula(place: Place) -> None:
    place.decide(0, note=FORMULA)
    with session() as db:
        db.execute(update(tables.User).where(tables.User.id == place.reviewer.user_id).values(name=FORMULA))
    accounts.invite(place.admin, place.project.id, "@SUM(A1)", Role.viewer)
    text = "".join(audit.export(place.admin, place.project.id, format="csv"))
    table = list(csv.reader(io.StringIO(text)))
    assert table[0] == list(audit.COLUMNS)
    assert {row[1] for row in table[1:]} == {"Ada", f"'{FORMULA}"}
    assert "'@SUM(A1)" in {row[3] for row in table[1:]}
    assert not [cell for row in table for cell in row if cell.startswith(audit.FORMULA)]


def test_verbs_name_what_was_done(place: Place) -> None:
    accounts.invite(place.admin, place.project.id, "Nils", Role.viewer)
    assert {"invite", "accept"} <= set(audit.verbs(place.curator, place.project.id))
