"""Decisions as columns that stay between asks: after whatever people do they are what reading all gives."""

import random
import threading
import uuid
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest
from sqlalchemy import delete, event, select
from sqlalchemy.orm import Session

from backend.db import now, reading, session, snapshot, standing, tables
from backend.db.filters import Filters
from backend.db.standing import ANY_LABELLING, TOGETHER
from backend.errors import RondoError
from backend.services import review_settings, reviews
from backend.services.decisions import bulk, cast_votes, decision_columns, patterns
from backend.services.decisions.acts import COUNTED_SECONDS
from backend.services.decisions.decision_columns import BLIND, DecisionColumns, moment
from backend.services.decisions.verdicts import verdict_of
from backend.services.reviews import Act
from backend.services.team import agreement, left_to_decide, removals, reviewers
from backend.services.team.agreement import Criterion
from backend.values import DecisionKind, LabelSource
from tests import rows
from tests.integration.reviewing import ACCEPT, REJECT, RETRACT, SCORE, SKIP, Team
from tests.waiting import PATIENCE, until

EDIT, FLAG, PREFER = DecisionKind.edit, DecisionKind.flag, DecisionKind.prefer
CUT = 4.0


@pytest.fixture(autouse=True)
def columns_of_few_decisions_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decision_columns, "FEWEST_KEPT", 0)
    monkeypatch.setattr(decision_columns, "AGAIN", (3,))


def kept(team: Team) -> DecisionColumns:
    with reading() as db:
        return decision_columns.read(db, db.get_one(tables.Round, team.round.id))


def anew(team: Team) -> DecisionColumns:
    decision_columns._kept.clear()
    return kept(team)


def compare(team: Team) -> None:
    columns, whole = kept(team), anew(team)
    for name in decision_columns.COLUMNS:
        np.testing.assert_array_equal(getattr(columns, name), getattr(whole, name), err_msg=name)


def decide_at_random(team: Team, drawn: random.Random, number: int, kinds: tuple[DecisionKind, ...]) -> None:
    for _ in range(number):
        kind, sample_id = drawn.choice(kinds), drawn.choice(team.ids)
        fields: dict[str, Any] = {}
        if kind is SCORE:
            fields = {"score": float(drawn.randrange(6))}
        if kind is EDIT:
            fields = {"text": f"better {drawn.random()}"}
        if kind is PREFER:
            first = sample_id - (sample_id - team.ids[0]) % 2
            pair = [first, first + 1]
            drawn.shuffle(pair)
            fields = {"value": drawn.choice(({"best": pair[0], "worst": pair[1]}, {"tie": pair}, {"all_bad": pair}))}
        act = Act(uuid.UUID(int=drawn.getrandbits(128)).hex, kind, 0 if kind is RETRACT else sample_id, **fields)
        reviews.decide_each(team.who(drawn.choice(("ann", "bob", "cy"))), team.round.id, [act])


@pytest.mark.parametrize("mode", ["sample", "group"])
def test_what_is_kept_and_added_to_is_what_reading_all_gives(database: str, mode: str) -> None:
    team, drawn = Team(prompts=3, mode=mode, num_reviewers_per_item=2), random.Random(3)
    for _ in range(12):
        decide_at_random(team, drawn, 5, (ACCEPT, REJECT, SCORE, EDIT, PREFER, SKIP, FLAG, RETRACT))
        compare(team)
    reason = {"reason": "all", "token": bulk.preview(team.curator, team.round.id, Filters(), ACCEPT).token}
    action = bulk.apply(team.curator, team.round.id, Filters(), ACCEPT, **reason)
    compare(team)
    bulk.undo(team.curator, action.id)
    compare(team)
    admin = rows.make_actor(team.project)
    removal = removals.remove(admin, team.round.id, team.who("ann").user_id, reason="tried out")
    compare(team)
    removals.undo(admin, team.round.id, removal.id)
    compare(team)


def test_columns_say_what_the_rows_do(database: str) -> None:
    team, drawn = Team(prompts=3, mode="group", num_reviewers_per_item=2), random.Random(5)
    decide_at_random(team, drawn, 40, (ACCEPT, REJECT, SCORE, PREFER, SKIP, FLAG, RETRACT))
    with session() as db:
        first = db.scalars(select(tables.Decision).order_by(tables.Decision.id).limit(1)).one()
        first.seconds, first.created_at = 1e6, datetime(1999, 12, 31, 23, 59, 59, 7, tzinfo=UTC)
    columns = anew(team)
    with reading() as db:
        plain = list(db.scalars(select(tables.Decision).order_by(tables.Decision.id)))
    assert [moment(at) for at in columns.at] == [row.created_at for row in plain]
    assert [decision_columns.KINDS[place] for place in columns.kind] == [row.kind for row in plain]
    assert columns.retracts.tolist() == [row.retracts_id or 0 for row in plain]
    seconds = [None if row.seconds is None else min(row.seconds, COUNTED_SECONDS) for row in plain]
    for column, expected in ((columns.seconds, seconds), (columns.score, [row.score for row in plain])):
        assert [None if np.isnan(value) else value for value in column] == expected
    words = {decision_columns.TIE: "tie", decision_columns.ALL_BAD: "all_bad"}
    for best, row in zip(columns.best.tolist(), plain, strict=True):
        if row.kind is PREFER:
            assert words[best] in row.value if best in words else best == row.value["best"]
        else:
            assert best == decision_columns.NO_BEST
    assert {row.kind for row in plain} >= {PREFER, SCORE, RETRACT}


def test_a_row_of_a_smaller_number_that_comes_later_is_found(database: str) -> None:
    """PostgreSQL gives numbers out before they are committed."""
    team = Team(prompts=4)
    ann = team.who("ann")
    with session() as db:
        for number in (10, 20, 30, 40, 50, 60):
            db.add(_row(team, ann.user_id, number))
    assert kept(team).id.tolist() == [10, 20, 30, 40, 50, 60]
    for number in (55, 15):  # among the last ones, which are asked for again, and long before them
        with session() as db:
            db.add(_row(team, ann.user_id, number))
        compare(team)
        assert number in kept(team).id
    with session() as db:
        db.execute(delete(tables.Decision).where(tables.Decision.id == 20))
    assert 20 not in kept(team).id


def _row(team: Team, user_id: int, number: int) -> tables.Decision:
    sample = team.samples[number % len(team.samples)]
    return tables.Decision(
        id=number,
        client_id=f"row-{number}",
        project_id=team.project.id,
        round_id=team.round.id,
        group_id=sample.group_id,
        sample_id=sample.id,
        user_id=user_id,
        kind=ACCEPT,
        created_at=now(),
    )


def count_whole(monkeypatch: pytest.MonkeyPatch, wait: threading.Event | None = None) -> list[int]:
    """What is appended to whenever all rows are read; `wait`: how long that takes."""
    counted, whole = list[int](), decision_columns._whole

    def counting(db: Session, round_id: int) -> DecisionColumns:
        counted.append(round_id)
        if wait is not None:
            assert wait.wait(PATIENCE)
        return whole(db, round_id)

    monkeypatch.setattr(decision_columns, "_whole", counting)
    return counted


def test_who_asks_while_all_rows_are_read_waits_for_them(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decision_columns, "PAGE", 2)
    team, go = Team(prompts=4), threading.Event()
    for sample_id in team.ids:
        team.act("ann", sample_id, ACCEPT)
    counted = count_whole(monkeypatch, go)
    with ThreadPoolExecutor(6) as askers:
        asked = [askers.submit(kept, team) for _ in range(6)]
        until(lambda: bool(counted))
        go.set()
        assert [len(future.result(PATIENCE)) for future in asked] == [len(team.ids)] * 6
    assert counted == [team.round.id]


def test_a_view_that_is_older_than_what_is_kept_sees_what_it_held(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On SQLite a reader sees rows as they were when it began, though another has kept newer ones since."""
    team = Team(prompts=4)
    acts = [team.act("ann", sample_id, ACCEPT) for sample_id in team.ids]
    before = kept(team)
    counted = count_whole(monkeypatch)
    with snapshot() as db:
        round_ = db.get_one(tables.Round, team.round.id)
        team.take_back("ann", acts[0])
        assert not kept(team).stands[0]
        older = decision_columns.read(db, round_)
    assert older.id.tolist() == before.id.tolist()
    assert older.stands.all()
    assert not kept(team).stands[0]
    assert not counted, "the last rows alone tell that"
    compare(team)


def test_rows_and_their_number_are_read_by_one_statement(database: str) -> None:
    team = Team(prompts=4)
    for sample_id in team.ids:
        team.act("ann", sample_id, ACCEPT)
    kept(team)
    asked = list[str]()
    with reading() as db:
        round_ = db.get_one(tables.Round, team.round.id)
        event.listen(db.connection(), "before_cursor_execute", lambda *args: asked.append(args[2]))
        decision_columns.read(db, round_)
    assert len(asked) == 1


def plain_votes(team: Team) -> dict[tuple[int, int, bool], Any]:
    """The last vote of each person on each item, read row by row."""
    decision = tables.Decision
    query = standing.votes(decision).where(decision.round_id == team.round.id).order_by(decision.id)
    with reading() as db:
        return {(row.sample_id, row.user_id, row.kind in TOGETHER): row for row in db.scalars(query)}


def test_votes_and_patterns_are_those_counted_one_by_one(database: str) -> None:
    team, drawn = Team(prompts=6, num_reviewers_per_item=3), random.Random(11)
    decide_at_random(team, drawn, 160, (ACCEPT, REJECT, SCORE, PREFER, SKIP, RETRACT))
    plain = plain_votes(team)
    votes = cast_votes.cast(kept(team), CUT)
    seen = {
        (sample, user, together): (verdict, None if np.isnan(score) else score, hidden)
        for sample, user, together, verdict, score, hidden in zip(
            votes.sample.tolist(),
            votes.user.tolist(),
            votes.together.tolist(),
            votes.verdict.tolist(),
            votes.score.tolist(),
            votes.hidden.tolist(),
            strict=True,
        )
    }
    codes = {None: cast_votes.NO_VERDICT, "reject": cast_votes.REJECT, "accept": cast_votes.ACCEPT}
    assert seen == {
        key: (codes[verdict_of(row.kind, row.score, CUT)], row.score, row.is_blind) for key, row in plain.items()
    }
    by_item: dict[int, dict[int, str]] = defaultdict(dict)
    for (sample_id, user_id, is_together), row in plain.items():
        if not is_together:
            by_item[sample_id][user_id] = str(verdict_of(row.kind, row.score, CUT))
    with reading() as db:
        round_ = db.get_one(tables.Round, team.round.id)
        gathered = agreement.gathered(db, round_, kept(team))
        machine = dict(db.execute(select(tables.Label.sample_id, tables.Label.machine_verdict)).tuples().all())
    words = gathered.words[Criterion.verdict]
    assert words.patterns() == Counter(
        tuple(sorted(by_user.values(), reverse=True)) for by_user in by_item.values() if len(by_user) > 1
    )
    pairs: dict[tuple[int, int], Counter[Any]] = defaultdict(Counter)
    judged: dict[int, Counter[Any]] = defaultdict(Counter)
    for sample_id, by_user in by_item.items():
        for user_id, word in by_user.items():
            judged[user_id][word, str(machine[sample_id])] += 1
            for other, others in by_user.items():
                if user_id < other:
                    pairs[user_id, other][word, others] += 1
    assert words.pairs() == pairs
    assert words.against(gathered.judged[Criterion.verdict]) == judged
    assert len(by_item) > 8
    assert len(pairs) == 3


def test_the_preview_of_a_removal_is_what_it_does(database: str) -> None:
    for seed, overlap in ((1, 1), (2, 3)):
        team, drawn = Team(prompts=6, num_reviewers_per_item=overlap), random.Random(seed)
        decide_at_random(team, drawn, 80, (ACCEPT, REJECT, SCORE, EDIT, PREFER, SKIP, FLAG, RETRACT))
        admin = rows.make_actor(team.project)
        for name in ("ann", "bob", "cy", "ann"):
            user_id = team.who(name).user_id
            try:
                told = removals.preview(team.curator, team.round.id, user_id)
            except RondoError:
                continue  # nothing of theirs stands
            before = labels(team)
            removal = removals.remove(admin, team.round.id, user_id, reason="tried out")
            after = labels(team)
            changed = Counter(
                (word(before[id_]), word(after[id_]), str(after[id_][2])) for id_ in before if before[id_] != after[id_]
            )
            assert Counter({(row.before, row.after, row.source): row.count for row in told.labels}) == changed
            assert told.decisions == removal.decisions
            removals.undo(admin, team.round.id, removal.id)


def labels(team: Team) -> dict[int, tuple[Any, ...]]:
    label = tables.Label
    with reading() as db:
        query = select(label.sample_id, label.verdict, label.score, label.source)
        return {id_: tuple(rest) for id_, *rest in db.execute(query.where(label.round_id == team.round.id))}


def word(label: tuple[Any, ...]) -> str:
    verdict, score, _ = label
    return f"{verdict or 'no verdict'}{'' if score is None else f' {score:g}'}"


def test_what_is_left_is_what_the_labels_say(database: str) -> None:
    team, drawn = Team(prompts=8), random.Random(9)
    decide_at_random(team, drawn, 20, (ACCEPT, REJECT, SCORE, EDIT, SKIP, RETRACT))
    seen = bulk.preview(team.curator, team.round.id, Filters(verdict=("reject",)), ACCEPT)
    bulk.apply(team.curator, team.round.id, Filters(verdict=("reject",)), ACCEPT, reason="all", token=seen.token)
    decide_at_random(team, drawn, 10, (ACCEPT, REJECT))
    label, decision = tables.Label, tables.Decision
    with reading() as db:
        settings = review_settings.read(db.get_one(tables.Round, team.round.id).review)
        slots = left_to_decide.open_slots(db, team.round.id, settings, kept(team))
        words = set(db.execute(standing.own_words(decision.sample_id, decision.user_id)).tuples())
        of_people = label.kind.in_(tables.JUDGED), label.source == LabelSource.person
        labelled = set(db.scalars(select(label.sample_id).where(*of_people)))
    assert slots == len(team.ids) - len(labelled - {sample_id for sample_id, _ in words}) - len(words)


def test_pages_of_figures_know_a_decision_at_once(database: str) -> None:
    team = Team(prompts=3, num_reviewers_per_item=2)
    for sample_id in team.ids[:4]:
        team.act("ann", sample_id, ACCEPT)
    for number, sample_id in enumerate(team.ids[:4], start=1):
        team.act("bob", sample_id, ACCEPT if number % 2 else REJECT)
        (among,) = agreement.measure(team.curator, team.round.id).among
        assert among.percent.n == number
        people = {row.user_id: row.decided for row in reviewers.everyone(team.curator, team.round.id)}
        assert people[team.who("bob").user_id] == number
        assert patterns.last_words(cast_votes.cast(kept(team), CUT)).patterns().total() == number
    assert kept(team).has(BLIND).all()
    assert kept(team).is_kind(ANY_LABELLING).all()
