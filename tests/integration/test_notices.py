"""What people are told: by the transaction of what happened, to those who may act, once each."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from backend.db import now, reading, session, tables
from backend.db.session import write_engine
from backend.errors import InvalidInput, NotFound
from backend.jobs import deliveries, telling, transitions
from backend.services import notices
from backend.services.access import Actor
from backend.services.notices import hooks
from backend.services.people import accounts
from backend.services.projects import trash
from backend.services.queue import assignments
from backend.values import Channel, JobStatus, NoticeKind, Role, RoundStatus, Stage
from tests import rows
from tests.integration import site
from tests.integration.reviewing import Team
from tests.integration.slots import Loop


def notices_of(actor: Actor) -> list[tuple[NoticeKind, str]]:
    return [(entry.kind, entry.text) for entry in notices.listing(actor).entries]


def job_of(round_: tables.Round, stage: Stage, created_by: int | None = None) -> tuple[int, int]:
    """A running job and its attempt."""
    with session() as db:
        place = {"project_id": round_.project_id, "round_id": round_.id}
        job = transitions.enqueue(db, stage=stage, created_by=created_by, **place)
        job_id, workflow_id = job.id, job.workflow_id
    attempt = transitions.start(job_id, workflow_id, "here")
    assert attempt is not None
    return job_id, attempt


def test_a_round_that_waits_for_people_tells_those_who_may_decide(database: str) -> None:
    loop = Loop()
    reviewer, viewer = (rows.make_actor(loop.project, role) for role in (Role.reviewer, Role.viewer))
    stranger = rows.make_actor()
    round_id = loop.launch(is_reviewed=True)
    loop.run(round_id, until=Stage.judge)
    waits = [(NoticeKind.round_review, "Round 1 waits for review.")]
    assert notices_of(reviewer) == notices_of(loop.actor) == waits
    assert notices.listing(reviewer).entries[0].path == f"review?round={round_id}"
    assert notices_of(viewer) == notices_of(stranger) == []


def test_a_failure_is_told_once_for_each_attempt_and_not_if_it_is_not_written(database: str) -> None:
    project = rows.make_project()
    curator, reviewer = (rows.make_actor(project, role) for role in (Role.curator, Role.reviewer))
    round_ = rows.make_round(project)
    job_id, attempt = job_of(round_, Stage.train, created_by=curator.user_id)

    def fail(attempt: int) -> None:
        with session() as db:
            transitions.fail(db, job_id, attempt, error="The disk is full.\nTraceback")

    with Session(write_engine()) as db:  # a process that dies before it commits
        transitions.fail(db, job_id, attempt, error="x")
    assert notices_of(curator) == []
    fail(attempt)
    failed = [
        (NoticeKind.training_failed, "The training of round 1 failed: The disk is full."),
        (NoticeKind.round_failed, "Round 1 failed at the stage train: The disk is full."),
    ]
    assert notices_of(curator) == failed
    assert notices_of(reviewer) == []
    with session() as db:
        job = transitions.resume(db, job_id)
        workflow_id = job.workflow_id
    again = transitions.start(job_id, workflow_id, "here")
    assert again is not None
    with session() as db:
        transitions.finish(db, job_id, again)
    assert notices_of(curator) == [(NoticeKind.training_done, "The training of round 1 is done."), *failed]


@pytest.mark.on_sqlite
def test_a_cancelled_round_and_a_preview_tell_nobody(database: str) -> None:
    project = rows.make_project()
    actor = rows.make_actor(project)
    round_ = rows.make_round(project)
    job_id, _ = job_of(round_, Stage.judge)
    with session() as db:
        transitions.cancel(db, job_id)
        preview = tables.Preview(project_id=project.id, plan={})
        db.add(preview)
        db.flush()
        hidden = tables.Project(name="preview", preview_id=preview.id)
        db.add(hidden)
    rows.make_actor(hidden)
    job_id, attempt = job_of(rows.make_round(hidden), Stage.judge)
    with session() as db:
        transitions.fail(db, job_id, attempt, error="x")
    assert notices_of(actor) == []
    with reading() as db:
        assert db.scalars(select(tables.Notice)).all() == []


def test_who_is_given_items_is_told_and_who_gave_them_is_not(database: str) -> None:
    team = Team(prompts=1)
    curator = rows.make_actor(team.project, Role.curator, name="cleo")
    bob = team.who("bob")
    assignments.assign(curator, team.round.id, bob.user_id, sample_ids=team.ids[:2])
    assignments.assign(curator, team.round.id, curator.user_id, sample_ids=team.ids[:1])
    entry = (NoticeKind.assignment, f"cleo gave you 2 items of round {team.round.number}.")
    assert notices_of(bob) == [entry]
    assert notices_of(curator) == []
    hooks.add(accounts.local_owner(via="page"), team.project.id, "https://example.org/x", [NoticeKind.assignment])
    assignments.assign(curator, team.round.id, bob.user_id, sample_ids=team.ids[:2])  # pressed again
    assert notices_of(bob) == [entry]
    other = team.who("ann")
    assignments.assign(curator, team.round.id, other.user_id, sample_ids=team.ids[:1])
    with reading() as db:
        (text,) = [sent.body["text"] for sent in db.scalars(select(tables.Delivery))]
    assert text == f"cleo gave {other.name} 1 item of round {team.round.number}."


@pytest.mark.on_sqlite
def test_old_notices_are_forgotten_and_those_that_were_never_shown_stay_unread(database: str) -> None:
    project, trashed = rows.make_project(), rows.make_project()
    ann = rows.make_actor(project, Role.curator)
    with session() as db:
        db.add(tables.Membership(project_id=trashed.id, user_id=ann.user_id, role=Role.curator))
        for place in (project, trashed):
            fields = {"path": "rounds", "text": "It is done.", "people": [ann.user_id]}
            telling.tell(db, NoticeKind.round_done, project_id=place.id, **fields)
    with session() as db:
        db.get_one(tables.Project, trashed.id).trashed_at = now()
    assert notices.mark_all_read(ann) == 1
    with session() as db:
        db.get_one(tables.Project, trashed.id).trashed_at = None
    assert [entry.is_read for entry in notices.listing(ann).entries] == [False, True]
    ages = [deliveries.forget(at=now() + timedelta(days=days)) for days in (89, 91, 364, 366)]
    assert ages == [0, 1, 0, 1]


def test_an_error_of_blanks_has_a_first_line() -> None:
    assert telling.first_line(" \n") == telling.first_line(None) == "no reason was given"
    assert telling.first_line("\n a\nb") == "a"


@pytest.mark.on_sqlite
def test_a_person_is_told_as_they_chose(database: str) -> None:
    project = rows.make_project()
    actor, other = rows.make_actor(project), rows.make_actor(project)
    notices.choose(actor, {NoticeKind.round_failed: [Channel.browser]})
    with pytest.raises(InvalidInput, match="known"):
        notices.choose(actor, {NoticeKind.round_failed: ["pigeon"]})  # type: ignore[list-item]
    job_id, attempt = job_of(rows.make_round(project), Stage.judge)
    with session() as db:
        transitions.fail(db, job_id, attempt, error="x")
    assert notices_of(actor) == []
    unread = notices.unread(actor, after=0)
    assert (unread.number, [entry.kind for entry in unread.to_show]) == (0, [NoticeKind.round_failed])
    assert len(notices_of(other)) == 1
    notices.choose(other, {NoticeKind.round_failed: []})
    job_id, attempt = job_of(rows.make_round(project), Stage.judge)
    with session() as db:
        transitions.fail(db, job_id, attempt, error="x")
    assert len(notices_of(other)) == 1
    assert notices.choices(other)[NoticeKind.round_done] == (Channel.page, Channel.browser)


def test_notices_are_read_one_by_one_and_all_together_and_only_ones_own(database: str) -> None:
    project = rows.make_project()
    actor, other = rows.make_actor(project), rows.make_actor(project)
    with session() as db:
        for number in range(5):
            db.add(a_notice(actor, project, f"n{number}"))
    first = notices.listing(actor, limit=2)
    rest = notices.listing(actor, before=first.next, limit=3)
    assert [entry.text for entry in (*first.entries, *rest.entries)] == ["n4", "n3", "n2", "n1", "n0"]
    assert rest.next is None
    assert notices.count_unread(actor) == 5
    with pytest.raises(NotFound):
        notices.mark_read(other, first.entries[0].id)
    notices.mark_read(actor, first.entries[0].id)
    assert notices.count_unread(actor) == 4
    assert notices.mark_all_read(actor, up_to=rest.entries[0].id) == 3
    assert [entry.text for entry in notices.listing(actor, unread=True).entries] == ["n3"]
    assert notices.mark_all_read(actor) == 1
    assert notices.unread(actor).number == 0


@pytest.mark.on_sqlite
def test_who_has_left_a_project_and_a_project_in_the_trash_show_nothing(database: str) -> None:
    project, away = rows.make_project(), rows.make_project()
    owner, actor = rows.make_actor(project, is_owner=True), rows.make_actor(project)
    with session() as db:
        db.add(tables.Membership(project_id=away.id, user_id=actor.user_id, role=Role.admin))
        db.add_all([a_notice(actor, project, "here"), a_notice(actor, away, "away")])
    assert notices.count_unread(actor) == 2
    trash.put_project(owner, away.id)
    assert [text for _, text in notices_of(actor)] == ["here"]
    with session() as db:
        db.execute(delete(tables.Membership).where(tables.Membership.user_id == actor.user_id))
    assert notices_of(actor) == []
    unread = notices.unread(actor, after=0)
    assert (unread.number, unread.to_show) == (0, ())


@pytest.mark.on_sqlite
def test_rest_says_what_is_unread_and_where_it_leads(database: str) -> None:
    project = rows.make_project("Sums & more")
    actor = rows.make_actor(project)
    with session() as db:
        db.add(a_notice(actor, project, "<b>bold</b>"))
    with site.with_token(actor) as client:
        listed = client.get("/api/v1/notices").json()["items"][0]
        assert (listed["text"], listed["link"]) == ("<b>bold</b>", "/p/sums-more/round?round=1")
        body = client.get("/api/v1/notices/unread").json()
        assert (body["number"], body["newest"], body["to_show"]) == (1, listed["id"], [])
        assert len(client.get("/api/v1/notices/unread", params={"after": 0}).json()["to_show"]) == 1
        assert client.post(f"/api/v1/notices/{listed['id']}/read").status_code == 204
        assert client.get("/api/v1/notices/unread").json()["number"] == 0
        sent = {"channels": {"mention": ["mail"]}}
        assert client.patch("/api/v1/me/notices", json=sent).json()["channels"]["mention"] == ["mail"]
        assert client.patch("/api/v1/me/notices", json={"channels": {"x": []}}).status_code == 422
    with site.signed_in(actor) as client:
        assert 'data-unread="0"' in client.get("/p/sums-more/notices").text


def a_notice(actor: Actor, project: tables.Project, text: str) -> tables.Notice:
    return tables.Notice(
        user_id=actor.user_id,
        project_id=project.id,
        kind=NoticeKind.round_done,
        key=text,
        path="round?round=1",
        text=text,
        in_page=True,
        in_browser=True,
    )


def test_a_round_that_is_done_or_held_tells_curators(database: str) -> None:
    from backend.jobs import telling

    project = rows.make_project()
    curator, reviewer = (rows.make_actor(project, role) for role in (Role.curator, Role.reviewer))
    done = rows.make_round(project, status=RoundStatus.done)
    held = rows.make_round(project, status=RoundStatus.held, hold={"said": "The judge is worse than chance."})
    running = rows.make_round(project)
    with session() as db:
        for round_ in (done, held, running, done):
            telling.of_round(db, round_.id, job_id=round_.id, attempt=1)
    assert notices_of(curator) == [
        (NoticeKind.round_held, "Round 2 is held before its training: The judge is worse than chance."),
        (NoticeKind.round_done, "Round 1 is done."),
    ]
    assert notices_of(reviewer) == []
    with reading() as db:
        assert JobStatus.failed not in db.scalars(select(tables.Job.status)).all()
