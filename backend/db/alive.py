"""Whether a connection to PostgreSQL still stands, asked as it is taken out of the pool.

To ask the server each time takes longer than many statements. One that was used a moment ago is looked at from here
alone: a server that ends says so, or closes the line. Behind a proxy or a cut wire nothing may come: so each is asked
again after a few seconds, however busy it is, and until then what is sent to it fails.
"""

import select
import time
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

REST_SECONDS, ASKED_SECONDS = 1.0, 5.0
SINCE, ASKED = "rondo_rests_since", "rondo_asked_at"


def watch(engine: Engine) -> None:
    """Let no connection out of the engine's pool that is known to be gone."""

    @event.listens_for(engine, "checkin")
    def _checkin(_connection: Any, record: Any) -> None:
        record.info[SINCE] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _checkout(connection: Any, record: Any, _proxy: Any) -> None:
        since, at = record.info.get(SINCE), time.monotonic()
        if since is None:
            record.info[ASKED] = at  # it was just made
        elif at - since > REST_SECONDS or at - record.info.get(ASKED, 0) > ASKED_SECONDS or _has_news(connection):
            _ask(engine, connection)
            record.info[ASKED] = at


def _has_news(connection: Any) -> bool:
    """Whether something came that nobody asked for, the end of the line among it."""
    if connection.closed:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def _ask(engine: Engine, connection: Any) -> None:
    """Raise `InvalidatePoolError`, after which the pool makes new connections, where that fails."""
    try:
        engine.dialect.do_ping(connection)
    except engine.dialect.loaded_dbapi.Error as error:
        raise InvalidatePoolError from error
