"""Statements are built by many threads at once, and each says what it would say if it were alone."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import select
from sqlalchemy.orm import aliased

from backend.db import standing, tables
from backend.db.aliases import alias

AT_ONCE, TIMES = 4, 40
"""With aliases that threads share, one time in nine goes wrong."""


@pytest.fixture
def hasty() -> Iterator[None]:
    """Threads take turns often, though not so often that they do nothing else."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def test_the_first_use_of_an_alias_by_many_threads_at_once_spoils_no_statement(hasty: None) -> None:
    """It did: `decisions.id IS NULL` stood for the alias's column, and no decision ever counted in that process."""
    meet = Barrier(AT_ONCE)

    def build(number: int) -> str:
        of = aliased(tables.Decision, name=f"of_{number}")
        meet.wait(60)
        return str(standing.votes(of.id, of=of))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for number in range(TIMES):
            for built in pool.map(build, [number] * AT_ONCE):
                assert f"WHERE of_{number}_taken_back.id IS NULL" in built


def test_an_alias_is_made_once_a_thread() -> None:
    mine = alias(tables.Sample, "once")
    assert alias(tables.Sample, "once") is mine
    assert alias(tables.Sample, "twice") is not mine
    with ThreadPoolExecutor(1) as pool:
        theirs = pool.submit(alias, tables.Sample, "once").result()
    assert theirs is not mine
    assert str(select(theirs.id)) == str(select(mine.id))
