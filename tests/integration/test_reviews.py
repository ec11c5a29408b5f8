"""Deciding: appended once, in order, with the label in the same transaction; undo, edit, close."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select, update

from backend.db import reading, session, tables
from backend.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from backend.services import queue, reviews
from backend.services.access import Actor
from backend.services.decisions import leases
from backend.services.reviews import Act, Tally
from backend.values import DecisionKind, JobStatus, LabelSource, Role, RoundStatus, Stage, Verdict
from tests import rows
from tests.integration import site

ACCEPT, REJECT, SCORE, EDIT, FLAG, SKIP, RETRACT = (
    DecisionKind.accept,
    DecisionKind.reject,
    DecisionKind.score,
    DecisionKind.edit,
    DecisionKind.flag,
    DecisionKind.skip,
    DecisionKind.retract,
)
RECIPE = rows.RECIPE | {"judge": {"name": "additive_rubric", "accept_at": 4.0, "lowest": 0, "highest": 5}}


class Desk:
    """A round in review with four samples scored 5, 2, None, 4 (cut at 4), and a reviewer."""

    def __init__(self, *, is_blind: bool = True) -> None:
        self.project = rows.make_project(guidelines="Be kind.")
        prompts = rows.make_prompt_set(self.project, prompts=2)
        self.round = rows.make_round(
            self.project,
            status=RoundStatus.review,
            stage=Stage.review,
            is_reviewed=True,
            is_blind=is_blind,
            recipe=RECIPE,
        )
        made = rows.make_samples(self.round, prompts, n=2, scores=[5.0, 2.0, None, 4.0], threshold=4.0)
        rows.make_judgments(made, votes=2)
        self.ids = [sample.id for sample in made]
        self.reviewer = rows.make_actor(self.project, Role.reviewer)
        self.curator = rows.make_actor(self.project, Role.curator)

    def act(self, n: int, kind: DecisionKind, actor: Actor | None = None, **fields: object) -> reviews.ActResult:
        act = Act(uuid.uuid4().hex, kind, self.ids[n], **fields)  # type: ignore[arg-type]
        return reviews.decide_many(actor or self.reviewer, self.round.id, [act])[0]

    def label(self, sample_id: int) -> tuple[Verdict | None, float | None, LabelSource, bool]:
        with reading() as db:
            row = db.get_one(tables.Label, sample_id)
            return row.verdict, row.score, row.source, row.is_overridden


def count(table: type) -> int:
    with reading() as db:
        return db.scalar(select(func.count()).select_from(table)) or 0


@pytest.mark.parametrize("score", [-0.5, 5.5, 1e8])
def test_a_score_that_is_not_on_the_scale_is_refused(database: str, score: float) -> None:
    desk = Desk()
    with pytest.raises(InvalidInput, match="is not on this round's scale, 0 to 5"):
        desk.act(0, SCORE, score=score)
    assert count(tables.Decision) == 0
    assert desk.label(desk.ids[0]) == (Verdict.accept, 5.0, LabelSource.judge, False)


def test_a_decision_sets_the_label_and_says_whether_it_overrode(database: str) -> None:
    desk = Desk()
    assert not desk.act(0, ACCEPT).decision.is_override
    assert desk.act(1, ACCEPT).decision.is_override
    assert desk.act(3, SCORE, score=1.0).tally == Tally(decided=3, overridden=2)
    assert not desk.act(2, REJECT).decision.is_override, "the judge had no verdict: nothing to override"
    assert desk.label(desk.ids[0]) == (Verdict.accept, 5.0, LabelSource.person, False)
    assert desk.label(desk.ids[1]) == (Verdict.accept, 2.0, LabelSource.person, True)
    assert desk.label(desk.ids[2]) == (Verdict.reject, None, LabelSource.person, False)
    assert desk.label(desk.ids[3]) == (Verdict.reject, 1.0, LabelSource.person, True)


def test_the_judge_is_revealed_with_the_decision_and_not_before(database: str) -> None:
    desk = Desk()
    first = queue.queue(desk.reviewer, desk.round.id)[0]
    assert (first.sample_id, first.judge, first.reason) == (desk.ids[0], None, None)
    decided = desk.act(0, REJECT)
    assert decided.judge is not None
    assert decided.judge.score == 5.0
    assert [reply.rationale for reply in decided.judge.replies] == ["because", "because"]
    assert desk.act(1, SKIP).judge is None
    assert desk.act(1, FLAG).judge is None
    open_desk = Desk(is_blind=False)
    item = queue.queue(open_desk.reviewer, open_desk.round.id)[0]
    assert item.judge is not None
    assert item.judge.verdict is Verdict.accept


def test_sending_a_decision_again_changes_nothing(database: str) -> None:
    desk = Desk()
    act = Act("c" * 32, REJECT, desk.ids[0])
    first = reviews.decide_many(desk.reviewer, desk.round.id, [act])[0]
    desk.act(0, ACCEPT)
    again = reviews.decide_many(desk.reviewer, desk.round.id, [act])[0]
    assert first.decision == again.decision
    assert not again.decision.is_new
    assert desk.label(desk.ids[0])[0] is Verdict.accept, "the later decision stands"
    assert count(tables.Decision) == 2
    with pytest.raises(Conflict, match="another decision"):
        reviews.decide_many(desk.curator, desk.round.id, [act])


def test_the_same_decision_sent_by_ten_at_once_is_one(database: str) -> None:
    desk = Desk()
    act = Act("d" * 32, REJECT, desk.ids[0])
    with ThreadPoolExecutor(10) as pool:
        made = list(pool.map(lambda _: reviews.decide_many(desk.reviewer, desk.round.id, [act])[0], range(10)))
    assert len({one.decision.id for one in made}) == 1
    assert count(tables.Decision) == 1


def test_undo_goes_back_one_decision_at_a_time(database: str) -> None:
    desk = Desk()
    before = desk.label(desk.ids[1])
    desk.act(1, ACCEPT)
    desk.act(1, SCORE, score=3.0)
    desk.act(0, REJECT)
    assert reviews.undo(desk.reviewer, desk.round.id).decision.sample_id == desk.ids[0]
    assert desk.label(desk.ids[0]) == (Verdict.accept, 5.0, LabelSource.judge, False)
    reviews.undo(desk.reviewer, desk.round.id)
    assert desk.label(desk.ids[1])[0] is Verdict.accept
    assert reviews.undo(desk.reviewer, desk.round.id).tally == Tally(0, 0)
    assert desk.label(desk.ids[1]) == before
    with pytest.raises(NotFound, match="nothing of yours"):
        reviews.undo(desk.reviewer, desk.round.id)
    assert count(tables.Decision) == 6, "undo appends"


def test_undo_sent_twice_takes_back_one(database: str) -> None:
    desk = Desk()
    desk.act(0, REJECT)
    desk.act(1, ACCEPT)
    first = reviews.undo(desk.reviewer, desk.round.id, client_id="undo-0001")
    assert reviews.undo(desk.reviewer, desk.round.id, client_id="undo-0001").decision == first.decision
    assert desk.label(desk.ids[0])[2] is LabelSource.person


def test_nobody_takes_back_what_another_decided(database: str) -> None:
    desk = Desk()
    mine = desk.act(0, REJECT).decision
    with pytest.raises(NotFound):
        reviews.undo(desk.curator, desk.round.id)
    act = Act(uuid.uuid4().hex, RETRACT, retracts=mine.client_id)
    with pytest.raises(Conflict, match="another decision"):
        reviews.decide_many(desk.curator, desk.round.id, [act])
    reviews.decide_many(desk.reviewer, desk.round.id, [act])
    with pytest.raises(Conflict, match="taken back already"):
        reviews.decide_many(desk.reviewer, desk.round.id, [Act(uuid.uuid4().hex, RETRACT, retracts=mine.client_id)])


def test_the_latest_word_of_the_items_reviewer_stands_and_a_second_person_is_late(database: str) -> None:
    desk = Desk()
    desk.act(0, ACCEPT)
    desk.act(0, REJECT)
    late = desk.act(0, ACCEPT, desk.curator)
    assert late.late_because == (
        "1 other has decided this meanwhile; yours is kept in the history and counts in no label."
    )
    assert late.judge is not None, "they have committed"
    assert desk.label(desk.ids[0])[0] is Verdict.reject
    act = Act(uuid.uuid4().hex, RETRACT, retracts=late.decision.client_id)
    reviews.decide_many(desk.curator, desk.round.id, [act])
    assert desk.label(desk.ids[0])[0] is Verdict.reject


def test_an_edit_is_an_accepted_sample_by_its_author_and_rejects_the_original(database: str) -> None:
    desk = Desk()
    before = desk.label(desk.ids[1])
    made = [desk.act(1, EDIT, text=text).decision.edit_id for text in ("better", "better still")]
    with reading() as db:
        edits = [db.get_one(tables.Sample, id_) for id_ in made]
    assert [(e.text, e.kind, e.position, e.author_id) for e in edits] == [
        ("better", "edit", 0, desk.reviewer.user_id),
        ("better still", "edit", 1, desk.reviewer.user_id),
    ]
    assert {e.edited_from_id for e in edits} == {desk.ids[1]}
    with reading() as db:
        overrides = db.scalars(select(tables.Decision.is_override).order_by(tables.Decision.id))
        assert set(overrides) == {before[0] is Verdict.accept}, "whoever rewrites a text does not let it stand"
    assert desk.label(made[0])[:3] == (Verdict.accept, None, LabelSource.person)
    assert desk.label(desk.ids[1])[:3] == (Verdict.reject, before[1], LabelSource.person)
    assert desk.label(desk.ids[1])[3] == (before[0] is Verdict.accept), "as the judge saw it, or not"
    reviews.undo(desk.reviewer, desk.round.id)
    assert desk.label(made[1])[:3] == (None, None, LabelSource.none)
    assert desk.label(made[0])[2] is LabelSource.person
    reviews.undo(desk.reviewer, desk.round.id)
    assert desk.label(desk.ids[1]) == before
    with pytest.raises(InvalidInput, match="empty"):
        desk.act(1, EDIT, text="  ")


def test_a_flag_marks_and_is_taken_back(database: str) -> None:
    desk = Desk()
    act = desk.act(0, FLAG, note="odd").decision
    with reading() as db:
        label = db.get_one(tables.Label, desk.ids[0])
        assert (label.is_flagged, label.source) == (True, LabelSource.judge)
    reviews.decide_many(desk.reviewer, desk.round.id, [Act(uuid.uuid4().hex, RETRACT, retracts=act.client_id)])
    with reading() as db:
        assert not db.get_one(tables.Label, desk.ids[0]).is_flagged


def test_only_the_first_look_is_blind(database: str) -> None:
    desk = Desk()
    desk.act(0, ACCEPT)
    reviews.undo(desk.reviewer, desk.round.id)
    desk.act(0, REJECT)
    desk.act(1, REJECT, is_blind=False)
    with reading() as db:
        blind = db.scalars(
            select(tables.Decision.is_blind).where(tables.Decision.kind != RETRACT).order_by(tables.Decision.id)
        ).all()
    assert blind == [True, False, False]


def test_acts_in_one_call_are_all_or_none(database: str) -> None:
    desk = Desk()
    acts = [Act("a" * 8, ACCEPT, desk.ids[0]), Act("b" * 8, SCORE, desk.ids[1], score=99.0)]
    with pytest.raises(InvalidInput, match="scale"):
        reviews.decide_many(desk.reviewer, desk.round.id, acts)
    assert count(tables.Decision) == 0
    assert desk.label(desk.ids[0])[2] is LabelSource.judge


def test_who_may_do_what(database: str) -> None:
    desk = Desk()
    viewer, stranger = rows.make_actor(desk.project, Role.viewer), rows.make_actor(rows.make_project())
    with pytest.raises(PermissionDenied):
        desk.act(0, ACCEPT, viewer)
    with pytest.raises(PermissionDenied):
        queue.queue(viewer, desk.round.id)
    with pytest.raises(PermissionDenied):
        reviews.close(desk.reviewer, desk.round.id)
    for call in (reviews.progress, reviews.closing, reviews.close, reviews.undo, queue.queue):
        with pytest.raises(NotFound):
            call(stranger, desk.round.id)
    other = Desk()
    with pytest.raises(NotFound, match="no sample"):
        reviews.decide_many(desk.reviewer, desk.round.id, [Act("x" * 8, ACCEPT, other.ids[0])])
    assert queue.queue(desk.reviewer, desk.round.id, include=other.ids)[0].sample_id in desk.ids


@pytest.mark.parametrize("status", [RoundStatus.running, RoundStatus.done, RoundStatus.cancelled])
def test_labels_are_frozen_outside_review(database: str, status: RoundStatus) -> None:
    desk = Desk()
    desk.act(0, REJECT)
    with session() as db:
        db.execute(update(tables.Round).values(status=status))
    for kind in (ACCEPT, RETRACT, SKIP):
        with pytest.raises(Conflict, match="frozen"):
            desk.act(1, kind)
    assert queue.queue(desk.reviewer, desk.round.id) == []
    assert desk.label(desk.ids[0])[0] is Verdict.reject


def test_closing_goes_on_with_selection_once(database: str) -> None:
    desk = Desk()
    desk.act(1, ACCEPT)
    summary = reviews.closing(desk.curator, desk.round.id)
    assert (summary.samples, summary.decided, summary.accepted_by_judge, summary.without_verdict) == (4, 1, 2, 1)
    assert (summary.items, summary.undecided, summary.is_all_done) == (4, 3, False)
    job_id = reviews.close(desk.curator, desk.round.id)
    with reading() as db:
        job, round_ = db.get_one(tables.Job, job_id), db.get_one(tables.Round, desk.round.id)
    assert (job.stage, job.round_id, job.status) == (Stage.select, desk.round.id, JobStatus.queued)
    assert (round_.status, round_.stage) == (RoundStatus.running, Stage.select)
    with pytest.raises(Conflict, match="not in review"):
        reviews.close(desk.curator, desk.round.id)
    assert count(tables.Job) == 1


def test_progress_counts_samples_not_key_presses(database: str) -> None:
    desk = Desk()
    desk.act(0, ACCEPT)
    desk.act(0, REJECT)
    desk.act(1, ACCEPT, desk.curator)
    desk.act(2, SKIP)
    seen = reviews.progress(desk.reviewer, desk.round.id)
    assert (seen.samples, seen.decided, seen.mine, seen.is_open) == (4, 2, Tally(1, 1), True)
    assert {one.name: one.decided for one in seen.people} == {desk.reviewer.name: 1, desk.curator.name: 1}


def test_the_queue_leaves_out_what_is_decided_skipped_or_held(database: str) -> None:
    desk = Desk()
    desk.act(0, ACCEPT, desk.curator)
    desk.act(1, SKIP)
    for order in queue.Order:
        found = {i.sample_id for i in queue.queue(desk.reviewer, desk.round.id, order=order, held=[desk.ids[3]])}
        assert found <= {desk.ids[2]}, order
    leases.release(desk.reviewer, desk.round.id)
    theirs = queue.queue(desk.curator, desk.round.id)
    assert [i.sample_id for i in theirs] == desk.ids[1:], "a skip is for the one who skipped"
    again = queue.queue(desk.reviewer, desk.round.id, include=[desk.ids[0], desk.ids[1]])
    assert [i.sample_id for i in again][:2] == desk.ids[:2]


def test_no_more_items_are_asked_for_again_than_a_queue_gives(database: str) -> None:
    desk = Desk()
    with pytest.raises(InvalidInput, match="1 to 100 samples"):
        queue.queue(desk.reviewer, desk.round.id, include=[*desk.ids, *range(10_000, 10_097)])
    with site.signed_in(desk.reviewer) as client:
        address = f"/api/v1/rounds/{desk.round.id}/review/claims"
        assert client.post(address, json={"include": [1] * 101}).status_code == 422
        assert client.post(address, json={"include": desk.ids}).status_code == 200


def test_the_queue_orders_by_informativeness(database: str) -> None:
    desk = Desk(is_blind=False)
    with session() as db:
        db.execute(update(tables.Label).where(tables.Label.sample_id == desk.ids[1]).values(machine_spread=1.5))
        db.execute(update(tables.Round).values(review={"random_share": 0.0}))
    by_informativeness = queue.queue(desk.reviewer, desk.round.id, order=queue.Order.informativeness)
    assert [i.sample_id for i in by_informativeness] == [desk.ids[3], desk.ids[2], desk.ids[1], desk.ids[0]] or [
        i.sample_id for i in by_informativeness
    ] == [desk.ids[2], desk.ids[3], desk.ids[1], desk.ids[0]]
    assert by_informativeness[2].reason == "The judge gave 2, 2."
    only = queue.queue(desk.reviewer, desk.round.id, order=queue.Order.disagreement)
    assert [i.sample_id for i in only] == [desk.ids[1]]


def test_the_random_queue_draws_from_all_and_repeats_none(database: str) -> None:
    project = rows.make_project()
    round_ = rows.make_round(project, status=RoundStatus.review, stage=Stage.review)
    made = rows.make_samples(round_, rows.make_prompt_set(project, prompts=10), n=160, scores=[1.0])
    actor = rows.make_actor(project, Role.reviewer)
    held: list[int] = []
    for _ in range(4):
        items = queue.queue(actor, round_.id, order=queue.Order.random, limit=100, held=held)
        held += [item.sample_id for item in items]
    assert len(set(held)) == len(held) == 400
    assert set(held) <= {s.id for s in made}
    middle = sum(held) / len(held)
    assert 700 < middle - made[0].id < 900, "neither from the front nor from the end"
