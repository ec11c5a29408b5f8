"""Bulk accept and reject: what the preview said, in one batch, and back."""

import uuid

import pytest
from sqlalchemy import func, select, update

from app.pages.samples import drawing
from app.widgets.context import Context
from backend.db import listing_wanted, reading, session, tables
from backend.db.filters import Filters
from backend.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from backend.services import reviews
from backend.services.decisions import bulk
from backend.services.reviews import Act
from backend.services.samples import detail
from backend.values import DecisionKind, Role, RoundStatus, Stage
from tests import rows
from tests.integration.labelled import make_labelled, passes

ACCEPT, REJECT = DecisionKind.accept, DecisionKind.reject


def in_review(project: tables.Project, number: int = 120) -> tuple[tables.Round, list]:
    round_, known = make_labelled(project, number=number)
    with session() as db:
        db.execute(update(tables.Round).values(status=RoundStatus.review, stage=Stage.review))
    return round_, known


def snapshot(round_id: int) -> list[tuple]:
    label = tables.Label
    query = select(label.sample_id, label.score, label.verdict, label.source, label.is_overridden, label.is_flagged)
    with reading() as db:
        return [tuple(row) for row in db.execute(query.where(label.round_id == round_id).order_by(label.sample_id))]


def settle(round_id: int) -> None:
    """Make the labels what the (no) decisions say: the made-up rows claim people without decisions."""
    from backend.services.decisions import labels

    with session() as db:
        labels.recompute(db, db.scalars(select(tables.Label.sample_id).where(tables.Label.round_id == round_id)).all())


@pytest.mark.parametrize("filters", [Filters(), Filters(min_score=2.5), Filters(text="red", verdict=("accept",))])
def test_apply_does_what_preview_said_and_undo_restores(
    database: str, filters: Filters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "READ", 13)
    monkeypatch.setattr(listing_wanted, "SORTED", 20)
    project = rows.make_project()
    curator = rows.make_actor(project, Role.curator)
    round_, _ = in_review(project)
    settle(round_.id)
    reviews.decide(curator, uuid.uuid4().hex, snapshot(round_.id)[0][0], ACCEPT, round_id=round_.id)
    before = snapshot(round_.id)
    bulk_preview = bulk.preview(curator, round_.id, filters, REJECT)
    batch = bulk.apply(curator, round_.id, filters, REJECT, reason="too long", token=bulk_preview.token)
    after = snapshot(round_.id)
    changed = [(b, a) for b, a in zip(before, after, strict=True) if b[2] != a[2]]
    assert batch.count == bulk_preview.count == sum(1 for row in after if row[3] == "person" and row[2] == "reject")
    assert len(changed) == bulk_preview.changed_verdicts
    assert [(b.count, b.reason, b.is_undone) for b in bulk.history(curator, round_.id)] == [
        (bulk_preview.count, "too long", False)
    ]
    assert bulk.undo(curator, batch.id) == bulk_preview.count
    assert snapshot(round_.id) == before
    assert bulk.history(curator, round_.id)[0].is_undone
    with pytest.raises(Conflict, match="undone already"):
        bulk.undo(curator, batch.id)


def test_the_preview_counts_what_people_would_lose(database: str) -> None:
    project = rows.make_project()
    curator = rows.make_actor(project, Role.curator)
    round_, known = in_review(project)
    bulk_preview = bulk.preview(curator, round_.id, Filters(max_score=4), REJECT)
    hit = [s for s in known if passes(s, Filters(max_score=4))]
    assert bulk_preview.count == len(hit)
    assert bulk_preview.overridden_people == sum(1 for s in hit if s.source == "person" and s.verdict == "accept")


def test_a_decision_after_the_batch_survives_its_undo(database: str) -> None:
    project = rows.make_project()
    curator = rows.make_actor(project, Role.curator)
    round_, _ = in_review(project, 20)
    batch = bulk.apply(
        curator,
        round_.id,
        Filters(),
        REJECT,
        reason="all",
        token=bulk.preview(curator, round_.id, Filters(), REJECT).token,
    )
    first = snapshot(round_.id)[0][0]
    reviews.decide(curator, uuid.uuid4().hex, first, ACCEPT, round_id=round_.id)
    bulk.undo(curator, batch.id)
    assert snapshot(round_.id)[0][2:4] == ("accept", "person")
    shown = detail.detail(curator, first).history
    assert [(d.kind, d.is_bulk, d.is_retracted) for d in shown] == [
        (REJECT, True, True),
        (ACCEPT, False, False),
        (DecisionKind.retract, True, False),
    ]


def test_undo_at_the_desk_names_the_bulk_action_and_takes_nothing_older(database: str) -> None:
    project = rows.make_project()
    curator, other = rows.make_actor(project, Role.curator), rows.make_actor(project, Role.curator)
    round_, _ = in_review(project, 20)
    first = snapshot(round_.id)[0][0]
    reviews.decide(curator, uuid.uuid4().hex, first, ACCEPT, round_id=round_.id)
    reviews.decide(other, uuid.uuid4().hex, first, ACCEPT, round_id=round_.id)
    bulk_preview = bulk.preview(curator, round_.id, Filters(), REJECT)
    batch = bulk.apply(curator, round_.id, Filters(), REJECT, reason="frozen dessert", token=bulk_preview.token)
    text = rf"is a bulk action \(reject on {bulk_preview.count} samples: frozen dessert\).*on the Samples page"
    for act in (
        Act(uuid.uuid4().hex, DecisionKind.retract),
        Act(uuid.uuid4().hex, DecisionKind.retract, retracts=f"{batch.id}-{first}"),
    ):
        with pytest.raises(Conflict, match=text):
            reviews.decide_many(curator, round_.id, [act])
    assert reviews.undo(other, round_.id).decision.sample_id == first, "it is not the other's bulk action"
    last = reviews.decide(curator, uuid.uuid4().hex, first, ACCEPT, round_id=round_.id)
    undone = reviews.undo(curator, round_.id, "undo-client-id")
    assert undone.decision.retracts_id == last.decision.id, "what came after the bulk action"
    assert reviews.undo(curator, round_.id, "undo-client-id").decision == undone.decision, "sent again"
    bulk.undo(curator, batch.id)
    assert reviews.undo(curator, round_.id).decision.sample_id == first, "with it undone, what came before"


def test_the_newest_bulk_action_is_the_one_the_page_offers_to_undo(database: str) -> None:
    project = rows.make_project()
    curator = rows.make_actor(project, Role.curator)
    round_, _ = in_review(project, 20)
    here, result = Context(curator, project.id, "", None), []
    for action in (ACCEPT, REJECT):
        token = bulk.preview(curator, round_.id, Filters(), action).token
        result.append(bulk.apply(curator, round_.id, Filters(), action, reason="all", token=token))
    assert drawing.batch_list(here, {"round": round_.id}).value == result[1].id
    bulk.undo(curator, result[1].id)
    assert drawing.batch_list(here, {"round": round_.id}).value == result[0].id


def test_apply_refuses_what_was_not_previewed(database: str) -> None:
    project = rows.make_project()
    curator = rows.make_actor(project, Role.curator)
    round_, _ = in_review(project)
    settle(round_.id)
    token = bulk.preview(curator, round_.id, Filters(source=("judge",)), ACCEPT).token
    sample_id = next(row[0] for row in snapshot(round_.id) if row[3] == "judge")
    reviews.decide_many(curator, round_.id, [Act(uuid.uuid4().hex, REJECT, sample_id)])
    with pytest.raises(Conflict, match="changed since the preview"):
        bulk.apply(curator, round_.id, Filters(source=("judge",)), ACCEPT, reason="x", token=token)
    with pytest.raises(InvalidInput, match="reason"):
        bulk.apply(curator, round_.id, Filters(), ACCEPT, reason=" ", token=token)
    with pytest.raises(InvalidInput, match="accepts or rejects"):
        bulk.preview(curator, round_.id, Filters(), DecisionKind.flag)
    with reading() as db:
        assert db.scalar(select(func.count()).select_from(tables.Decision)) == 1


def test_bulk_is_for_curators_and_rounds_in_review(database: str) -> None:
    project = rows.make_project()
    curator, reviewer = rows.make_actor(project, Role.curator), rows.make_actor(project, Role.reviewer)
    round_, _ = in_review(project, 20)
    token = bulk.preview(curator, round_.id, Filters(), ACCEPT).token
    with pytest.raises(PermissionDenied):
        bulk.preview(reviewer, round_.id, Filters(), ACCEPT)
    with pytest.raises(PermissionDenied):
        bulk.apply(reviewer, round_.id, Filters(), ACCEPT, reason="x", token=token)
    batch = bulk.apply(curator, round_.id, Filters(), ACCEPT, reason="x", token=token)
    with pytest.raises(PermissionDenied):
        bulk.undo(reviewer, batch.id)
    with pytest.raises(NotFound):
        bulk.undo(rows.make_actor(rows.make_project()), batch.id)
    with pytest.raises(NotFound):
        bulk.undo(curator, "none")
    with session() as db:
        db.execute(update(tables.Round).values(status=RoundStatus.running, stage=Stage.select))
    for call in (
        lambda: bulk.undo(curator, batch.id),
        lambda: bulk.apply(curator, round_.id, Filters(), ACCEPT, reason="x", token=token),
    ):
        with pytest.raises(Conflict, match="frozen"):
            call()


def test_samples_are_found_before_anybody_has_to_wait(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    project = rows.make_project()
    curator = rows.make_actor(project, Role.curator)
    round_, _ = in_review(project)
    settle(round_.id)
    filters, find = Filters(text="/red|blue/", verdict=("accept",)), bulk.find
    bulk_preview = bulk.preview(curator, round_.id, filters, REJECT)

    def finding(*asked, **more):
        """Another person writes meanwhile."""
        page = find(*asked, **more)
        reviews.decide(curator, uuid.uuid4().hex, page.ids[0], REJECT, round_id=round_.id)
        return page

    monkeypatch.setattr(bulk, "find", finding)
    with pytest.raises(Conflict, match="Preview again"):
        bulk.apply(curator, round_.id, filters, REJECT, reason="colors", token=bulk_preview.token)
    monkeypatch.setattr(bulk, "find", find)
    bulk_preview = bulk.preview(curator, round_.id, filters, REJECT)
    assert (
        bulk.apply(curator, round_.id, filters, REJECT, reason="colors", token=bulk_preview.token).count
        == bulk_preview.count
        > 1
    )


def test_an_expression_that_is_too_slow_for_the_round_is_refused(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "PATTERN_SECONDS", 0.05)
    monkeypatch.setattr(bulk, "READ", 5)
    project = rows.make_project()
    curator = rows.make_actor(project, Role.curator)
    asked = rows.make_prompt_set(project, prompts=20)
    round_ = rows.make_round(project, status=RoundStatus.review, stage=Stage.review)
    rows.make_samples(round_, asked, n=1, texts=["a perfectly usual text of a model " * 20] * 20, scores=[1.0])
    filters = Filters(text=r"/^(?:(.)|(.)|(.)){10}(?<=\x01)/")
    with pytest.raises(InvalidInput, match="too slow"):
        bulk.preview(curator, round_.id, filters, REJECT)
    with pytest.raises(InvalidInput, match="too slow"):
        bulk.apply(curator, round_.id, filters, REJECT, reason="r", token="")
