"""Transactions that give way: they hold much, and what others wait for, so they never wait long for others in turn.

Who decides, closes a review or lets a job go on locks rows of a round first, and their project as they write. Whoever
takes all of that locks the project first. PostgreSQL ends such a circle by killing one of the two after a second: who
gives way has let go before, and begins again.
"""

import random
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from backend.db.session import session
from backend.errors import Conflict

T = TypeVar("T")
WAIT_MILLISECONDS = 250
"""Well below PostgreSQL's deadlock_timeout, after which it looks for somebody to kill."""
TRIES = 40
PAUSE_SECONDS = 0.1
GAVE_WAY = ("55P03", "40P01")
"""A lock was waited for too long; a circle was found all the same."""


def giving_way(work: Callable[[Session], T]) -> T:
    """What `work` returns in a transaction of its own, begun anew while others hold what it needs.

    Raises `Conflict` where they do for long. SQLite has one writer, who waits for nobody.
    """
    for _ in range(TRIES):
        try:
            with session() as db:
                if db.get_bind().dialect.name == "postgresql":
                    db.execute(text(f"SET LOCAL lock_timeout = {WAIT_MILLISECONDS}"))
                return work(db)
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) not in GAVE_WAY:
                raise
        time.sleep(PAUSE_SECONDS * random.uniform(0.5, 1.5))
    raise Conflict("Others write in this project just now, so nothing was changed. Retry in a moment.")
