"""Full-text search behind one interface: FTS5 on SQLite, tsvector on PostgreSQL, the same words on both."""

import re
from dataclasses import dataclass
from typing import Any, Literal

from backend.errors import InvalidInput

SEARCHABLE = Literal["samples", "prompts"]
MAX_TERMS = 16
TERM = re.compile(r'"([^"]*)"?|(\S+)')
WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True)
class Term:
    """Words that follow each other, as typed and as words."""

    raw: str
    words: tuple[str, ...]


def parse(query: str) -> tuple[Term, ...]:
    """Read what a person typed. Double quotes hold words together; nothing else in it is an operator.

    There is no search for beginnings of words: a common one would have to read the whole index.
    """
    terms = []
    for quoted, bare in TERM.findall(query.replace("\0", " ")):
        raw = quoted or bare.replace('"', " ")
        words = tuple(WORD.findall(raw))
        if words:
            terms.append(Term(raw, words))
    if not terms:
        raise InvalidInput("The search has no letter and no digit. Type a word, or empty the field.")
    if len(terms) > MAX_TERMS:
        raise InvalidInput(f"The search has {len(terms)} words; {MAX_TERMS} are allowed. Shorten it.")
    return tuple(terms)


def match(query: str, dialect: str, name: str) -> tuple[str, dict[str, Any]]:
    """An expression for the query and its bound values, whose names begin with `name`."""
    terms = parse(query)
    if dialect == "sqlite":
        # FTS5 splits the raw text itself, as it split what it searches; within double quotes nothing is an operator.
        return f":{name}", {name: " AND ".join(f'"{term.raw}"' for term in terms)}
    parts, values = [], {}
    for n, term in enumerate(terms):
        values[f"{name}{n}"] = " <-> ".join(f"'{word}'" for word in term.words)
        parts.append(f"to_tsquery('simple', :{name}{n})")
    return f"({' && '.join(parts)})", values


def hits(table: SEARCHABLE, expression: str, dialect: str) -> str:
    """A query for the ids that match, without an order."""
    if dialect == "sqlite":
        return f"SELECT rowid AS id FROM {table}_search WHERE {table}_search MATCH {expression}"
    return f"SELECT id FROM {table} WHERE search_vector @@ {expression}"


def id_column(dialect: str) -> str:
    """What the id is called inside `hits`."""
    return "rowid" if dialect == "sqlite" else "id"
