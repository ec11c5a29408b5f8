"""Whether the database is still the file that this process opened.

A SQLite file that was deleted, replaced or put back from a copy stays open here under no name: everything would go on
working, and all of it would be gone with the process. Found by comparing inodes, which opens nothing.
"""

import os
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import Engine, event, make_url

from backend.errors import DatabaseLost

Inode = tuple[int, int]


@dataclass
class Place:
    """The database file and its log as they were when the first of the connections that are open was made."""

    path: Path
    connections: set[int] = field(default_factory=set)
    noted: dict[str, Inode | None] = field(default_factory=dict)

    def note(self) -> None:
        self.noted = {suffix: _inode(self.path, suffix) for suffix in ("", "-wal")}

    def lost(self) -> Path | None:
        """The file that is no longer the one noted."""
        for suffix, inode in self.noted.items():
            if inode is not None and _inode(self.path, suffix) != inode:
                return Path(f"{self.path}{suffix}")
        return None


_places: dict[str, Place] = {}
_lock = Lock()


def watch(engine: Engine, url: str) -> None:
    """Count the engine's connections: while one is open, SQLite neither deletes nor renews its files."""
    path = make_url(url).database
    if not path or path == ":memory:":
        return

    @event.listens_for(engine, "connect")
    def _connect(connection: Any, _record: Any) -> None:
        with _lock:
            place = _places.setdefault(url, Place(Path(path)))
            if not place.connections:
                place.note()
            place.connections.add(id(connection))

    def _close(connection: Any, *_: Any) -> None:
        with _lock:
            if place := _places.get(url):
                place.connections.discard(id(connection))

    event.listen(engine, "close", _close)
    event.listen(engine, "close_detached", _close)


def forget() -> None:
    """Every connection is closed."""
    with _lock:
        _places.clear()


def problem(url: str) -> str | None:
    """What is wrong with the place of the database, for whoever runs this installation; None while nothing is."""
    place = _places.get(url)
    lost = place.lost() if place is not None else None
    if lost is None:
        return None
    return (
        f"The database file {lost} was deleted or replaced while Rondo had it open, so nothing more can be saved. "
        "Stop Rondo, put the file back, for instance from `rondo db backup`, and start Rondo again."
    )


def shown(url: str) -> str:
    """The address without its secrets: a password may stand in the query, too."""
    parsed = make_url(url)
    return str(parsed.set(query=dict.fromkeys(parsed.query, "***")))


def require(url: str) -> None:
    """Raise `DatabaseLost` rather than let something be written that nobody will find again."""
    if reason := problem(url):
        raise DatabaseLost(reason)


def _inode(path: Path, suffix: str) -> Inode | None:
    try:
        stat = os.stat(f"{path}{suffix}")
    except OSError:
        return None
    return stat.st_dev, stat.st_ino
