"""Taking a person's work out: what it changes, what learned from it, and back again."""

import json
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import event, update

from app.pages import checkpoints as page
from backend.db import reading, session, tables
from backend.db.session import write_engine
from backend.errors import Conflict, InvalidInput, NotFound, PermissionDenied
from backend.pipeline.known import write_known
from backend.services import checkpoints, reviews
from backend.services.access import Actor
from backend.services.decisions import bulk
from backend.services.decisions.labels import recompute
from backend.services.queue import gold
from backend.services.team import removals
from backend.services.team.removals import Affected, Changed, Learned
from backend.values import DatasetType, DecisionKind, LabelSource, Role, RoundStatus, Stage, Verdict
from tests import rows
from tests.integration.reviewing import Team


class Place:
    """A round in review with two reviewers; the judge accepts every second sample."""

    def __init__(self, *, reviewers: int = 1) -> None:
        self.project = rows.make_project()
        self.base = rows.make_checkpoint(self.project, "base")
        prompts = rows.make_prompt_set(self.project, prompts=4)
        self.round = rows.make_round(
            self.project,
            self.base,
            status=RoundStatus.review,
            stage=Stage.review,
            is_reviewed=True,
            review={"num_reviewers_per_item": reviewers},
        )
        self.samples = rows.make_samples(self.round, prompts, scores=[1.0, 0.0])
        self.ids = [sample.id for sample in self.samples]
        self.admin = rows.make_actor(self.project, Role.admin)
        self.curator = rows.make_actor(self.project, Role.curator)
        self.ada = rows.make_actor(self.project, Role.reviewer, name="Ada")
        self.ben = rows.make_actor(self.project, Role.reviewer, name="Ben")

    def decide(self, actor: Actor, number: int, kind: str, **more: Any) -> None:
        client_id = f"{actor.name}-{number}-{kind}"
        reviews.decide(actor, client_id, self.ids[number], DecisionKind(kind), round_id=self.round.id, **more)

    def labels(self) -> list[tuple[Any, ...]]:
        with reading() as db:
            result = db.query(tables.Label).filter_by(round_id=self.round.id).order_by(tables.Label.sample_id)
            return [
                (entry.sample_id, entry.verdict, entry.score, entry.source, entry.is_overridden, entry.is_flagged)
                for entry in result
            ]

    def label(self, number: int) -> tuple[Verdict | None, LabelSource]:
        return self.labels()[number][1], self.labels()[number][3]


@pytest.fixture
def place(database: str) -> Place:
    return Place()


def table(name: str) -> list[str]:
    with reading() as db:
        return sorted(map(repr, db.execute(tables.Base.metadata.tables[name].select()).tuples().all()))


def test_the_preview_says_what_the_removal_does_and_changes_nothing(place: Place) -> None:
    place.decide(place.ada, 0, "reject")
    place.decide(place.ada, 1, "reject")
    place.decide(place.ada, 2, "flag")
    place.decide(place.ben, 3, "accept")
    before = {name: table(name) for name in ("decisions", "labels", "leases", "events")}
    removal_preview = removals.preview(place.curator, place.round.id, place.ada.user_id)
    assert {name: table(name) for name in before} == before
    assert (removal_preview.person, removal_preview.decisions, removal_preview.is_frozen) == ("Ada", 3, False)
    assert set(removal_preview.labels) == {
        Changed("reject 1", "accept 1", "judge", 1),
        Changed("reject 0", "reject 0", "judge", 1),
    }
    removals.remove(place.admin, place.round.id, place.ada.user_id, reason="did not read")
    assert [place.label(n) for n in (0, 1, 3)] == [
        (Verdict.accept, LabelSource.judge),
        (Verdict.reject, LabelSource.judge),
        (Verdict.accept, LabelSource.person),
    ]
    assert not place.labels()[2][5]


def test_undo_restores_every_label_as_it_was(place: Place) -> None:
    place.decide(place.ada, 0, "reject")
    place.decide(place.ada, 1, "score", score=4.0)
    place.decide(place.ada, 2, "edit", text="better")
    place.decide(place.ada, 3, "flag")
    bulk_preview = bulk.preview(place.curator, place.round.id, bulk.Filters(verdict=("reject",)), DecisionKind.accept)
    bulk.apply(
        place.curator,
        place.round.id,
        bulk.Filters(verdict=("reject",)),
        DecisionKind.accept,
        reason="r",
        token=bulk_preview.token,
    )
    before = place.labels()
    assert place.label(0) == (Verdict.accept, LabelSource.person)  # the bulk action came later and stands above
    done = removals.remove(place.admin, place.round.id, place.ada.user_id, reason="mistake")
    assert place.labels() != before
    assert removals.undo(place.admin, place.round.id, done.id) == 0
    assert place.labels() == before
    again = removals.remove(place.admin, place.round.id, place.ada.user_id, reason="not a mistake")
    removals.undo(place.admin, place.round.id, again.id)
    assert place.labels() == before
    with pytest.raises(Conflict, match="taken back already"):
        removals.undo(place.admin, place.round.id, done.id)


def test_the_originals_stay_in_the_history(place: Place) -> None:
    place.decide(place.ada, 0, "reject")
    done = removals.remove(place.admin, place.round.id, place.ada.user_id, reason="did not read")
    removals.undo(place.admin, place.round.id, done.id)
    with reading() as db:
        records = [
            (decision.kind.value, decision.user_id, decision.batch_id)
            for decision in db.query(tables.Decision).order_by(tables.Decision.id)
        ]
    assert records == [
        ("reject", place.ada.user_id, None),
        ("retract", place.admin.user_id, done.id),
        ("reject", place.ada.user_id, None),
    ]
    (removal,) = removals.history(place.curator, place.round.id)
    assert (removal.person, removal.reason, removal.is_undone, removal.decisions) == ("Ada", "did not read", True, 1)


def test_with_several_reviewers_the_others_votes_stand(database: str) -> None:
    place = Place(reviewers=3)
    place.decide(place.ada, 0, "reject")
    place.decide(place.ben, 0, "reject")
    place.decide(place.curator, 0, "accept")
    assert place.label(0)[0] is Verdict.reject
    removals.remove(place.admin, place.round.id, place.ada.user_id, reason="x")
    assert place.label(0) == (Verdict.accept, LabelSource.person)  # one to one: the judge's verdict


def test_a_freed_item_can_be_decided_by_others_and_stays_theirs(place: Place) -> None:
    place.decide(place.ada, 0, "reject")
    place.decide(place.ada, 1, "accept")
    done = removals.remove(place.admin, place.round.id, place.ada.user_id, reason="x")
    place.decide(place.ben, 0, "accept")
    assert place.label(0) == (Verdict.accept, LabelSource.person)
    assert removals.undo(place.admin, place.round.id, done.id) == 1
    assert place.label(0) == (Verdict.accept, LabelSource.person)
    assert place.label(1) == (Verdict.accept, LabelSource.person)
    with reading() as db:
        held = [
            (lease.sample_id, lease.user_id)
            for lease in db.query(tables.Lease).where(tables.Lease.decided_at.is_not(None))
        ]
    assert sorted(held) == [(place.ids[0], place.ben.user_id), (place.ids[1], place.ada.user_id)]


def trained(place: Place) -> tuple[tables.Checkpoint, tables.Checkpoint, tables.Dataset]:
    """Freeze the round, with a checkpoint that it made and one that came of that."""
    checkpoint = rows.make_checkpoint(place.project, "made", parent=place.base)
    child = rows.make_checkpoint(place.project, "child", parent=checkpoint)
    rows.make_checkpoint(place.project, "elsewhere", parent=place.base)
    pairs = [
        {"prompt_id": place.samples[0].prompt_id, "sample_id": place.ids[0], "rejected_id": place.ids[1]},
        {"prompt_id": place.samples[2].prompt_id, "sample_id": place.ids[2], "rejected_id": place.ids[3]},
    ]
    dataset = rows.make_dataset(place.round, DatasetType.preference, pairs)
    with session() as db:
        round_ = db.get_one(tables.Round, place.round.id)
        round_.status, round_.stage, round_.checkpoint_id = RoundStatus.done, Stage.evaluate, checkpoint.id
    return checkpoint, child, dataset


def test_a_frozen_round_keeps_its_labels_and_names_what_learned(place: Place) -> None:
    place.decide(place.ada, 1, "accept")
    place.decide(place.ben, 3, "accept")
    checkpoint, child, dataset = trained(place)
    before = {name: table(name) for name in ("decisions", "labels", "leases")}
    removal_preview = removals.preview(place.curator, place.round.id, place.ada.user_id)
    assert removal_preview.is_frozen
    assert removal_preview.labels == (Changed("accept 0", "reject 0", "judge", 1),)
    assert removal_preview.datasets == (Learned(dataset.id, 1, 1),)
    assert removal_preview.checkpoints == (Affected(checkpoint.id, "made", True), Affected(child.id, "child", False))
    assert removals.learned_from_removed(place.curator, place.project.id) == set()
    done = removals.remove(place.admin, place.round.id, place.ada.user_id, reason="x")
    assert {name: table(name) for name in before} == before
    grandchild = rows.make_checkpoint(place.project, "grandchild", parent=child)
    assert removals.learned_from_removed(place.curator, place.project.id) == {checkpoint.id, child.id, grandchild.id}
    tree = checkpoints.tree(place.curator, place.project.id)
    drawn = page.table_value(tree, removals.learned_from_removed(place.curator, place.project.id))
    assert {row["id"] for row in drawn["rows"] if row["is_doubtful"]} == {checkpoint.id, child.id, grandchild.id}
    assert page.shown(place.curator, place.project.id, child.id)["is_doubtful"]
    assert not page.shown(place.curator, place.project.id, place.base.id)["is_doubtful"]
    removals.undo(place.admin, place.round.id, done.id)
    assert removals.learned_from_removed(place.curator, place.project.id) == set()


def test_a_frozen_round_names_no_gold_item_whose_label_was_known(place: Place) -> None:
    """Training read what the curator knew of sample 1: without Ada's word on it nothing would be different."""
    gold.mark(place.curator, place.round.id, [place.ids[1]], Verdict.accept)
    place.decide(place.ada, 1, "accept")
    trained(place)
    with session() as db:
        write_known(db, place.round.id)
    removal_preview = removals.preview(place.curator, place.round.id, place.ada.user_id)
    assert (removal_preview.is_frozen, removal_preview.decisions) == (True, 1)
    assert (removal_preview.labels, removal_preview.datasets, removal_preview.checkpoints) == ((), (), ())


def test_work_nothing_learned_from_names_no_checkpoint(place: Place) -> None:
    place.decide(place.ada, 5, "accept")
    trained(place)
    removal_preview = removals.preview(place.curator, place.round.id, place.ada.user_id)
    assert (removal_preview.datasets, removal_preview.checkpoints) == ((), ())


def test_it_is_noted_with_its_reason(place: Place) -> None:
    place.decide(place.ada, 0, "reject")
    done = removals.remove(place.admin, place.round.id, place.ada.user_id, reason=" did not read ")
    with reading() as db:
        event = db.query(tables.Event).filter_by(verb="remove work").one()
    assert (event.subject, event.user_id, event.round_id) == ("Ada", place.admin.user_id, place.round.id)
    assert event.details["reason"] == "did not read"
    assert json.dumps(event.details)
    assert event.details["batch_id"] == done.id


def test_roles_reasons_and_what_is_not_there(place: Place) -> None:
    place.decide(place.ada, 0, "reject")
    with pytest.raises(PermissionDenied):
        removals.preview(place.ben, place.round.id, place.ada.user_id)
    with pytest.raises(PermissionDenied):
        removals.remove(place.curator, place.round.id, place.ada.user_id, reason="x")
    with pytest.raises(InvalidInput, match="reason"):
        removals.remove(place.admin, place.round.id, place.ada.user_id, reason=" ")
    with pytest.raises(NotFound, match="nothing that stands"):
        removals.remove(place.admin, place.round.id, place.ben.user_id, reason="x")
    with pytest.raises(NotFound):
        removals.preview(rows.make_actor(), place.round.id, place.ada.user_id)
    with pytest.raises(NotFound, match="no such removal"):
        removals.undo(place.admin, place.round.id, "nothing")


def test_the_preview_waits_for_no_writer(place: Place) -> None:
    """SQLite has one writer at a time: who looks at a removal must not take its turn."""
    place.decide(place.ada, 0, "reject")
    with session() as db:
        db.execute(update(tables.Round).values(error="being written"))
        removal_preview = removals.preview(place.curator, place.round.id, place.ada.user_id)
    assert removal_preview.labels == (Changed("reject 1", "accept 1", "judge", 1),)


def test_the_preview_of_groups_and_rewritten_texts_is_what_the_removal_does(database: str) -> None:
    team = Team(prompts=2, n=4, scores=(5.0, 2.0, None, 4.0), mode="group")
    a, b, c, _ = team.ids[:4]
    team.act("ann", a, DecisionKind.prefer, value={"best": b, "worst": a})
    team.act("ann", c, DecisionKind.edit, text="better")
    team.act("ann", team.ids[4], DecisionKind.prefer, value={"tie": team.ids[4:]})
    removal_preview = removals.preview(team.curator, team.round.id, team.who("ann").user_id)
    admin = rows.make_actor(team.project, Role.admin)
    before = words(team.round.id)
    removals.remove(admin, team.round.id, team.who("ann").user_id, reason="did not read")
    after = words(team.round.id)
    done = Counter((before[n][0], *after[n]) for n in before if before[n] != after[n])
    assert Counter({(label.before, label.after, label.source): label.count for label in removal_preview.labels}) == done
    assert done.total() == 8


def words(round_id: int) -> dict[int, tuple[str, str]]:
    with reading() as db:
        labels = db.query(tables.Label).filter_by(round_id=round_id)
        return {
            label.sample_id: (
                f"{label.verdict or 'no verdict'}{'' if label.score is None else f' {label.score:g}'}",
                str(label.source),
            )
            for label in labels
        }


def test_labels_of_many_decided_groups_take_as_few_statements_as_those_of_one(database: str) -> None:
    team, counts = Team(prompts=6, n=2, scores=(5.0, 2.0), mode="group"), []
    for head in team.ids[::2]:
        team.act("ann", head, DecisionKind.prefer, value={"best": head, "worst": None})
    for sample_ids in (team.ids[:2], team.ids):
        statements: list[str] = []

        def note(*reply: Any, texts: list[str] = statements) -> None:
            texts.append(reply[2])

        event.listen(write_engine(), "before_cursor_execute", note)
        with session() as db:
            recompute(db, sample_ids)
        event.remove(write_engine(), "before_cursor_execute", note)
        counts.append(len(statements))
    assert counts[0] == counts[1]
