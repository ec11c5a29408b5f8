"""The writers of a SQLite file that are threads of one process, one after the other.

SQLite lets who wants to write look again and again, at most every tenth of a second, and gives the file to whoever
looks first: with many writers one can miss it for seconds. Within a process a lock hands it on at once. Writers of
other processes still meet by SQLite's own means.
"""

import sqlite3
import time
from threading import Lock
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

WAIT_SECONDS = 15.0
IN_A_ROW, PAUSE_SECONDS = 50, 0.11
"""After so many turns that somebody waited for, the file rests as long as other processes wait between two looks."""


class WriteTurn:
    """Who may write: the lock, and how many turns in a row were waited for."""

    def __init__(self) -> None:
        self._lock, self._in_a_row = Lock(), 0

    def take(self) -> bool:
        """Wait for the turn; False where it did not come within `WAIT_SECONDS`."""
        if self._lock.acquire(blocking=False):
            self._in_a_row = 0
            return True
        if not self._lock.acquire(timeout=WAIT_SECONDS):
            return False
        self._in_a_row += 1
        return True

    def hand_on(self) -> None:
        if self._in_a_row >= IN_A_ROW:
            self._in_a_row = 0
            time.sleep(PAUSE_SECONDS)
        self._lock.release()


class Writing(sqlite3.Connection):
    """A connection that holds the turn from the beginning of a transaction to its end."""

    turn: WriteTurn
    has_turn = False

    def take_turn(self, turn: WriteTurn) -> None:
        """Wait for the turn; raises what SQLite raises where another process writes for too long."""
        if not self.has_turn:
            if not turn.take():
                locked = sqlite3.OperationalError("database is locked")
                locked.sqlite_errorcode, locked.sqlite_errorname = sqlite3.SQLITE_BUSY, "SQLITE_BUSY"
                raise OperationalError("BEGIN IMMEDIATE", None, locked)
            self.turn, self.has_turn = turn, True

    def hand_on(self) -> None:
        if self.has_turn:
            self.has_turn = False
            self.turn.hand_on()

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


def begin(connection: Connection, turn: WriteTurn) -> None:
    """Begin a transaction that may write."""
    driver: Any = connection.connection.driver_connection
    driver.take_turn(turn)
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    except BaseException:
        driver.hand_on()
        raise
