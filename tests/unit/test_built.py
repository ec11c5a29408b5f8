"""Statements that are built once: for each arguments, and in each thread."""

from threading import Thread
from typing import Any

from sqlalchemy import literal, select

from backend.db.built import built_once


def test_a_statement_is_built_once_for_its_arguments_in_each_thread() -> None:
    built: list[tuple[int, bool]] = []

    @built_once
    def number(value: int, *, is_doubled: bool = False) -> Any:
        built.append((value, is_doubled))
        return select(literal(2 * value if is_doubled else value))

    assert number(1) is number(1)
    assert number(1) is not number(2)
    assert number(1) is not number(1, is_doubled=True)
    others: list[Any] = []
    thread = Thread(target=lambda: others.append(number(1)))
    thread.start()
    thread.join()
    assert others[0] is not number(1)
    assert built == [(1, False), (2, False), (1, True), (1, False)]
