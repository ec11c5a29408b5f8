"""What is counted in columns of decisions is what statements and labels say, whatever people do."""

import random
import uuid
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import select, text

from backend.db import reading, session, tables
from backend.db.filters import Filters
from backend.db.listing import scope
from backend.db.tables.judgment import CHANGED_SQL
from backend.errors import RondoError
from backend.services.decisions import bulk, decision_columns, disputes
from backend.services.queue import gold
from backend.services.round_report import drawn, extremes
from backend.services.team import adjudication, removal_preview, removals, removed_work
from backend.values import DatasetType, LabelSource, Verdict
from tests import rows
from tests.integration.reviewing import ACCEPT, REJECT, RETRACT, SCORE, SKIP, Team
from tests.integration.test_decision_columns import EDIT, PREFER, decide_at_random

KINDS = (ACCEPT, REJECT, SCORE, EDIT, PREFER, SKIP, RETRACT)
SCORES = (5.0, 2.0, None, 4.5)


@pytest.fixture(autouse=True)
def columns_of_few_decisions_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decision_columns, "FEWEST_KEPT", 0)


def settle_at_random(team: Team, drawn_: random.Random, number: int) -> None:
    """A curator settles items, where there is something to settle."""
    for _ in range(number):
        sample_id, kind = drawn_.choice(team.ids), drawn_.choice((ACCEPT, REJECT))
        try:
            adjudication.decide(
                team.curator, team.round.id, uuid.UUID(int=drawn_.getrandbits(128)).hex, sample_id, kind
            )
        except RondoError:
            continue


def both_ways(team: Team) -> list[int]:
    """The disputed items, which the columns and the statement have to agree on."""
    with reading() as db:
        round_ = db.get_one(tables.Round, team.round.id)
        of_statement = list(db.scalars(disputes.disputed(round_)))
        assert disputes.items(db, round_) == of_statement
    return of_statement


@pytest.mark.parametrize("mode", ["sample", "group"])
def test_disputed_items_are_those_of_the_statement(database: str, mode: str) -> None:
    team, drawn_, seen = Team(prompts=5, n=2, scores=SCORES, mode=mode, num_reviewers_per_item=3), random.Random(7), 0
    with session() as db:
        # In two of the groups both texts are the same but for blanks: to prefer one to the other is no dispute.
        for sample in team.samples[:4]:
            db.get_one(tables.Sample, sample.id).text = ("the same", " the same ")[sample.position]
    if mode == "sample":
        gold.mark(team.curator, team.round.id, team.ids[-1:], Verdict.accept)
    assert both_ways(team) == []
    for _ in range(8):
        decide_at_random(team, drawn_, 12, KINDS)
        seen = max(seen, len(both_ways(team)))
        settle_at_random(team, drawn_, 1)
        both_ways(team)
    assert seen > 1
    told = bulk.preview(team.curator, team.round.id, Filters(), ACCEPT)
    action = bulk.apply(team.curator, team.round.id, Filters(), ACCEPT, reason="all", token=told.token)
    both_ways(team)
    decide_at_random(team, drawn_, 12, KINDS)
    both_ways(team)
    bulk.undo(team.curator, action.id)
    both_ways(team)


def test_texts_that_are_the_same_are_no_dispute(database: str) -> None:
    team = Team(prompts=2, mode="group", num_reviewers_per_item=2)
    with session() as db:
        for sample in team.samples[:2]:
            db.get_one(tables.Sample, sample.id).text = "the same" + " " * sample.position
    for first in (team.ids[0], team.ids[2]):
        for name, best, worst in (("ann", first, first + 1), ("bob", first + 1, first)):
            team.act(name, first, PREFER, value={"best": best, "worst": worst})
    assert both_ways(team) == [team.ids[2]]


@pytest.mark.parametrize("overlap", [1, 3])
def test_labels_that_a_removal_changes_are_those_computed_one_by_one(database: str, overlap: int) -> None:
    team, drawn_ = Team(prompts=6, n=2, scores=SCORES, num_reviewers_per_item=overlap), random.Random(overlap)
    gold.mark(team.curator, team.round.id, team.ids[-2:], Verdict.reject)
    compared = 0
    for turn in range(4):
        decide_at_random(team, drawn_, 20, (ACCEPT, REJECT, SCORE, EDIT, SKIP, RETRACT))
        settle_at_random(team, drawn_, 2)
        if turn == 2:
            told = bulk.preview(team.curator, team.round.id, Filters(), REJECT)
            bulk.apply(team.curator, team.round.id, Filters(), REJECT, reason="all", token=told.token)
        with reading() as db:
            round_ = db.get_one(tables.Round, team.round.id)
            for actor in (*team.people.values(), team.curator):
                number, touched, changed = removal_preview.of_person(db, round_, actor.user_id)
                try:
                    work = removed_work.read(db, round_, actor.user_id)
                except RondoError:
                    assert (number, touched, changed) == (0, [], ())
                    continue
                plain = removed_work.changes(db, work.touched, [decision.id for decision in work.decisions])
                assert Counter({(row.before, row.after, row.source): row.count for row in changed}) == plain
                assert (number, touched) == (len(work.decisions), work.touched)
                compared += bool(plain)
    assert compared > 4


def test_datasets_with_samples_of_a_removal_are_told(database: str) -> None:
    """Their numbers are looked for one by one only where an example has one near them."""
    team = Team(prompts=3)
    for id_ in team.ids[:2]:
        team.act("ann", id_, REJECT)
    other = rows.make_round(team.project)
    samples = rows.make_samples(other, rows.make_prompt_set(team.project, prompts=1))
    rows.make_dataset(other, DatasetType.preference, [{"prompt_id": s.prompt_id, "sample_id": s.id} for s in samples])
    user_id = team.who("ann").user_id
    assert removals.preview(team.curator, team.round.id, user_id).datasets == ()
    mine = team.samples[1]
    rows.make_dataset(
        other, DatasetType.preference, step=9, examples=[{"prompt_id": mine.prompt_id, "rejected_id": mine.id}]
    )
    [affected] = removals.preview(team.curator, team.round.id, user_id).datasets
    assert affected.examples == 1


def test_an_even_draw_has_the_labels_and_prompts_of_its_runs(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawn, "MOST", 12)
    monkeypatch.setattr(drawn, "BLOCKS", 4)
    team = Team(prompts=20, scores=SCORES)
    label, sample = tables.Label, tables.Sample
    columns = label.sample_id, label.step, label.score, label.verdict, label.machine_score, label.machine_verdict
    query = select(*columns, label.num_tokens, sample.prompt_id).join(sample, sample.id == label.sample_id)
    low, span = team.ids[0], team.ids[-1] - team.ids[0] + 1
    runs = {low + place * span // 4 + step for place in range(4) for step in range(3)}
    with reading() as db:
        draw = drawn.draw(db, scope(db, team.round.id, Filters()), len(team.ids))
        plain = [tuple(row) for row in db.execute(query.where(label.sample_id.in_(runs)))]
    assert sorted(map(tuple, draw.rows)) == sorted(plain)
    assert (len(draw.rows), draw.is_all) == (12, False)


def test_what_people_changed_most_is_what_a_sort_of_all_gives(database: str) -> None:
    team, drawn_ = Team(prompts=12, scores=(5.0, 1.0, 3.0, None)), random.Random(11)
    for sample_id in team.ids:
        if drawn_.random() < 0.7:
            team.act("ann", sample_id, SCORE, score=float(drawn_.randrange(6)))
        elif drawn_.random() < 0.5:
            team.act("bob", sample_id, drawn_.choice((ACCEPT, REJECT)))
    label = tables.Label
    with reading() as db:
        labels = list(db.scalars(select(label).where(label.is_overridden)))
        assert len(labels) > extremes.SHOWN
        first = [row.sample_id for row in sorted(labels, key=_how_far)[: extremes.SHOWN]]
        asked = scope(db, team.round.id, Filters())
        assert extremes._furthest(asked) == first
    with session() as db:
        # An overridden label that is not a person's is in no index of what people changed.
        db.get_one(label, first[-1]).source = LabelSource.judge
    with reading() as db:
        assert extremes._furthest(scope(db, team.round.id, Filters())) == first


def _how_far(row: tables.Label) -> tuple[Any, ...]:
    is_same = row.verdict is not None and row.verdict == row.machine_verdict
    return is_same, -abs((row.score or 0.0) - (row.machine_score or 0.0)), row.sample_id


def test_labels_that_people_changed_are_read_in_an_index_of_their_own(database: str) -> None:
    """The statements say again what the facets do, in the index's own words."""
    team = Team(prompts=3)
    team.act("ann", team.ids[0], REJECT)
    with session() as db:
        (facet,) = db.scalars(select(tables.Label.facet).where(tables.Label.sample_id == team.ids[0]))
        where = f"round_id = {team.round.id} AND facet IN ({facet}) AND ({CHANGED_SQL})"
        query = f"SELECT facet, machine_verdict, count(*) FROM labels WHERE {where} GROUP BY facet, machine_verdict"
        is_sqlite = db.get_bind().dialect.name == "sqlite"
        if not is_sqlite:
            # Of six labels it takes any index: here it has none but this, and uses it only where the words fit.
            db.execute(text("SET LOCAL enable_seqscan = off"))
            for column in ("id", "score", "length", "spread"):
                db.execute(text(f"DROP INDEX ix_labels_by_{column}"))
        explain = "EXPLAIN QUERY PLAN" if is_sqlite else "EXPLAIN"
        plan = " ".join(str(row[-1]) for row in db.execute(text(f"{explain} {query}")))
        db.rollback()
    assert "ix_labels_changed" in plan, plan
