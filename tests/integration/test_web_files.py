"""Nobody gets a file of the server's: every listener and route is told to read one, in every way, as every role."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from gradio.context import LocalContext
from gradio.processing_utils import async_move_files_to_cache
from gradio.state_holder import SessionState

from backend.config import settings
from backend.db import session
from backend.services.people import sessions
from backend.values import Role
from tests.event_loops import run_alone
from tests.integration import canaries, site
from tests.integration.calls import join, listeners
from tests.integration.canaries import Canaries, old_shapes, shapes
from tests.integration.test_web_walk import WRITES, all_routes, api_routes, filled
from tests.integration.walking import World
from tests.integration.walking import world as world  # a fixture

ROLES = (None, *Role)
AT_ONCE = 8
LONGEST = 120
"""Seconds that one answer may take while others are asked for beside it."""

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)


@pytest.fixture
def cookies(world: World) -> dict[Role | None, httpx.Cookies]:
    """A browser's cookies for a person of each role; None: a stranger to the project."""
    return {role: signed_in(world, role) for role in ROLES}


@pytest.fixture
def laid(cookies: Any, tmp_path: Path) -> Iterator[Canaries]:
    laid = canaries.lay(tmp_path / "outside")
    yield laid
    for file in laid.files:
        file.unlink()


def signed_in(world: World, role: Role | None) -> httpx.Cookies:
    with session() as db:
        link = sessions.link_for(db, world.actor(role).user_id)
    with site.visitor() as client:
        assert client.post(f"/login/link/{link}").status_code == 303
        return client.cookies


class Attacker:
    """Sends many requests at once and keeps what came back: status, and everything that could be read of it."""

    def __init__(self, cookies: httpx.Cookies | None, canaries: Canaries) -> None:
        self.cookies, self.canaries = cookies, canaries
        self.statuses: list[int] = []
        self.slowest = 0.0

    def send(self, requests: Sequence[tuple[str, str, dict[str, Any]]]) -> list[int]:
        """Send each (method, path, arguments of httpx); return the statuses, in order."""
        return run_alone(self._all(requests))

    async def _all(self, requests: Sequence[tuple[str, str, dict[str, Any]]]) -> list[int]:
        limits = httpx.Limits(max_connections=AT_ONCE)
        async with httpx.AsyncClient(
            base_url=site.address(), cookies=self.cookies, timeout=LONGEST, limits=limits
        ) as client:
            turns = asyncio.Semaphore(AT_ONCE)
            return await asyncio.gather(*(self._one(client, turns, *request) for request in requests))

    async def _one(
        self, client: httpx.AsyncClient, turns: asyncio.Semaphore, method: str, path: str, how: dict[str, Any]
    ) -> int:
        async with turns:
            began = time.monotonic()
            answer = await client.request(method, path, **how)
            self.canaries.check_answer(answer.content)
            if path.endswith("/queue/join") and answer.status_code == 200:
                await self._follow(client, how["json"]["session_hash"])
            self.slowest = max(self.slowest, time.monotonic() - began)
        return answer.status_code

    async def _follow(self, client: httpx.AsyncClient, page: str) -> None:
        """What the listener said; and the file that it said something is to be read at."""
        async with client.stream("GET", "/gradio_api/queue/data", params={"session_hash": page}) as stream:
            text = b"".join([chunk async for chunk in stream.aiter_bytes()])
        self.canaries.check_answer(text)
        for word in text.decode().replace("'", '"').replace(" to ", '"').split('"'):
            if word.startswith("/") and Path(word).is_file():
                self.canaries.check_answer((await client.get(f"/gradio_api/file={word}")).content)


def events(laid: Canaries, url: str, turn: int) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """For each listener the file in each field, every role in other ways; the first role as Gradio's own pages do."""
    ways = [shape for target in laid.targets for shape in shapes(target, url)]
    for place, fn in enumerate(listeners()):
        value = ways[0] if turn == 0 else ways[(place + 37 * turn) % len(ways)]
        yield join(fn._id, [value] * max(1, len(fn.inputs)), f"attack-{place}", value)


def test_no_event_names_a_file_or_an_address(cookies: dict[Role | None, httpx.Cookies], laid: Canaries) -> None:
    with canaries.listening() as (url, asked):
        for turn, role in enumerate(ROLES):
            attacker = Attacker(cookies[role], laid)
            requests = list(events(laid, url, turn))
            assert len(requests) > 100
            assert set(attacker.send(requests)) == {400}, role
            assert attacker.slowest < LONGEST
        nobody = Attacker(None, laid)
        assert set(nobody.send(events(laid, url, 0))) == {401}
    assert asked == []
    laid.check_copies()


def test_the_import_takes_no_file_in_any_way(cookies: dict[Role | None, httpx.Cookies], laid: Canaries) -> None:
    fn = next(fn for fn in listeners() if any(type(entry).__name__ == "File" for entry in fn.inputs))
    with canaries.listening() as (url, asked):
        new = [shape for target in laid.targets for shape in shapes(target, url)]
        attacker = Attacker(cookies[Role.admin], laid)
        assert set(
            attacker.send([join(fn._id, [entry, "(none)"], f"new-{i}", entry) for i, entry in enumerate(new)])
        ) == {400}
        targets = (*laid.targets, url)
        old = [old_shapes(target)[turn % 4] for turn, target in enumerate(targets)]
        attacker.send([join(fn._id, [entry, "(none)"], f"old-{i}", 1) for i, entry in enumerate(old)])
        by_name = [
            *laid.targets[:2],
            *map(str, laid.endless),
            "zero",
            "link.jsonl",
            "../rondo.db",
            "../secret.key",
            url,
        ]
        attacker.send([join(fn._id, [None, entry], f"name-{i}", 1) for i, entry in enumerate(by_name)])
    assert asked == []
    laid.check_copies()


def test_texts_that_are_paths_and_addresses_stay_texts(
    cookies: dict[Role | None, httpx.Cookies], laid: Canaries
) -> None:
    with canaries.listening() as (url, asked):
        texts = (str(laid.files[0]), url)
        requests = [
            join(fn._id, [texts[place % 2]] * len(fn.inputs), f"text-{place}", "x")
            for place, fn in enumerate(listeners())
            if fn.fn.__module__.startswith(("app.pages.prompts", "app.pages.checkpoints"))
        ]
        assert len(requests) > 10
        attacker = Attacker(cookies[Role.admin], laid)
        attacker.send(requests)
    assert asked == []
    laid.check_copies()


def doors(laid: Canaries, url: str) -> Iterator[str]:
    """Addresses of Gradio's that read a file."""
    for target in (*laid.targets[::3], f"{settings().folder}/rondo.db", "/dev/zero", url, f"{url}/../x"):
        for door in (
            "file=",
            "file/",
            "proxy=",
            "file=file://",
            "file=/proc/self/root",
            "stream/",
            "custom_component/",
        ):
            yield f"/gradio_api/{door}{target}"
        up = "/".join(["..", *[".."] * 12]) + target
        escaped = up.replace("/", "%2f").replace(".", "%2e")
        for folder in ("static", "assets", "svelte", "gradio_api/file=static"):
            yield f"/{folder}/{escaped}"
        yield f"/config?deep_link={escaped}"


def test_no_address_reads_a_file(cookies: dict[Role | None, httpx.Cookies], laid: Canaries) -> None:
    with canaries.listening() as (url, asked):
        paths = list(doors(laid, url))
        for role, method in ((Role.viewer, "GET"), (Role.admin, "HEAD")):
            statuses = Attacker(cookies[role], laid).send([(method, path, {}) for path in paths])
            assert [path for path, status in zip(paths, statuses, strict=True) if status >= 500] == []
            assert {s for p, s in zip(paths, statuses, strict=True) if "/gradio_api/" in p} == {404}
    assert asked == []
    laid.check_copies()


def rest(world: World, laid: Canaries, url: str, turn: int) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every route of REST with files and addresses where it takes something, and every other route of Gradio's."""
    target = str(laid.files[turn % len(laid.files)])
    values = (*shapes(target, url), target, url, f"{target}/..", "/dev", "/proc/self", str(settings().folder))
    known = {(method, path): body for method, path, _, body in WRITES}
    for place, (method, path) in enumerate(sorted(api_routes())):
        if method == "DELETE":  # takes nothing but ids, and would take away what the next is tried on
            continue
        address = f"/api/v1{filled(path, world.ids)}"
        if method == "GET":
            yield method, address, {"params": {"search": target, "path": target, "file": url, "format": target}}
            continue
        body, value = known[method, path], values[(place + 5 * turn) % len(values)]
        given = dict.fromkeys(body, value) if isinstance(body, dict) and body else {"x": value}
        yield method, address, {"json": given}
        if "location" in given:
            yield from ((method, address, {"json": {"name": "c", "location": number}}) for number in values)
        named = {"file": (target, b'{"prompt": "x"}\n'), "path": (None, target.encode())}
        yield method, address, {"files": named, "data": {"name": target}}
    for method, path in sorted(set(all_routes())):
        if method == "POST" and path.startswith("/gradio_api/"):
            yield method, filled(path, world.ids), {"json": {"data": values, "session_hash": "x"}}
            yield method, filled(path, world.ids), {"data": {"path": target, "url": url}}


def test_no_route_gives_a_file_away(world: World, cookies: dict[Role | None, httpx.Cookies], laid: Canaries) -> None:
    with canaries.listening() as (url, asked):
        for turn, role in enumerate(ROLES):
            requests = list(rest(world, laid, url, turn))
            statuses = Attacker(cookies[role], laid).send(requests)
            wrong = [r for r, status in zip(requests, statuses, strict=True) if status >= 500]
            assert wrong == [], role
        assert set(Attacker(None, laid).send(requests)) <= {401, 404}
    assert asked == []
    laid.check_copies()


def test_gradio_itself_takes_no_file_where_a_value_comes_from_elsewhere(laid: Canaries, world: World) -> None:
    """What is refused before Gradio sees it, and what a row of the database could hold."""
    blocks = site.blocks()
    LocalContext.blocks.set(blocks)
    state = SessionState(blocks)
    refused = pytest.raises(Exception, match=r"was not uploaded by a user|is an address|does not fit its fields")

    async def attack(url: str) -> int:
        targets, number = [*map(str, laid.files), f"{settings().folder}/rondo.db", url], 0
        for place, fn in enumerate(fn for fn in listeners() if not all(entry.stateful for entry in fn.inputs)):
            number, file = number + 1, {"path": targets[place % len(targets)], "meta": canaries.META}
            with refused:
                await blocks.preprocess_data(fn, [{"a": [file]}] * len(fn.inputs), state)
        for block in blocks.blocks.values():
            if type(block).__name__ in ("JSON", "HTML", "Plot"):
                number += 1
                for target in (str(laid.files[-1]), url, str(Path("pyproject.toml").resolve())):
                    with refused:
                        await async_move_files_to_cache({"path": target, "meta": canaries.META}, block, True)
        return number

    with canaries.listening() as (url, asked):
        assert run_alone(attack(url)) > 70
    assert asked == []
    laid.check_copies()
