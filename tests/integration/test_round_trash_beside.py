"""A round goes to the trash while others are at work: nobody is thrown out, nothing is written there, nothing is told."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from backend import jobs
from backend.db import reading, session, tables
from backend.errors import Conflict, NotFound, PermissionDenied
from backend.jobs import deliveries
from backend.services import archived, events, queue, reviews, round_trash, rounds
from backend.services.decisions import locks
from backend.services.judge_bench import disagreements, results
from backend.services.notices import hooks
from backend.services.projects import dashboard, trash
from backend.services.reviews import close_rules
from backend.services.rounds import job_views
from backend.services.samples import prompts_seen, visibility
from backend.values import Role, RoundStatus, Stage
from tests import rows, waiting
from tests.integration.reviewing import Team
from tests.integration.test_dashboard import measured
from tests.integration.test_trash import everything
from tests.integration.walking import make_world

PATIENCE = 30.0


def is_held(project_id: int) -> bool:
    """Whether somebody holds the project alone."""
    try:
        with session() as db:
            db.execute(text("SELECT id FROM projects WHERE id = :id FOR KEY SHARE NOWAIT"), {"id": project_id})
    except OperationalError:
        return True
    return False


def test_who_decides_while_the_round_goes_to_the_trash_is_not_thrown_out(database: str) -> None:
    team = Team(prompts=2)
    curator, who, round_id, project_id = team.curator, team.who("ann"), team.round.id, team.project.id
    if database.startswith("sqlite"):
        pytest.skip("SQLite has one writer, who waits for nobody")
    decides, goes = threading.Event(), threading.Event()

    def decide() -> None:
        with session() as db:
            locks.lock_round(db, who, round_id)
            decides.set()
            assert goes.wait(PATIENCE)
            events.note(db, who, "close review", "its foreign key waits", project_id=project_id, round_id=round_id)
            db.flush()

    with ThreadPoolExecutor(2) as pool:
        deciding = pool.submit(decide)
        assert decides.wait(PATIENCE)
        putting = pool.submit(round_trash.put, curator, round_id)
        waiting.until(lambda: is_held(project_id))
        goes.set()
        deciding.result(PATIENCE)
        assert putting.result(PATIENCE).number == team.round.number


def test_what_waited_for_the_trash_changes_nothing_in_it(database: str) -> None:
    team = Team(prompts=2)
    curator, round_id, project_id = team.curator, team.round.id, team.project.id
    before = everything()
    round_trash.put(curator, round_id)

    def reopen_or_comment(db: Session) -> object:
        return archived.refuse_held(db, round_id)

    def close(db: Session) -> object:
        return reviews.go_on(db, curator, round_id)

    def enqueue(db: Session) -> object:
        return jobs.enqueue(db, stage=Stage.select, project_id=project_id, round_id=round_id)

    # Each is what comes after the lock, whatever was read before it.
    for write in (reopen_or_comment, close, enqueue):
        with pytest.raises(Conflict, match="is in the trash"), session() as db:
            write(db)
    with pytest.raises(Conflict, match="is in the trash"):
        close_rules.close(round_id)
    assert close_rules.close_due() == []
    with pytest.raises(NotFound, match="is in the trash since"):
        rounds.cancel(curator, round_id)
    with session() as db:
        hidden_id = db.get_one(tables.Round, round_id).project_id
        events.note(db, curator, "tag samples", "late", project_id=hidden_id, round_id=round_id)
    round_trash.restore(curator, round_id)
    assert everything() == before
    with reading() as db:
        late = select(tables.Event.project_id).where(tables.Event.subject == "late")
        assert db.scalars(late).all() == [project_id]


def test_a_claim_that_waited_for_the_trash_holds_nothing(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if database.startswith("sqlite"):
        pytest.skip("SQLite has one writer, who waits for nobody")
    team = Team(prompts=2)
    who, round_id = team.who("ann"), team.round.id
    taking = queue.take

    def late(db: Session, *rest: object) -> list[int]:
        round_trash.put(team.curator, round_id)
        return taking(db, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(queue, "take", late)
    monkeypatch.setattr(queue.presence, "touch", lambda *_: None)  # its key would be waited for
    with pytest.raises(NotFound, match="is in the trash since"):
        queue.queue(who, round_id, limit=1)
    with reading() as db:
        assert db.scalars(select(tables.Lease.sample_id)).all() == []


@pytest.mark.on_sqlite
def test_a_blind_review_in_the_trash_is_not_told_by_a_bench_nor_by_the_prompts_it_asks(database: str) -> None:
    world = make_world()
    round_id, bench_id = world.ids["round_id"], world.ids["bench_id"]
    curator = world.actor(Role.curator)
    with session() as db:
        row = db.get_one(tables.Round, round_id)
        row.is_blind = row.is_reviewed = True
        judge_id = db.scalar(select(tables.BenchJudge.id).where(tables.BenchJudge.bench_id == bench_id))
        prompt_set_id = db.scalars(select(tables.RoundPromptSet.prompt_set_id)).first()
    round_trash.put(curator, round_id)
    for who in (world.actor(Role.reviewer), world.actor(Role.viewer)):
        with pytest.raises(PermissionDenied, match="People still decide"):
            results.get(who, bench_id)
        with pytest.raises(PermissionDenied, match="People still decide"):
            disagreements.read(who, bench_id, judge_id or 0)
        (line,) = [line for line in results.list_benches(who, world.project.id) if line.id == bench_id]
        assert (line.samples, line.labelled) == (None, None)
        with reading() as db:
            assert visibility.hidden(db, who, db.get_one(tables.Round, round_id)).judge
    assert results.get(curator, bench_id).line.samples
    with reading() as db:
        assert not visibility.hidden(db, curator, db.get_one(tables.Round, round_id))
    assert not any(row.is_masked for row in prompts_seen.browse(curator, prompt_set_id).rows)


@pytest.mark.on_sqlite
def test_the_dashboard_tells_no_number_that_a_round_in_the_trash_measured(database: str) -> None:
    project = rows.make_project()
    curator = rows.make_actor(project, Role.curator)
    first = measured(project, curator, 0.75, 0.5)
    second = rows.make_round(project, status=RoundStatus.done, stage=Stage.evaluate, number=first.number + 1)
    with session() as db:
        ids = db.get_one(tables.Round, first.id).checkpoint_id, first.policy_id
        for checkpoint_id in ids:
            place = {"project_id": project.id, "round_id": second.id, "checkpoint_id": checkpoint_id}
            db.add(tables.Metric(**place, name="held_out_accuracy", value=0.25, n=4, details={"right": [0]}))
    [with_second] = dashboard.listing(curator)
    round_trash.put(curator, second.id)
    [state] = dashboard.listing(curator)
    assert with_second.accuracy is not None
    assert with_second.accuracy.value == 0.25
    assert state.accuracy is not None
    assert state.change is not None
    assert (state.accuracy.value, state.change.value) == (0.75, 0.25)


@pytest.mark.on_sqlite
def test_what_is_yet_to_be_sent_of_a_round_and_the_import_that_made_it_go_along(database: str) -> None:
    project = rows.make_project()
    curator, owner = rows.make_actor(project, Role.curator), rows.make_actor(None, is_owner=True)
    round_id = rows.make_round(project, status=RoundStatus.done, stage=Stage.evaluate).id
    with session() as db:
        spec = {"kind": "import", "result": {"round_id": round_id}}
        job = jobs.enqueue(db, stage=Stage.generate, queue=jobs.EXPORT, project_id=project.id, spec=spec)
        jobs.cancel(db, job.id)
        hook = tables.Webhook(project_id=project.id, url="http://127.0.0.1:1/", salt="", kinds=[])
        db.add(hook)
        db.flush()
        home = db.get_one(tables.Project, project.id)
        for number in (round_id, round_id + 1):
            words = {"event": str(number), "path": f"review?round={number}", "text": f"{number} waits."}
            deliveries.put(db, home, "test", hooks=[hook], **words)
    assert len(hooks.sent(owner, hook.id)) == 2
    round_trash.put(curator, round_id)
    (other,) = hooks.sent(owner, hook.id)
    assert other.text == f"{round_id + 1} waits."
    deliveries.claim()
    with reading() as db:
        assert db.get_one(tables.Delivery, other.id - 1).error == "The round is in the trash."
        assert db.get_one(tables.Job, job.id).project_id != project.id
    with pytest.raises(NotFound, match="is in the trash"):
        job_views.get(curator, job.id)
    round_trash.restore(curator, round_id)
    assert len(hooks.sent(owner, hook.id)) == 2
    assert job_views.get(curator, job.id).job.id == job.id


@pytest.mark.on_sqlite
def test_who_asks_for_a_round_in_the_trash_of_a_project_in_the_trash_is_told_of_that(database: str) -> None:
    project = rows.make_project("loop")
    admin, stranger = rows.make_actor(project, Role.admin), rows.make_actor(None)
    round_id = rows.make_round(project, status=RoundStatus.done, stage=Stage.evaluate).id
    round_trash.put(admin, round_id)
    trash.put_project(admin, project.id)
    with pytest.raises(NotFound, match="The project loop is in the trash since"):
        rounds.get(admin, round_id)
    with pytest.raises(NotFound, match="There is no "):
        rounds.get(stranger, round_id)
