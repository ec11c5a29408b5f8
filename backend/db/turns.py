"""The writers of a SQLite file that are threads of one process, one after the other.

SQLite lets who wants to write look again and again, at most every tenth of a second, and gives the file to whoever
looks first: with many writers one can miss it for seconds. Within a process a lock hands it on at once. Writers of
other processes still meet by SQLite's own means.
"""

import sqlite3
from threading import Lock
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import TimeoutError

WAIT_SECONDS = 15.0


class Writing(sqlite3.Connection):
    """A connection that holds the turn from the beginning of a transaction to its end."""

    turn: Lock
    has_turn = False

    def take_turn(self, turn: Lock) -> None:
        """Wait for the turn; raises SQLAlchemy's `TimeoutError` after `WAIT_SECONDS`."""
        if not self.has_turn:
            if not turn.acquire(timeout=WAIT_SECONDS):
                raise TimeoutError("Another thread has been writing all the time.")
            self.turn, self.has_turn = turn, True

    def hand_on(self) -> None:
        if self.has_turn:
            self.has_turn = False
            self.turn.release()

    def commit(self) -> None:
        super().commit()
        self.hand_on()

    def rollback(self) -> None:
        try:
            super().rollback()
        finally:
            self.hand_on()

    def close(self) -> None:
        try:
            super().close()
        finally:
            self.hand_on()


def begin(connection: Connection, turn: Lock) -> None:
    """Begin a transaction that may write."""
    driver: Any = connection.connection.driver_connection
    driver.take_turn(turn)
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    except BaseException:
        driver.hand_on()
        raise
