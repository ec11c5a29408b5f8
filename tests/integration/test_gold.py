"""Gold items: met like any item, told by nothing, and trained on with the label that was known."""

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

from backend import recipes, server_key
from backend.config import settings
from backend.db import reading, session, tables
from backend.errors import Conflict, NotFound, PermissionDenied
from backend.metrics.override_rate import OverrideRate
from backend.pipeline.funnel import looked_at
from backend.pipeline.known import write_known
from backend.pipeline.round_evidence import round_evidence
from backend.services import reviews, samples
from backend.services.decisions import leases
from backend.services.projects import overview
from backend.services.queue import Item, Order, assignments, gold
from backend.services.queue.item_views import RANDOM
from backend.services.team import reviewers as reviewer_stats
from backend.values import LabelSource, MetricValue, RoundStatus, Stage, Verdict
from tests import rows
from tests.integration.reviewing import ACCEPT, REJECT, Team


def marked(**review: object) -> tuple[Team, list[int]]:
    team = Team(prompts=20, gold_share=0.3, **review)
    known = team.ids[::5]
    assert gold.mark(team.curator, team.round.id, known, Verdict.accept, reason="checked by hand") == 8
    return team, known


@pytest.mark.on_sqlite
def test_every_reviewer_meets_each_gold_item_at_most_once(database: str) -> None:
    team, known = marked(num_reviewers_per_item=2)
    for name in ("ann", "bob"):
        met: list[int] = []
        for _ in range(8):
            items = team.queue(name, limit=5, order=Order.random)
            met += [n for n in items if n in known]
            for n in items:
                team.act(name, n, ACCEPT)
        assert len(met) == len(set(met))
        assert len(met) == 8, "there are as many as its share, and no item is left"
    assert len(team.decisions(is_gold=True)) == len({(d.user_id, d.sample_id) for d in team.decisions(is_gold=True)})


def test_a_gold_item_is_decided_like_any_other_and_measures_all_who_did(database: str) -> None:
    team, known = marked(num_reviewers_per_item=2)
    both = (known[0], next(n for n in team.ids if n not in known))
    replies = []
    for n in both:
        done = [team.act(name, n, REJECT) for name in ("ann", "bob", "cid")]
        assert all(item.judge is not None for item in done)
        records = [(act_result.late_because is not None, len(act_result.others)) for act_result in done]
        replies.append((records, team.label(n)[::2], [place[::2] for place in team.slots(n)]))
    assert replies[0] == replies[1]
    assert replies[0][0] == [(False, 0), (False, 1), (True, 2)]
    assert [d.is_gold for d in team.decisions()] == [True] * 3 + [False] * 3
    assert reviews.progress(team.curator, team.round.id).samples == 40
    assert [accuracy.number for accuracy in gold.accuracy(team.curator, team.round.id)] == [1, 1, 1], "late or not"


def test_nothing_tells_a_gold_item_from_others(database: str) -> None:
    team, known = marked()
    items = team.items("ann", limit=30, order=Order.random)
    there = [item for item in items if item.sample_id in known]
    others = [item for item in items if item.sample_id not in known]
    assert there
    assert others

    def face(item: Item) -> tuple[object, ...]:
        return (item.lease_until is None, item.is_random, item.reason, item.judge, item.members, item.others)

    assert {face(item) for item in there} == {face(item) for item in others}
    assert len({item.lease_until for item in items}) == 1
    assert leases.holders(team.who("ann"), team.round.id, [item.sample_id for item in items]) == []
    team.act("ann", there[0].sample_id, ACCEPT)
    assert reviewer_stats.mine(team.who("ann"), team.round.id).decided == 1
    assert reviews.progress(team.who("ann"), team.round.id).mine.decided == 1
    team.act("ann", others[0].sample_id, ACCEPT)
    listed = {row.id: row for row in samples.page(team.who("ann"), team.round.id).rows}
    assert listed[there[0].sample_id].source is listed[others[0].sample_id].source is LabelSource.person
    items = [item for item in items if item is not there[0]]
    renewed = leases.renew(team.who("ann"), team.round.id, [item.sample_id for item in items])
    assert set(renewed.kept) == {item.sample_id for item in items}
    assert renewed.lost == ()


def test_accuracy_goes_by_each_persons_last_word(database: str) -> None:
    team, known = marked()
    team.act("ann", known[0], REJECT)
    team.act("ann", known[0], ACCEPT)
    team.act("ann", known[1], ACCEPT)
    team.act("ann", known[2], REJECT)
    wrong = team.act("bob", known[0], REJECT)
    assert wrong.late_because is not None, "it measures all the same"
    results = {
        accuracy.who: (accuracy.right, accuracy.number) for accuracy in gold.accuracy(team.curator, team.round.id)
    }
    assert results == {team.who("ann").name: (2, 3), team.who("bob").name: (0, 1)}
    team.take_back("bob", wrong)
    assert len(gold.accuracy(team.curator, team.round.id)) == 1
    assert [entry.met for entry in gold.list_gold(team.curator, team.round.id)][:3] == [1, 1, 1]


def test_by_number_a_gold_item_comes_when_it_is_its_turn(database: str) -> None:
    team, _ = marked()
    assert team.queue("ann", limit=40) == team.ids


def a_long_round(prompts: int, **review: object) -> tuple[Team, set[int]]:
    """A round with 60 gold items, which are the least informative and have the lowest numbers."""
    team = Team(prompts=prompts, **review)
    with session() as db:
        for n in team.ids:
            db.add(
                tables.Informativeness(
                    sample_id=n, round_id=team.round.id, informativeness=n / 10_000, why="cut", is_open=True
                )
            )
    known = team.ids[:60]
    gold.mark(team.curator, team.round.id, known, Verdict.accept)
    return team, set(known)


@pytest.mark.on_sqlite
@pytest.mark.parametrize("prompts", [400, 700], ids=["listed", "drawn one by one"])
def test_in_random_order_a_share_of_the_queue_is_gold(database: str, prompts: int) -> None:
    team, known = a_long_round(prompts, gold_share=0.2)
    items = [n for number in range(4) for n in team.queue(f"p{number}", limit=50, order=Order.random)]
    assert 18 <= len(known & set(items)) <= 62, "about 20 % of 200"


@pytest.mark.on_sqlite
@pytest.mark.parametrize("is_blind", [True, False])
def test_what_comes_out_of_its_turn_says_that_it_was_drawn_whether_it_is_gold_or_not(
    database: str, *, is_blind: bool
) -> None:
    team, known = a_long_round(400, gold_share=0.3, random_share=0.4, is_blind=is_blind)
    items = [item for number in range(4) for item in team.items(f"p{number}", limit=50, order=Order.informativeness)]
    late = [item for item in items if item.sample_id < team.ids[500]]
    assert all(item.is_random is not is_blind for item in late)
    assert {item.reason for item in late} == {None if is_blind else "Drawn at random, to measure the judge fairly."}
    with reading() as db:
        leased = set(db.scalars(select(tables.Lease.sample_id).where(tables.Lease.is_random)))
    drawn = [n in known for n in leased]
    assert 50 <= len(drawn) <= 110, "about 40 % of 200"
    assert 0.1 <= sum(drawn) / len(drawn) <= 0.5, "about 30 % of these"


@pytest.mark.on_sqlite
@pytest.mark.parametrize("order", [Order.random, Order.informativeness])
@pytest.mark.parametrize("prompts", [100, 700], ids=["listed", "drawn one by one"])
def test_however_often_one_looks_every_item_stays_where_it_was(database: str, order: Order, prompts: int) -> None:
    team, known = a_long_round(prompts, gold_share=0.3, random_share=0.4)

    def look(**wishes: object) -> list[tuple[int, str | None]]:
        items = team.items("ann", order=order, peek=True, **wishes)
        return [(item.sample_id, item.reason) for item in items]

    first = look(limit=40)
    assert look(limit=40) == first
    if order is Order.random:
        assert any(n in known for n, _ in first)
        assert look(limit=15) == first[:15]
        left_out = [n for n, _ in first[:7]]
        assert look(limit=33, held=left_out) == first[7:], "those that are left move up, gold or not"


@pytest.mark.on_sqlite
def test_in_all_orders_the_same_items_are_drawn_in_the_same_order(database: str) -> None:
    team, known = a_long_round(700, gold_share=0.3, random_share=0.4, is_blind=False)
    drawn = {
        order: [item.sample_id for item in team.items("ann", order=order, peek=True, limit=60) if item.reason == RANDOM]
        for order in (Order.informativeness, Order.disagreement)
    }
    least = min(map(len, drawn.values()))
    assert least > 10
    alone = team.queue("ann", order=Order.random, peek=True, limit=60)
    assert drawn[Order.informativeness][:least] == drawn[Order.disagreement][:least] == alone[:least]
    assert known & set(alone)


def test_where_gold_items_come_only_the_servers_key_tells(database: str) -> None:
    team, known = a_long_round(100, gold_share=0.3, random_share=0.4, is_blind=False)

    def orders() -> list[list[object]]:
        random = team.queue("ann", order=Order.random, peek=True, limit=40)
        marks = [item.reason == RANDOM for item in team.items("ann", order=Order.informativeness, peek=True, limit=40)]
        return [[n in known for n in random], marks]

    before = orders()
    key = settings().folder / server_key.NAME
    key.write_text("another key")
    server_key._read.cache_clear()
    try:
        after = orders()
    finally:
        key.unlink()
        server_key._read.cache_clear()
    assert before[0] != after[0]
    assert before[1] != after[1]


def test_unmarked_it_is_an_ordinary_item_again(database: str) -> None:
    team = Team(prompts=2)
    gold.mark(team.curator, team.round.id, team.ids[:1], Verdict.reject)
    assert gold.unmark(team.curator, team.round.id, team.ids) == 1
    team.act("ann", team.ids[0], REJECT)
    assert not team.decisions()[0].is_gold
    assert gold.accuracy(team.curator, team.round.id) == []


def test_gold_is_for_curators_and_for_what_nobody_has_decided(database: str) -> None:
    team = Team(prompts=1)
    for call in (
        lambda: gold.mark(team.who("ann"), team.round.id, team.ids, Verdict.accept),
        lambda: gold.list_gold(team.who("ann"), team.round.id),
        lambda: gold.accuracy(team.who("ann"), team.round.id),
        lambda: gold.unmark(team.who("ann"), team.round.id, team.ids),
    ):
        with pytest.raises(PermissionDenied):
            call()
    team.act("ann", team.ids[0], ACCEPT)
    with pytest.raises(Conflict, match="decided by reviewers already"):
        gold.mark(team.curator, team.round.id, team.ids, Verdict.accept)
    other = Team(prompts=1)
    with pytest.raises(NotFound, match="no sample"):
        gold.mark(team.curator, team.round.id, other.ids, Verdict.accept)
    with pytest.raises(NotFound):
        gold.list_gold(rows.make_actor(rows.make_project()), team.round.id)


def numbers(team: Team, name: str) -> dict[str, float | None]:
    """Everything that is counted where a reviewer sees it."""
    actor, round_id = team.who(name), team.round.id
    progress, mine = reviews.progress(actor, round_id), reviewer_stats.mine(actor, round_id)
    line = overview.loop(actor, team.project.id).rounds[-1]
    fields: dict[str, float | None] = {
        "decided": progress.decided,
        "remaining": progress.remaining,
        "samples": progress.samples,
        "share": progress.share,
        "my decided": progress.mine.decided,
        "my overridden": progress.mine.overridden,
        "people": sum(person.decided for person in progress.people),
        "left": mine.left,
        "all decided": line.decided,
        "all overridden": line.overridden,
        "late": mine.late,
        "skipped": mine.skipped,
    }
    for figure in ("judge", "judge_kappa", "judge_random", "colleagues", "colleagues_alpha"):
        fields[f"{figure} n"] = getattr(mine, figure).n
    for entry in assignments.list_assigned(actor, round_id):
        fields |= {f"{entry.who} number": entry.number, f"{entry.who} decided": entry.decided}
    return fields


def moves(reviewers: int, *, is_assigned: bool, of_gold: bool) -> list[dict[str, float]]:
    """What every count does at four decisions of one person, who is alone at it, on gold items or on none."""
    team = Team(prompts=10, scores=(5.0,), num_reviewers_per_item=reviewers, gold_share=0.3)
    known = team.ids[: 6 if of_gold else 0] + team.ids[12:14]
    gold.mark(team.curator, team.round.id, known, Verdict.reject)
    ann = team.who("ann")
    if is_assigned:
        assignments.assign(team.curator, team.round.id, ann.user_id, sample_ids=team.ids[:12])
    for n in team.ids[4:6]:
        team.act("bob", n, ACCEPT)
    results = []
    for n, kind in ((0, REJECT), (1, ACCEPT), (4, REJECT), (5, ACCEPT)):
        before, done = numbers(team, "ann"), team.act("ann", team.ids[n], kind)
        after = numbers(team, "ann")
        fields = {"late": done.late_because is not None, "others": len(done.others), "judge": done.judge is not None}
        results.append({name: round((after[name] or 0) - (before[name] or 0), 6) for name in after} | fields)
    return [{name.replace(ann.name, "ann"): value for name, value in move.items()} for move in results]


@pytest.mark.on_sqlite
@pytest.mark.parametrize("reviewers", [1, 2])
@pytest.mark.parametrize("is_assigned", [True, False])
def test_every_count_moves_alike_for_a_gold_item(database: str, reviewers: int, *, is_assigned: bool) -> None:
    values = [moves(reviewers, is_assigned=is_assigned, of_gold=of_gold) for of_gold in (True, False)]
    assert values[0] == values[1]
    assert values[0][0]["judge n"] == 1


def test_known_labels_are_nothing_that_people_decided(database: str) -> None:
    team = Team(prompts=20, n=2)
    gold.mark(team.curator, team.round.id, team.ids[::4], Verdict.reject)

    def gold_figures() -> tuple[tuple[int, int], MetricValue]:
        with session() as db:
            write_known(db, team.round.id)
            row = db.get_one(tables.Round, team.round.id)
            counts = looked_at(db, row.id)
        recipe = recipes.read(row.recipe)
        stage: Any = SimpleNamespace(round=row, recipe=recipe, places=recipe.places())
        (rate,) = OverrideRate().compute(round_evidence(stage))
        return counts, rate

    counts, rate = gold_figures()
    assert counts == (0, 0)
    assert (rate.value, rate.details["looked_at"]) == (None, 0.0), "ten labels were known, and nobody reviewed"
    team.act("ann", team.ids[1], ACCEPT)
    team.act("ann", team.ids[0], ACCEPT)
    counts, rate = gold_figures()
    assert counts == (1, 1)
    assert (rate.value, rate.n, rate.details["looked_at"]) == (1.0, 1, 1 / 40)


def test_gold_items_are_marked_before_and_in_the_review_only(database: str) -> None:
    """Select writes the known labels: a mark during it or later would say what training does not read."""
    team = Team(prompts=2)

    def at(status: RoundStatus, stage: Stage) -> None:
        with session() as db:
            row = db.get_one(tables.Round, team.round.id)
            row.status, row.stage = status, stage

    for stage in (Stage.generate, Stage.judge):
        at(RoundStatus.running, stage)
        assert gold.mark(team.curator, team.round.id, team.ids[:2], Verdict.accept) == 2
        assert gold.unmark(team.curator, team.round.id, team.ids[:1]) == 1
    over = [(RoundStatus.running, entry) for entry in (Stage.select, Stage.train, Stage.evaluate)]
    for status, stage in (*over, (RoundStatus.done, Stage.evaluate), (RoundStatus.cancelled, Stage.review)):
        at(status, stage)
        with pytest.raises(Conflict, match="training reads the labels that were known when its review ended"):
            gold.mark(team.curator, team.round.id, team.ids[2:3], Verdict.accept)
        with pytest.raises(Conflict, match="in review or before it"):
            gold.unmark(team.curator, team.round.id, team.ids)
    at(RoundStatus.review, Stage.review)
    assert [entry.sample_id for entry in gold.list_gold(team.curator, team.round.id)] == team.ids[1:2]


def test_a_gold_item_that_was_decided_stays_one_and_its_label_can_be_corrected(database: str) -> None:
    team = Team(prompts=2)
    gold.mark(team.curator, team.round.id, team.ids[:2], Verdict.reject)
    done = team.act("ann", team.ids[0], ACCEPT)
    late = team.act("bob", team.ids[0], ACCEPT)
    assert late.late_because is not None
    with pytest.raises(Conflict, match=f"Sample {team.ids[0]} was decided by reviewers already"):
        gold.unmark(team.curator, team.round.id, team.ids)
    assert len(gold.list_gold(team.curator, team.round.id)) == 2, "all or none"
    gold.mark(team.curator, team.round.id, team.ids[:1], Verdict.accept)
    assert {accuracy.right for accuracy in gold.accuracy(team.curator, team.round.id)} == {1}
    team.take_back("ann", done)
    with pytest.raises(Conflict, match="was decided by reviewers"):
        gold.unmark(team.curator, team.round.id, team.ids[:1])
    team.take_back("bob", late)
    assert gold.unmark(team.curator, team.round.id, team.ids) == 2
