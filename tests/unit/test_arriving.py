"""Literals of SQLite: what has one, and what is refused."""

import sqlite3
from datetime import UTC, datetime
from typing import Any

import pytest

from backend.db.arriving import _literal


@pytest.mark.parametrize(("value", "stored"), [(None, None), (True, 1), (-7, -7), ("it's ''", "it's ''"), ("", "")])
def test_a_literal_is_the_value(value: Any, stored: Any) -> None:
    assert sqlite3.connect(":memory:").execute(f"SELECT {_literal(value)}").fetchone() == (stored,)


@pytest.mark.parametrize("value", [1.5, datetime(2026, 1, 1, tzinfo=UTC), b"x"])
def test_what_has_no_literal_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match="into each row"):
        _literal(value)
