"""Blind matches: nothing that is sent says whose answers they are; who won, and how the judge agrees."""

import json
from typing import Any

import pytest

from app.pages.arena import shown
from backend import jobs
from backend.db import reading, session, tables
from backend.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from backend.jobs import transitions
from backend.pipeline import run as pipeline_run
from backend.services import checkpoints
from backend.services.access import Actor
from backend.services.arena import opening, results, sides, voting
from backend.values import JobStatus, Role, Stage
from tests import rows
from tests.integration import site
from tests.integration.clicking import Clicker
from tests.integration.held_out import NUMBER, Line, make_line
from tests.integration.test_deep_links import Opened

pytestmark = pytest.mark.on_sqlite
OLD, NEW = [f"old answer {n}" for n in range(NUMBER)], [f"new answer {n}" for n in range(NUMBER)]
LIKES_NEW = {
    "name": "scripted",
    "rules": [
        {"pattern": r"(?s)new answer.*old answer", "reply": "Winner: A"},
        {"pattern": r"(?s)old answer.*new answer", "reply": "Winner: B"},
    ],
}
LIKES_THE_FIRST = {"name": "scripted", "rules": [{"pattern": "answer", "reply": "Winner: A"}]}


@pytest.fixture
def line(database: str) -> Line:
    return make_line(texts=OLD + NEW)


def opened(line: Line, **more: Any) -> int:
    return opening.open_arena(line.actor, line.project.id, line.checkpoints[0].id, line.checkpoints[2].id, **more)


def play(actor: Actor, arena_id: int, better: str = "new") -> list[voting.ShownMatch]:
    """Decide all matches: the side whose text begins so is better."""
    replies = []
    while (match := voting.next_match(actor, arena_id)).token:
        replies.append(match)
        voting.decide(actor, arena_id, match.token, "left" if match.left.startswith(better) else "right")
    return replies


def run_judge(arena_id: int) -> None:
    with reading() as db:
        [job] = [entry for entry in db.query(tables.Job) if entry.spec.get("arena_id") == arena_id]
    attempt = transitions.start(job.id, job.workflow_id, "here")
    assert attempt is not None
    pipeline_run.run_job(job.id, attempt)
    with reading() as db:
        result = db.get_one(tables.Job, job.id)
    assert (result.status, result.error) == (JobStatus.done, None)


def test_nothing_that_is_sent_says_whose_answers_they_are(line: Line) -> None:
    """Of every match over many arenas the sides are even, and no field differs by who stands where."""
    arena_id = opened(line, number=NUMBER)
    with reading() as db:
        secret = db.get_one(tables.Arena, arena_id).secret
        names = [checkpoint.name for checkpoint in line.checkpoints]
    with site.signed_in(line.actor) as client:
        replies = [client.get(f"/api/v1/arenas/{arena_id}").text]
        replies.append(client.get(f"/api/v1/projects/{line.project.id}/arenas").text)
        lefts = []
        while (answer := client.get(f"/api/v1/arenas/{arena_id}/match")).json()["token"]:
            match = answer.json()
            assert set(match) == {"arena_id", "done", "total", "token", "messages", "left", "right"}
            lefts.append(match["left"].split()[0])
            body = {"token": match["token"], "choice": "left", "seconds": 2.5}
            replies += [answer.text, client.post(f"/api/v1/arenas/{arena_id}/decisions", json=body).text]
    texts = " ".join(replies)
    assert secret not in texts
    assert not any(name in texts for name in names), "not even which two they are"
    assert 8 < lefts.count("old") < 32, "by chance one of the two sides"
    with reading() as db:
        votes = db.query(tables.ArenaVote).all()
    assert len(votes) == NUMBER
    swapped = {("first", False), ("second", True)}
    assert {(vote.winner, vote.is_swapped) for vote in votes} == swapped, (
        "left is the second one where they are swapped"
    )


def test_orders_sides_and_tokens_are_each_persons_own() -> None:
    ids = list(range(100, 200))
    number, two = (sides.ordered("secret", ids, user) for user in (1, 2))
    assert sorted(number) == sorted(two) == ids
    assert number != two
    assert number == sides.ordered("secret", reversed(ids), 1), "the same at every call"
    agree = sum(sides.is_swapped("secret", n, 1) == sides.is_swapped("secret", n, 2) for n in ids)
    assert 30 < agree < 70
    tokens = {sides.token("secret", n, user) for n in ids for user in (1, 2)}
    assert len(tokens) == 200
    first_half = sum(sides.is_swapped("secret", n, 1) for n in number[:50])
    assert 12 < first_half < 38, "the order says nothing of the sides"


def test_people_and_the_judge_play_the_same_matches(line: Line) -> None:
    judge = rows.make_checkpoint(line.project, "fair judge", engine=LIKES_NEW)
    arena_id = opened(line, number=12, judge_id=judge.id)
    other = rows.make_actor(line.project, Role.reviewer)
    run_judge(arena_id)
    before = results.get(line.actor, arena_id)
    assert (before.result, before.decided, before.matches) == (None, 0, 12), "the judge's word waits for people's, too"
    of_new = {"checkpoint_id": line.checkpoints[2].id}
    assert results.list_arenas(line.actor, line.project.id, **of_new) == [], "not even that it plays"
    assert len(play(line.actor, arena_id)) == 12
    assert [arena_view.id for arena_view in results.list_arenas(line.actor, line.project.id, **of_new)] == [arena_id]
    assert len(play(other, arena_id)) == 12
    result = results.get(line.actor, arena_id).result
    assert result is not None
    assert (result.people, result.votes) == (2, 24)
    assert (result.wins.first, result.wins.second, result.wins.ties, result.wins.share) == (0, 12, 0, 0.0)
    assert result.wins.low == pytest.approx(0.0, abs=1e-9)
    assert result.wins.high == pytest.approx(0.2425, abs=1e-3), "Wilson's interval of 0 of 12"
    assert result.judge is not None
    assert (result.judge.played, result.judge.same_in_both_seats.value, result.judge.agreement.value) == (12, 1.0, 1.0)
    assert result.judge.kappa.value is None, "all said the same, so kappa is not defined"


def test_a_judge_that_follows_the_place_agrees_with_itself_nowhere(line: Line) -> None:
    judge = rows.make_checkpoint(line.project, "biased judge", engine=LIKES_THE_FIRST)
    arena_id = opened(line, number=10, judge_id=judge.id)
    run_judge(arena_id)
    play(line.actor, arena_id)
    result = results.get(line.actor, arena_id).result
    assert result is not None
    assert result.judge is not None
    assert (result.judge.wins.ties, result.judge.same_in_both_seats.value, result.judge.agreement.value) == (
        10,
        0.0,
        0.0,
    )


SHOWN_FIRST_IS_OLD = r"(?s)old answer.*new answer"


def test_replies_that_cannot_be_read_are_no_ties(line: Line) -> None:
    rules = [{"pattern": SHOWN_FIRST_IS_OLD, "reply": "I like both."}, {"pattern": "answer", "reply": "Winner: A"}]
    judge = rows.make_checkpoint(line.project, "mumbler", engine={"name": "scripted", "rules": rules})
    arena_id = opened(line, number=6, judge_id=judge.id)
    run_judge(arena_id)
    play(line.actor, arena_id)
    result = results.get(line.actor, arena_id).result
    assert result is not None
    assert result.judge is not None
    word = result.judge
    assert (word.unread, word.replies, word.played, word.wins.n) == (6, 12, 0, 0)
    assert (word.same_in_both_seats.value, word.agreement.value, word.kappa.value) == (None, None, None)
    assert "6 of 12 replies could not be read" in json.dumps(shown.result(result))


def test_a_match_that_the_judge_cannot_be_asked_about_stops_no_other(line: Line) -> None:
    arena_id = opened(line, number=6)
    with session() as db:
        match = db.query(tables.ArenaMatch).filter_by(arena_id=arena_id).order_by(tables.ArenaMatch.id).first()
        assert match is not None
        text = db.get_one(tables.Sample, match.second_sample_id).text
        refused = {"pattern": f"(?s){text}\\b", "fails": "context", "reply": "It does not fit into the context."}
    rules = [refused, *LIKES_NEW["rules"]]
    judge = rows.make_checkpoint(line.project, "short memory", engine={"name": "scripted", "rules": rules})
    with session() as db:
        db.get_one(tables.Arena, arena_id).judge_id = judge.id
        spec = {"kind": "arena", "arena_id": arena_id}
        jobs.enqueue(db, stage=Stage.judge, project_id=line.project.id, spec=spec, created_by=line.actor.user_id)
    run_judge(arena_id)
    play(line.actor, arena_id)
    result = results.get(line.actor, arena_id).result
    assert result is not None
    assert result.judge is not None
    word = result.judge
    assert (word.failed, word.played, word.wins.second, word.wins.n, word.replies) == (1, 5, 5, 5, 10)
    assert word.failure == "It does not fit into the context."
    assert "1 match that the judge could not be asked about" in json.dumps(shown.result(result))


def test_deleted_accounts_are_as_many_people_as_decided_one_match(line: Line) -> None:
    arena_id = opened(line, number=5)
    leaving = [rows.make_actor(line.project, Role.reviewer) for _ in range(2)]
    for actor in (line.actor, *leaving):
        play(actor, arena_id)
    with session() as db:
        for actor in leaving:
            db.delete(db.get_one(tables.User, actor.user_id))
    result = results.get(line.actor, arena_id).result
    assert result is not None
    assert (result.people, result.votes) == (3, 15)


def test_a_key_works_out_the_arena_that_is_played_alone(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    played, others = opened(line, number=3), [opened(line, number=3) for _ in range(2)]
    for entry in others:
        play(line.actor, entry)
    worked_out: list[int] = []
    original = results._result

    def counted(db: Any, row: tables.Arena) -> results.Result:
        worked_out.append(row.id)
        return original(db, row)

    with site.signed_in(line.actor) as client:
        page = Page(client, line.project.slug)
        page.ask("arena", "draw", arena=str(played))
        monkeypatch.setattr(results, "_result", counted)
        match = json.loads(page.replies[-1])["data"]
        token = next(record["token"] for record in match if isinstance(record, dict) and record.get("token"))
        text = page.acts(act="left", token=token, seconds=1.0)
    assert worked_out == [], "nothing is decided yet of the arena that is played"
    assert "1 of 3 decided by you" in text
    assert f"Arena {others[0]}" in text, "the others stand in the list as they did"


def test_a_refused_act_draws_the_match_that_stands(line: Line) -> None:
    arena_id = opened(line, number=3)
    with site.signed_in(line.actor) as client:
        page = Page(client, line.project.slug)
        page.ask("arena", "draw", arena=str(arena_id))
        drawn = []
        for act in ("undo", "undo"):
            page.acts(act=act, token="none")
            match = json.loads(page.replies[-1])["data"]
            drawn.append(next(row for row in match if isinstance(row, dict) and row.get("token")))
    assert drawn[0]["token"] == drawn[1]["token"]
    assert drawn[0] != drawn[1], "an equal value would not be drawn"


def test_ties_majorities_and_words_taken_back(line: Line) -> None:
    arena_id = opened(line, number=3)
    two, three = (rows.make_actor(line.project, Role.reviewer) for _ in range(2))
    match = voting.next_match(line.actor, arena_id)
    after = voting.decide(line.actor, arena_id, match.token, "tie")
    assert (after.done, after.token != match.token) == (1, True)
    assert voting.decide(line.actor, arena_id, match.token, "tie").done == 1, "sent twice it counts once"
    with pytest.raises(Conflict, match="already"):
        voting.decide(line.actor, arena_id, match.token, "left")
    again = voting.take_back(line.actor, arena_id)
    assert (again.token, again.done, again.left) == (match.token, 0, match.left)
    assert voting.next_match(line.actor, arena_id, skipped=(match.token,)).token != match.token
    play(line.actor, arena_id, "new")
    play(two, arena_id, "new")
    play(three, arena_id, "old")
    result = results.get(three, arena_id).result
    assert result is not None
    assert (result.wins.first, result.wins.second, result.votes) == (0, 3, 9)
    with pytest.raises(Conflict, match="names are shown"):
        voting.take_back(three, arena_id)
    assert results.majority(["first", "second"]) == "tie"
    assert results.majority(["none", "second"]) == "second"


def test_what_cannot_be_compared_is_refused(line: Line) -> None:
    base, _, new = (checkpoint.id for checkpoint in line.checkpoints)
    with pytest.raises(InvalidInput, match="same checkpoint"):
        opening.open_arena(line.actor, line.project.id, base, base)
    unmeasured = rows.make_checkpoint(line.project)
    with pytest.raises(NotFound, match="no held-out answers"):
        opening.open_arena(line.actor, line.project.id, base, unmeasured.id)
    with pytest.raises(InvalidInput, match="number"):
        opened(line, number=2)
    with pytest.raises(NotFound, match="judge"):
        opened(line, judge_id=new + 99)
    with session() as db:
        for sample in db.query(tables.Sample).filter_by(checkpoint_id=new):
            sample.text = f"old answer {sample.group_id}"
        for sample in db.query(tables.Sample).filter_by(checkpoint_id=base):
            sample.text = "same"
        for sample in db.query(tables.Sample).filter_by(checkpoint_id=new):
            sample.text = "same"
    with pytest.raises(InvalidInput, match="40 held-out prompts, 0 of them in other words"):
        opened(line)
    viewer, stranger = rows.make_actor(line.project, Role.viewer), rows.make_actor(rows.make_project())
    with session() as db:
        for sample in db.query(tables.Sample).filter_by(checkpoint_id=new):
            sample.text = "another"
    arena_id = opened(line)
    with pytest.raises(PermissionDenied):
        voting.next_match(viewer, arena_id)
    with pytest.raises(NotFound, match="no arena"):
        voting.next_match(stranger, arena_id)
    with pytest.raises(NotFound, match="no arena"):
        results.get(stranger, arena_id)
    token = voting.next_match(line.actor, arena_id).token
    colleague = rows.make_actor(line.project, Role.reviewer)
    with pytest.raises(NotFound, match="not one of this arena"):
        voting.decide(colleague, arena_id, token, "left")
    with pytest.raises(InvalidInput, match="choice"):
        voting.decide(line.actor, arena_id, token, "both")
    judged = rows.make_checkpoint(line.project, "only a judge", engine=LIKES_NEW)
    opened(line, judge_id=judged.id)
    with pytest.raises(Conflict, match="arenas"):
        checkpoints.delete(line.actor, judged.id)


class Page(Clicker, Opened):
    """Opens a page and clicks on it."""

    def acts(self, **event: Any) -> str:
        self.event = event
        self.call(self.listener("arena", "act"))
        return self.replies[-1]


def test_the_page_hides_names_until_all_is_decided_and_the_card_shows_the_result(line: Line) -> None:
    arena_id = opened(line, number=3)
    old, new = line.checkpoints[0], line.checkpoints[2]
    with site.signed_in(line.actor) as client:
        page = Page(client, line.project.slug)
        reply = page.ask("arena", "draw", arena=str(arena_id))
        assert "names are hidden" in reply
        assert "base model against" not in reply
        for _ in range(3):
            match = json.loads(page.replies[-1])["data"]
            value = next(row for row in match if isinstance(row, dict) and row.get("token"))
            reply = page.acts(act="right", token=value["token"], seconds=1.5)
        assert f"{old.name} against {new.name}" in reply
        assert "3 decisions by 1 person" in reply
        card = page.ask("checkpoints", "load", checkpoint=str(new.id))
        assert f"arena?arena={arena_id}" in card
        assert "of 3 matches with a winner" in card
