"""Many reviewers at once against a real server: nothing lost, nothing doubled, no slot held twice, no item over k.

The suite runs few; the figures are of RONDO_REVIEWERS=50 RONDO_DECISIONS=100 on PostgreSQL and 10 by 100 on SQLite:
`RONDO_REVIEWERS=50 RONDO_DECISIONS=100 pytest -s tests/acceptance/test_many_reviewers.py -k postgresql`. So asked, a few
decisions come first, which find libraries and statements unread; RONDO_SERVERS=2 shares people among so many web
processes on PostgreSQL. RONDO_AT_ONCE=24 lets a claim ask for as many items as the desk does at four decisions a second.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from backend.db import reading, session, tables
from backend.services.access import Actor
from backend.services.people import sessions
from backend.values import LabelSource, Role, RoundStatus, Stage
from tests import rows
from tests.event_loops import run_alone
from tests.lines import Line
from tests.ports import reserve_port

K = 2
AT_ONCE = int(os.environ.get("RONDO_AT_ONCE", 5))
GIVE_UP_SECONDS = 600 + 0.2 * int(os.environ.get("RONDO_REVIEWERS", 0)) * int(os.environ.get("RONDO_DECISIONS", 0))
ANSWER_SECONDS = 120.0
"""What is not answered within it is sent again."""
FEW = {"sqlite": (4, 10), "postgresql": (8, 15)}


class Server:
    """`rondo up` without a worker, on one port however often it is started."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.log = folder / "server.log"
        self.reserved, self.port = reserve_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "app.cli", "up", "--no-worker", "--json", "--port", str(self.port)]
        with self.log.open("ab") as errors:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.log.read_text()[-3000:]
        answer = json.loads(line)
        assert answer["address"] == self.address
        self.link = answer["link"].removeprefix(f"{self.address}/login/link/")

    def state(self) -> str:
        """Whether it runs, and what it said last: what somebody has to know who could not reach it."""
        ended = self.process.poll()
        text = self.log.read_text(errors="replace")[-1500:]
        return f"the server {'runs' if ended is None else f'ended with {ended}'}; its log: {text}"

    def busy_seconds(self) -> float | None:
        """The processor time that it took since it was started: what other programs take makes it no longer.

        None on a system without /proc.
        """
        stat = Path(f"/proc/{self.process.pid}/stat")
        if not stat.exists():
            return None
        user, system = stat.read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self._ended()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self._ended()
        self.reserved.close()

    def _ended(self) -> None:
        self.process.wait(120)
        assert self.process.stdout is not None
        self.process.stdout.close()


class Reviewers:
    """One task a person: claims a few items, decides each, sends again with the same client_id until it is told.

    All of them are one thread of this process, which takes little of the processor that the server runs on, too.
    """

    def __init__(self, server: Server, round_id: int, people: list[Actor], decisions: int) -> None:
        self.servers, self.round_id, self.decisions = [server], round_id, decisions
        self.people = people
        self.secrets = {person.user_id: sessions.create_token(person, name="load")[1] for person in people}
        self.given: dict[int, set[int]] = defaultdict(set)
        self.acknowledged: dict[str, tuple[int, int]] = {}
        self.waited: list[float] = []
        self.waited_for_items: list[float] = []
        self.late: list[str] = []
        self.problems: list[str] = []
        self.retries = 0
        self.last = "nothing failed"
        self.in_the_middle: Callable[[], None] | None = None

    def run(self, *, in_the_middle: Callable[[], None] | None = None) -> float:
        """Let all work; return seconds. `in_the_middle` is called by whoever is told that a third is done."""
        self.in_the_middle = in_the_middle
        started = time.perf_counter()
        run_alone(self.work_all())
        return time.perf_counter() - started

    async def work_all(self) -> None:
        try:
            async with asyncio.timeout(GIVE_UP_SECONDS), asyncio.TaskGroup() as tasks:
                for person in self.people:
                    tasks.create_task(self.work(person))
        except TimeoutError as error:
            states = "; ".join(server.state() for server in self.servers)
            raise AssertionError(f"gave up after {GIVE_UP_SECONDS:.0f} s; last of all {self.last}; {states}") from error

    async def work(self, actor: Actor) -> None:
        server = self.servers[self.people.index(actor) % len(self.servers)]
        line, done = Line(server.address, self.secrets[actor.user_id]), 0
        try:
            while done < self.decisions:
                items = await self.claim(line, actor, min(AT_ONCE, self.decisions - done))
                assert items, "the queue ran dry"
                for sample_id in items:
                    await self.decide(line, actor, sample_id)
                    done += 1
        except AssertionError as error:
            self.problems.append(f"{actor.name}: {error!r}")
        finally:
            line.close()

    async def claim(self, line: Line, actor: Actor, number: int) -> list[int]:
        asked, started = {"limit": number, "order": "informativeness"}, time.perf_counter()
        answer = await self.send(line, f"/rounds/{self.round_id}/review/claims", asked)
        self.waited_for_items.append(time.perf_counter() - started)
        ids = [item["sample_id"] for item in answer]
        for sample_id in ids:
            self.given[sample_id].add(actor.user_id)
        return ids

    async def decide(self, line: Line, actor: Actor, sample_id: int) -> None:
        client_id = uuid.uuid4().hex
        kind = "accept" if (sample_id + actor.user_id) % 3 else "reject"
        act = {"client_id": client_id, "kind": kind, "sample_id": sample_id, "seconds": 1.0}
        started = time.perf_counter()
        answer = await self.send(line, f"/rounds/{self.round_id}/decisions", {"decisions": [act]})
        self.waited.append(time.perf_counter() - started)
        self.acknowledged[client_id] = (actor.user_id, sample_id)
        if answer[0]["decision"]["late_because"]:
            self.late.append(answer[0]["decision"]["late_because"])
        if self.in_the_middle and len(self.acknowledged) >= self.decisions * len(self.people) / 3:
            call, self.in_the_middle = self.in_the_middle, None
            await asyncio.to_thread(call)

    async def send(self, line: Line, path: str, body: dict[str, Any]) -> Any:
        """Send until there is an answer; only a server that is away or failed is asked again."""
        while True:
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    status, answer = await line.post(f"/api/v1{path}", body)
                if status < 500:
                    assert status < 300, answer
                    return answer
                self.last = f"{path}: {status} {answer}"
            except (ConnectionError, TimeoutError) as error:
                line.close()  # half an answer may be on its way
                self.last = f"{path}: {error!r}"
            self.retries += 1
            await asyncio.sleep(0.1)


def size(database: str) -> tuple[int, int]:
    few = FEW["sqlite" if database.startswith("sqlite") else "postgresql"]
    return int(os.environ.get("RONDO_REVIEWERS", few[0])), int(os.environ.get("RONDO_DECISIONS", few[1]))


def make(database: str, *servers: Server, decisions: int | None = None) -> Reviewers:
    number, asked_for = size(database)
    decisions = decisions or asked_for
    project = rows.make_project()
    round_ = rows.make_round(
        project,
        status=RoundStatus.review,
        stage=Stage.review,
        is_reviewed=True,
        review={"num_reviewers_per_item": K},
    )
    # More items than needed: near the end everybody else holds some.
    prompts = -(-number * decisions // (4 * K)) + number * AT_ONCE // 4
    asked = rows.make_prompt_set(project, prompts=prompts)
    samples = rows.make_samples(round_, asked, n=4, scores=[1.0, 0.0, 0.6])
    with session() as db:  # as the judge's stage writes it at its end
        of = [{"sample_id": n.id, "round_id": round_.id, "informativeness": n.id % 97 / 97} for n in samples]
        db.execute(insert(tables.Informativeness), of)
    people = [rows.make_actor(project, Role.reviewer) for _ in range(number)]
    load = Reviewers(servers[0], round_.id, people, decisions)
    load.servers = [*servers]
    return load


def busy_seconds(servers: list[Server]) -> float:
    """The processor time that they took; 0 on a system that does not tell."""
    return sum(server.busy_seconds() or 0.0 for server in servers)


def check(load: Reviewers) -> None:
    """Compare what the clients were told with the rows."""
    decision, lease, label = tables.Decision, tables.Lease, tables.Label
    with reading() as db:
        rows_ = db.scalars(select(decision).where(decision.round_id == load.round_id))
        written = {row.client_id: (row.user_id, row.sample_id) for row in rows_}
        held = select(lease.sample_id, lease.slot, lease.user_id, lease.decided_at)
        slots = db.execute(held.where(lease.round_id == load.round_id)).all()
        of_round = select(label.sample_id, label.source, label.score, label.verdict, label.updated_at)
        kept = db.execute(of_round.where(label.round_id == load.round_id).order_by(label.sample_id)).all()
    assert load.problems == []
    assert written == load.acknowledged, "lost, or made up"
    assert len(written) == load.decisions * len(load.people)
    assert max(Counter(written.values()).values()) == 1, "doubled"
    assert load.late == [], "nobody came late: every item was leased"
    assert max(len(people_of) for people_of in load.given.values()) <= K, "a slot held twice"
    assert max(slot for _, slot, _, _ in slots) < K
    holders = [(n, who) for n, _, who, _ in slots if who is not None]
    assert len(holders) == len(set(holders)), "one person in two slots"
    decided = Counter(n for n, _, _, at in slots if at is not None)
    assert max(decided.values()) <= K, "an item over k"
    assert decided == Counter(sample_id for _, sample_id in written.values())
    labelled = {row.sample_id for row in kept if row.source is LabelSource.person}
    assert labelled == set(decided), [tuple(row) for row in kept]


def report(database: str, load: Reviewers, seconds: float, note: str = "") -> None:
    total = len(load.acknowledged)
    print(
        f"\n{database.split(':')[0]}: {len(load.people)} reviewers, {load.decisions} decisions each, k = {K}: "
        f"{total} in {seconds:.1f} s, {total / seconds:.0f} decisions per second, {times(load.waited)}; "
        f"claims of up to {AT_ONCE} items {times(load.waited_for_items)}; 0 lost, 0 doubled, 0 slots held twice, "
        f"0 items over k{note}",
        flush=True,
    )


def times(seconds: list[float]) -> str:
    """Seconds that were waited, in words."""
    waited = [1000 * number for number in sorted(seconds)]
    return f"median {waited[len(waited) // 2]:.0f} ms, p95 {waited[19 * len(waited) // 20]:.0f} ms, worst {waited[-1]:.0f} ms"


@pytest.mark.slow
@pytest.mark.timeout(2 * GIVE_UP_SECONDS + 120)
def test_many_reviewers_at_once_lose_and_double_nothing_nor_does_a_server_killed_in_the_middle(
    database: str, tmp_path: Path
) -> None:
    server = Server(tmp_path)
    servers = [server]

    def kill_and_restart() -> None:
        server.kill()
        server.start()

    try:
        if database.startswith("postgresql"):
            servers += [Server(tmp_path / str(n)) for n in range(1, int(os.environ.get("RONDO_SERVERS", 1)))]
        if "RONDO_REVIEWERS" in os.environ:
            make(database, *servers, decisions=AT_ONCE).run()
        load = make(database, *servers)
        before = busy_seconds(servers)
        seconds = load.run()
        busy = 1000 * (busy_seconds(servers) - before) / len(load.acknowledged)
        check(load)
        note = f"; {busy:.1f} ms of the server's processor time each, claims with it" if busy else ""
        report(database, load, seconds, note + (f"; {len(servers)} web processes" if len(servers) > 1 else ""))
        load = make(database, server)
        seconds = load.run(in_the_middle=kill_and_restart)
        check(load)
        assert load.retries > 0, "nobody noticed that the server was away"
        report(database, load, seconds, f"; killed once, {load.retries} sends repeated")
    finally:
        for started in servers:
            started.stop()
