"""Two web processes on one PostgreSQL: a reviewer whose requests go to one and the other loses nothing."""

import itertools
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from backend.services.people import accounts, sessions
from backend.values import Role
from tests import rows
from tests.acceptance.test_many_reviewers import Reviewers, Server, check, make

pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


class Alternating(Reviewers):
    """Each request goes to the process that did not get the one before, whoever sends it."""

    addresses: Iterator[str]

    def send(self, client: httpx.Client, path: str, body: dict) -> list[dict]:
        client.base_url = httpx.URL(next(self.addresses))
        return super().send(client, path, body)


@pytest.fixture
def servers(database: str, tmp_path: Path) -> Iterator[list[Server]]:
    """Two that start at the same moment."""
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        folder.mkdir()
    with ExitStack() as stack:

        def start(folder: Path) -> Server:
            server = Server(folder)
            stack.callback(server.stop)  # here: also where the other one does not come up
            return server

        with ThreadPoolExecutor(2) as pool:
            result = list(pool.map(start, folders))
        yield result


def test_reviewers_who_alternate_between_two_processes_lose_and_double_nothing(
    database: str, servers: list[Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses = [server.address for server in servers]
    assert [sessions.peek_link(server.link) for server in servers] == [accounts.FIRST_OWNER] * 2, "what both printed"
    a_session_of_one_is_one_of_the_other_and_ends_in_both(*addresses)  # here, as the start takes most of the time
    monkeypatch.setenv("RONDO_REVIEWERS", "4")
    monkeypatch.setenv("RONDO_DECISIONS", "6")
    load = make(database, servers[0])
    turns = Alternating(servers[0], load.round_id, load.people, load.decisions)
    turns.addresses = itertools.cycle(addresses)
    turns.run()
    check(turns)


def a_session_of_one_is_one_of_the_other_and_ends_in_both(text: str, two: str) -> None:
    person = rows.make_actor(rows.make_project(), Role.reviewer)
    link = accounts.one_time_link(accounts.local_owner(), person.user_id)
    with httpx.Client(follow_redirects=False, timeout=60) as browser:
        assert browser.post(f"{text}/login/link/{link}").status_code == 303
        assert browser.post(f"{two}/login/link/{link}").status_code != 303, "a link works once"
        names = [browser.get(f"{address}/api/v1/me").json() for address in (text, two)]
        assert names[0] == names[1]
        assert names[0]["name"] == person.name
        accounts.end_sessions(accounts.local_owner(), person.user_id)
        assert [browser.get(f"{address}/api/v1/me").status_code for address in (text, two)] == [401, 401]
