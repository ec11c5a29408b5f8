"""Five people review a blind round over REST, with assignments, overlap and gold items.

Every item reaches its number of reviewers, nothing is lost or doubled, the review closes by its rule, and nothing that
REST tells a reviewer, nor when, tells a gold item from another. The suite runs 40 items on SQLite; the figure is of
`RONDO_ITEMS=300 pytest -s tests/acceptance/test_a_team_of_five.py`.
"""

import os
import random
import threading
import time
import uuid
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import httpx
import numpy
import pytest
from sqlalchemy import select

from backend.db import reading, standing, tables
from backend.services.access import Actor
from backend.services.people import sessions
from backend.services.reviews import close_rules
from backend.values import Role, RoundStatus, Stage
from tests import rows
from tests.acceptance import telling
from tests.acceptance.test_many_reviewers import Server

ITEMS = int(os.environ.get("RONDO_ITEMS", "40"))
DATABASES = ("sqlite", "postgresql") if "RONDO_ITEMS" in os.environ else ("sqlite",)
K = 2
GIVE_UP_SECONDS = 120 + 6 * ITEMS
NAMES = ("ann", "ben", "cid", "slow", "skips")
JSON = dict[str, Any]


class Round:
    """`ITEMS` items, a fifth of them gold; two people are given some, through REST as all else."""

    def __init__(self, server: Server) -> None:
        self.server, chance = server, random.Random(5)
        self.project = rows.make_project()
        self.round = rows.make_round(
            self.project,
            status=RoundStatus.review,
            stage=Stage.review,
            is_reviewed=True,
            is_blind=True,
            review={
                "num_reviewers_per_item": K,
                "gold_share": 0.2,
                "random_share": 0.2,
                "reservation_minutes": 0.2,
                "close_rule": "all_decided",
            },
        )
        samples = rows.make_samples(
            self.round, rows.make_prompt_set(self.project, prompts=ITEMS // 2), n=2, scores=[1.0, 0.0, 0.6]
        )
        self.ids = [sample.id for sample in samples]
        rows.make_judgments(samples)
        self.path = f"/api/v1/rounds/{self.round.id}"
        rows.make_user(is_owner=True)
        self.people = {name: rows.make_actor(self.project, Role.reviewer, name=name) for name in NAMES}
        self.gold = set(chance.sample(self.ids, ITEMS // 5))
        with self.client(rows.make_actor(self.project, Role.curator)) as curator:
            for verdict in ("accept", "reject"):
                some = sorted(self.gold)[verdict == "accept" :: 2]
                send(curator, "POST", f"{self.path}/review/gold", {"sample_ids": some, "verdict": verdict})
            for name, some in (("ann", self.ids[: ITEMS // 4]), ("ben", self.ids[ITEMS // 3 : ITEMS // 2])):
                given = {"user_id": self.people[name].user_id, "sample_ids": some}
                send(curator, "POST", f"{self.path}/review/assignments", given)

    def client(self, actor: Actor) -> httpx.Client:
        secret = sessions.create_token(actor, name="team")[1]
        return httpx.Client(
            base_url=self.server.address, headers={"authorization": f"Bearer {secret}"}, timeout=120, verify=False
        )


class Over(Exception):
    """The review was closed meanwhile."""


def send(client: httpx.Client, method: str, path: str, body: Any = None, **params: Any) -> Any:
    """The answer; an overloaded server is asked again."""
    for _ in range(200):
        answer = client.request(method, path, json=body, params=params)
        if answer.status_code == 409 and "frozen" in answer.text:
            raise Over
        if answer.status_code < 500:
            assert answer.is_success, answer.text
            return answer.json() if answer.content else None
        time.sleep(0.1)
    raise AssertionError(answer.text)


class Person:
    """One reviewer at work, who notes everything that is told of each item."""

    def __init__(self, round_: Round, name: str) -> None:
        self.round, self.name, self.actor = round_, name, round_.people[name]
        self.client, self.path = round_.client(self.actor), round_.path
        self.acknowledged: dict[str, int] = {}
        self.seen: list[tuple[int, JSON]] = []
        self.skipped: set[int] = set()
        self.problem: str | None = None
        self.told: JSON = {}
        self.is_alone = False

    def work(self, most: int | None = None) -> None:
        """Decide until the review is over, or so many alone, when every number that moves is one's own doing."""
        self.is_alone = most is not None
        try:
            self.told = self.counts()
            while most is None or len(self.acknowledged) < most:
                if not self.take(5 if most is None else min(5, most - len(self.acknowledged))):
                    time.sleep(0.3)
        except Over:
            pass
        except Exception as error:
            self.problem = f"{self.name}: {error!r}"

    def take(self, number: int) -> int:
        at = time.perf_counter()
        wanted = {"limit": number, "order": "informativeness"}
        items = send(self.client, "POST", f"{self.path}/review/claims", wanted)
        took = time.perf_counter() - at
        if not items and send(self.client, "GET", f"/api/v1/rounds/{self.round.round.id}")["status"] != "review":
            raise Over
        beat = send(self.client, "POST", f"{self.path}/review/here", {"held": [entry["sample_id"] for entry in items]})
        first = items[0]["lease_until"] if items else ""
        for place, item in enumerate(items):
            n = item["sample_id"]
            item["lease_until"] = item["lease_until"] == first
            about: JSON = {
                "item": item,
                "place": place,
                "of": len(items),
                "met before": len(self.seen),
                "is drawn": "at random" in (item["reason"] or ""),
                "claimed in": round(took, 2),
                "is kept": n in beat["kept"],
                "is lost": n in [entry["sample_id"] for entry in beat["lost"]],
                "is after the one before": place > 0 and n > items[place - 1]["sample_id"],
            }
            self.decide(n, about)
        return len(items)

    def decide(self, n: int, about: JSON) -> None:
        if self.name == "slow":
            time.sleep(random.uniform(0.2, 2.0))
        about["holders"] = send(self.client, "GET", f"{self.path}/review/holders", sample_id=n)
        client_id, is_skip = uuid.uuid4().hex, self.name == "skips" and n % 4 == 0
        kind = "skip" if is_skip else "accept" if (n * 7 + self.actor.user_id) % 3 else "reject"
        act = {"client_id": client_id, "kind": kind, "sample_id": n, "seconds": 2.0}
        at = time.perf_counter()
        [about["answer"]] = send(self.client, "POST", f"{self.path}/decisions", {"decisions": [act]})
        about["decided in"] = round(time.perf_counter() - at, 2)
        if is_skip:
            self.skipped.add(n)
        else:
            self.acknowledged[client_id] = n
        before, self.told = self.told, self.counts()
        about["moves"] = {name: self.told[name] - before[name] for name in self.told}
        if self.is_alone:
            after = {"limit": 200, "descending": n > self.round.ids[ITEMS // 2]}
            listed = send(self.client, "GET", f"{self.path}/samples", **after)
            about["row"] = next((row for row in listed["items"] if row["id"] == n), None)
        self.seen.append((n, without_names(about)))

    def counts(self) -> JSON:
        """Every number that REST tells a reviewer of the round and, where these are looked at, of themselves."""
        progress = send(self.client, "GET", f"{self.path}/review")
        results = {f"progress {key}": progress[key] for key in ("samples", "decided", "remaining")}
        results |= {f"tally {key}": progress["mine"][key] for key in ("decided", "overridden")}
        if not self.is_alone:
            return results
        mine = send(self.client, "GET", f"{self.path}/reviewers/me")
        given = send(self.client, "GET", f"{self.path}/review/assignments")
        results |= {f"mine {key}": mine[key] for key in ("decided", "overrides", "left", "skipped", "late")}
        results |= {f"mine {key} n": mine[key]["n"] for key in ("judge", "judge_random", "colleagues", "judge_kappa")}
        own = next((entry for entry in given if entry["user_id"] == self.actor.user_id), {"number": 0, "decided": 0})
        return results | {f"given {key}": own[key] for key in ("number", "decided")}


def without_names(value: Any) -> Any:
    """Numbers of rows, times and people say nothing of gold, and would only be learned by heart."""
    if isinstance(value, dict):
        left_out = ("id", "sample_id", "group_id", "client_id", "user_id", "who", "expires_at", "messages", "prompt")
        return {key: without_names(number) for key, number in value.items() if key not in left_out}
    return [without_names(entry) for entry in value] if isinstance(value, list) else value


@pytest.mark.slow
@pytest.mark.parametrize("database", DATABASES, indirect=True)
@pytest.mark.timeout(3 * GIVE_UP_SECONDS)
def test_five_people_decide_everything_once_and_nobody_finds_a_gold_item(database: str, tmp_path: Path) -> None:
    server, keeper = Server(tmp_path), close_rules.CloseWatch(every_seconds=0.5)
    keeper.start()
    try:
        round_ = Round(server)
        people = [Person(round_, name) for name in NAMES]
        started = time.perf_counter()
        for person in (people[0], people[2]):
            person.work(ITEMS // 8)
        threads = [threading.Thread(target=entry.work, daemon=True) for entry in people]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(1.0, GIVE_UP_SECONDS - (time.perf_counter() - started)))
        assert not any(thread.is_alive() for thread in threads), "somebody still waits"
        took = time.perf_counter() - started
        check(round_, people)
    finally:
        keeper.stop()
        server.stop()
    report(database, round_, people, took)


def check(round_: Round, people: list[Person]) -> None:
    """Compare what the clients were told with the rows."""
    assert [person.problem for person in people] == [None] * len(people)
    decision = tables.Decision
    with reading() as db:
        written = {
            row.client_id: (row.user_id, row.sample_id)
            for row in db.scalars(select(decision).where(decision.round_id == round_.round.id))
            if row.kind != "skip"
        }
        counted = standing.own_words(decision.sample_id, decision.user_id).where(decision.round_id == round_.round.id)
        reviewers: dict[int, set[int]] = defaultdict(set)
        for sample_id, user_id in db.execute(counted):
            reviewers[sample_id].add(user_id)
        stage = db.get_one(tables.Round, round_.round.id).stage
    replies = {key: (person.actor.user_id, n) for person in people for key, n in person.acknowledged.items()}
    assert written == replies, "lost, or made up"
    assert max(Counter(replies.values()).values()) == 1, "doubled"
    assert {n: len(reviewers[n]) for n in round_.ids} == dict.fromkeys(round_.ids, K)
    assert stage is Stage.select, "closed by its rule"


def report(database: str, round_: Round, people: list[Person], took: float) -> None:
    """Try to find the gold items, and say how well that went; the same classifier finds what is marked a little."""
    sightings = [(n, about) for person in people for n, about in person.seen]
    items = [n for n, _ in sightings]
    truth = numpy.array([float(n in round_.gold) for n in items])
    names, table = telling.columns([about for _, about in sightings])
    numbers = telling.scores(table, truth, items)
    area, ends = telling.area(numbers, truth), telling.interval(numbers, truth, items, share=0.95)
    column, alone, chance = telling.best_column(names, table, truth, items)
    late = sum(about["answer"]["decision"]["late_because"] is not None for _, about in sightings)
    print(
        f"\n{database.split(':')[0]}: 5 people, {ITEMS} items ({len(round_.gold)} gold), k = {K}: {len(items)} acts in "
        f"{took:.0f} s, {late} late, {sum(len(person.skipped) for person in people)} skips; every item has {K} reviewers, "
        f"0 lost, 0 doubled, closed by rule. Finding gold by {len(names)} columns: AUC {area:.3f}, 95 % "
        f"{ends[0]:.3f} to {ends[1]:.3f}; best single column {column!r}, AUC {alone:.3f}, p = {chance:.2f}",
        flush=True,
    )
    surer = telling.interval(numbers, truth, items, share=0.999)
    assert surer[0] <= 0.5 + 0.05, f"the classifier finds gold items: {area:.3f} {surer}"
    assert chance > 1.5 / telling.DEALT, f"{column} tells gold items, as none dealt by chance would: {alone:.3f}"
    assert_it_would_find(table, truth, items)


def assert_it_would_find(table: Any, truth: Any, items: list[int]) -> None:
    """The classifier is not blind: it finds a mark that is right in nine of ten cases."""
    mark = numpy.where(numpy.random.default_rng(3).random(len(truth)) < 0.9, truth, 1 - truth)
    marked = numpy.c_[table, (mark - mark.mean()) / mark.std()]
    numbers = telling.scores(marked, truth, items)
    assert telling.interval(numbers, truth, items, share=0.95)[0] > 0.5
