"""Statements that are built once: for each arguments, and in each thread."""

from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from typing import Any

from sqlalchemy import Column, Integer, MetaData, Table, create_engine, insert, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from backend.db.built import MOST, built_once, compiled_here, forget_compiled, is_any, run

NUMBERS = Table("numbers", MetaData(), Column("n", Integer))


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


def test_a_list_is_one_parameter_on_postgresql_and_as_many_as_it_has_values_on_sqlite() -> None:
    those = select(NUMBERS.c.n).where(is_any(NUMBERS.c.n, "wanted")).order_by(NUMBERS.c.n)
    assert "numbers.n = ANY (%(wanted)s::INTEGER[])" in str(those.compile(dialect=postgresql.psycopg.dialect()))
    on_sqlite = str(those.compile(dialect=sqlite.dialect()))
    assert "WHERE numbers.n IN (__[POSTCOMPILE_wanted]) ORDER" in " ".join(on_sqlite.split()), "nor compared with 1"
    engine = create_engine("sqlite://")
    NUMBERS.create(engine)
    with Session(engine) as db:
        db.execute(insert(NUMBERS), [{"n": n} for n in range(5)])
        rows_of = [list(run(db, those, {"wanted": wanted}).scalars()) for wanted in ([], [3], [4, 1, 9])]
        single = select(NUMBERS.c.n).where(is_any(NUMBERS.c.n, "wanted", is_one=True))
        assert list(run(db, single, {"wanted": 2}).scalars()) == [2]
    engine.dispose()
    assert rows_of == [[], [3], [1, 4]]


def test_statements_are_compiled_once_and_never_taken_for_one_another() -> None:
    lengths: list[int] = []

    def ask() -> None:
        engine = create_engine("sqlite://")
        with Session(engine) as db:
            lasting = select(literal(-1))
            assert [run(db, lasting).scalar() for _ in range(3)] == [-1, -1, -1]
            lengths.append(len(compiled_here()))
            # Each is gone before the next is made, which may lie where it lay.
            assert [run(db, select(literal(n))).scalar() for n in range(MOST)] == [*range(MOST)]
            lengths.append(len(compiled_here()))
            assert run(db, lasting).scalar() == -1
            lengths.append(len(compiled_here()))
        engine.dispose()
        forget_compiled()
        lengths.append(len(compiled_here()))

    # What the tests before kept is in another thread.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(ask).result()
    assert lengths == [1, 1, 2, 0], "the last of the others emptied it"
