"""Everybody comes at nine: 300 sign-ins at once beside 10 reviewers who claim and decide, and a health check.

One real `rondo up` on SQLite. A sign-in that is told to come again waits as long as it was told, as a browser's person
would; a reviewer's request is timed from the outside, repeats included.
"""

import argparse
import asyncio
import os
import statistics
import threading
import time
import uuid
from collections import Counter
from typing import Any

import httpx

from tests.bench.place import data_folder
from tests.bench.web_process import resident_mb, start

PASSWORD = "correct horse battery"
REST = 0.5
"""Between two decisions of one reviewer: somebody who reads decides far less often."""
ITEMS, SET, BEFORE = 2400, 200, 40


def prepare(people: int, reviewers: int, items: int) -> tuple[int, list[str]]:
    """An installation with a round in review; return the round's id and a token for each reviewer."""
    from backend.db import session, tables
    from backend.services.people import credentials, sessions
    from backend.values import Role, RoundStatus, Stage
    from tests import rows

    project = rows.make_project()
    round_ = rows.make_round(project, status=RoundStatus.review, stage=Stage.review, is_reviewed=True)
    for _ in range(items // SET):
        rows.make_samples(round_, rows.make_prompt_set(project, prompts=SET // 4), n=4, scores=[1.0, 0.0, 0.6])
    deciding = [rows.make_actor(project, Role.reviewer) for _ in range(reviewers)]
    password_hash = credentials.hash_password(PASSWORD)
    with session() as db:
        users = [tables.User(name=f"person-{n}", password_hash=password_hash) for n in range(people)]
        db.add_all(users)
        db.flush()
        db.add_all(tables.Membership(project_id=project.id, user_id=user.id, role=Role.viewer) for user in users)
    return round_.id, [sessions.create_token(actor, name="bench")[1] for actor in deciding]


class Load:
    """What the clients saw, in seconds."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.reviewing: list[float] = []
        self.health: list[float] = []
        self.signing_in: list[float] = []
        self.answers: Counter[int] = Counter()
        self.decided = 0
        self.seconds = 0.0
        self.is_over = False

    async def health_checks(self) -> None:
        async with httpx.AsyncClient(base_url=self.address, timeout=60) as client:
            while not self.is_over:
                started = time.perf_counter()
                assert (await client.get("/healthz")).status_code == 200
                self.health.append(time.perf_counter() - started)
                await asyncio.sleep(0.1)

    async def review(self, round_id: int, token: str) -> None:
        headers = {"authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=f"{self.address}/api/v1", headers=headers, timeout=60) as client:
            while not self.is_over:
                items = await self._timed(
                    client, f"/rounds/{round_id}/review/claims", {"limit": 5, "order": "informativeness"}
                )
                assert items, "the queue ran dry"
                for item in items:
                    act = {"client_id": uuid.uuid4().hex, "kind": "accept", "sample_id": item["sample_id"]}
                    await self._timed(client, f"/rounds/{round_id}/decisions", {"decisions": [act]})
                    self.decided += 1
                    await asyncio.sleep(REST)

    async def _timed(self, client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> list[dict[str, Any]]:
        started = time.perf_counter()
        while True:
            answer = await client.post(path, json=body)
            if answer.status_code not in (429, 503):
                break
            self.answers[answer.status_code] += 1
            await asyncio.sleep(float(answer.headers.get("retry-after", "1")))
        assert answer.is_success, answer.text
        self.reviewing.append(time.perf_counter() - started)
        return answer.json()

    async def sign_in(self, number: int) -> None:
        started = time.perf_counter()
        # Without `verify=False` each client reads the system's certificates: 300 of them held up the reviewers' clients.
        async with httpx.AsyncClient(base_url=self.address, timeout=120, verify=False) as client:
            while True:
                answer = await client.post("/login", data={"name": f"person-{number}", "password": PASSWORD})
                self.answers[answer.status_code] += 1
                if answer.status_code == 303:
                    break
                assert answer.status_code in (429, 503), answer.text
                await asyncio.sleep(float(answer.headers["retry-after"]))
        self.signing_in.append(time.perf_counter() - started)


async def run(load: Load, round_id: int, tokens: list[str], people: int) -> None:
    """Let the reviewers get going, then let everybody sign in at once, until the last is in."""
    others = [asyncio.create_task(load.health_checks())]
    others += [asyncio.create_task(load.review(round_id, token)) for token in tokens]
    while len(load.reviewing) < BEFORE or len(load.health) < BEFORE:
        await asyncio.sleep(0.1)
    for figures in (load.reviewing, load.health):
        print(f"before: {describe(figures)}")
        figures.clear()
    started = time.perf_counter()
    await asyncio.gather(*(load.sign_in(number) for number in range(people)))
    load.seconds = time.perf_counter() - started
    load.is_over = True
    await asyncio.gather(*others)


def describe(seconds: list[float]) -> str:
    """Median, 95th percentile and worst."""
    cut = statistics.quantiles(seconds, n=20)
    return f"median {statistics.median(seconds):.3f} s, 95th percentile {cut[18]:.3f} s, worst {max(seconds):.3f} s"


class Memory:
    """The largest resident memory of a process while the block runs, in MB."""

    def __init__(self, pid: int) -> None:
        self.pid, self.most, self.over = pid, 0.0, threading.Event()
        self.thread = threading.Thread(target=self._look)

    def _look(self) -> None:
        while not self.over.wait(0.1):
            self.most = max(self.most, resident_mb(self.pid))

    def __enter__(self) -> "Memory":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=300, help="who sign in at once")
    parser.add_argument("--reviewers", type=int, default=10)
    asked = parser.parse_args()
    with data_folder() as folder:
        round_id, tokens = prepare(asked.people, asked.reviewers, items=ITEMS)
        process, link = start(str(folder))
        try:
            load = Load(str(httpx.URL(link).copy_with(path="/")).rstrip("/"))
            with Memory(process.pid) as memory:
                asyncio.run(run(load, round_id, tokens, asked.people))
        finally:
            process.terminate()
            process.wait(60)
    print(
        f"{asked.people} sign-ins at once, the last after {load.seconds:.1f} s (load {os.getloadavg()[0]:.1f}): "
        f"{describe(load.signing_in)}; answers {dict(load.answers)}"
    )
    print(f"{asked.reviewers} reviewers, {load.decided} decisions, claims and decisions: {describe(load.reviewing)}")
    print(f"health, asked every 0.1 s: {describe(load.health)}")
    print(f"memory, highest: {memory.most:.0f} MB")
    print("budgets: reviewers' 95th percentile under 1 s, health under 1 s, memory under 600 MB")


if __name__ == "__main__":
    main()
