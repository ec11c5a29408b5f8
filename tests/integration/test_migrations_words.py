"""What PostgreSQL's text index reads of a text does not change with the function that is faster for plain texts."""

import pytest
from sqlalchemy import text

import migrations
from backend.db import reading
from backend.db.session import dispose

TEXTS = [
    "",
    "Plain words, of 3 lines:\r\n\tand a tab.",
    "  _under_score_ a-b x.y@z 1,000.50 \x01\x7f'\"\\ $$ ",
    "na\u00efve caf\u00e9 e\u0301",
    "zero\u200bwidth soft\u00adhyphen \ufeffmark",
    "\u65e5\u672c\u8a9e and English",
    "\uff21\uff22\uff23 \u2460 \ufb01ne",
    "\U0001f600 \u2028 \u0661\u0662",
    "long " * 30_000,
    "\u00e9 " + "long " * 30_000,
]


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_the_words_of_a_text_are_those_of_before(database: str) -> None:
    after = words()
    dispose()
    migrations.downgrade("0059", database)
    assert words() == after
    dispose()
    migrations.upgrade(database)
    assert words() == after
    assert after[1] == "Plain words of 3 lines and a tab "


def words() -> list[str]:
    with reading() as db:
        return [db.execute(text("SELECT rondo_words(:text)"), {"text": given}).scalar_one() for given in TEXTS]
