"""Two who change a round alone, each after it was kept from being archived: one comes after the other."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from sqlalchemy import update

from backend.db import session, tables
from backend.errors import Conflict
from backend.services import archived
from backend.services.access import Actor
from backend.services.queue import pauses, shares
from backend.services.queue.shares import Ask
from backend.services.reviews import reopening
from backend.services.team import removals
from backend.values import Role, RoundStatus, Stage
from tests import rows
from tests.integration.reviewing import ACCEPT, Team

ACTS: dict[str, Callable[[Actor, int, int], Any]] = {
    "pause": lambda actor, round_id, user_id: pauses.pause(actor, round_id, user_id, reason="a rest"),
    "ask": lambda actor, round_id, user_id: shares.ask(actor, round_id, [Ask(user_id, quota=3)]),
    "remove": lambda actor, round_id, user_id: removals.remove(actor, round_id, user_id, reason="a test"),
    "reopen": lambda actor, round_id, _: reopening.reopen(actor, round_id, reason="guidelines changed"),
}


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
@pytest.mark.parametrize("act", ACTS)
def test_two_at_once_follow_one_another(database: str, monkeypatch: pytest.MonkeyPatch, act: str) -> None:
    team = Team(prompts=2)
    for name, sample_id in zip(("ann", "bob"), team.ids, strict=False):
        team.act(name, sample_id, ACCEPT)
    people = [team.who("ann").user_id, team.who("bob").user_id]
    if act == "reopen":
        with session() as db:
            columns = {"status": RoundStatus.done, "stage": Stage.evaluate}
            db.execute(update(tables.Round).where(tables.Round.id == team.round.id).values(**columns))
    both, refuse_held = threading.Barrier(2), archived.refuse_held

    def held_by_both(*given: Any, **how: Any) -> None:
        refuse_held(*given, **how)
        with suppress(threading.BrokenBarrierError):
            both.wait(0.5)  # where the other one waits for this one, it does not come

    monkeypatch.setattr(archived, "refuse_held", held_by_both)
    actors = [rows.make_actor(team.project, Role.admin), rows.make_actor(team.project, Role.admin)]
    with ThreadPoolExecutor(2) as pool:
        acts = [
            pool.submit(ACTS[act], actor, team.round.id, user_id) for actor, user_id in zip(actors, people, strict=True)
        ]
        errors = [future.exception(60) for future in acts]
    if act == "reopen":
        assert sorted(type(error) for error in errors if error) == [Conflict]
        assert "in review already" in str(next(filter(None, errors)))
    else:
        assert errors == [None, None]
