"""Search behind one interface: FTS5 on SQLite, tsvector on PostgreSQL, and the texts where words do not say all.

The index knows words. What has signs or blanks in it, or a script without blanks, is looked up by its words first and
then compared with the text, character by character. A search without any word, and a regular expression, have nothing
to look up: the rows that the filters leave are read one after the other.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from time import monotonic
from typing import Any, Literal

import regex

from backend.db.folding import UNSPACED, folded, indexed
from backend.errors import InvalidInput

SEARCHABLE = Literal["samples", "prompts"]
MAX_TERMS = 16
LONGEST = 2_000
"""Characters of a search."""
PATTERN_SECONDS = 0.2
"""A regular expression may take so long for one text."""
PAGE_SECONDS = 2.0
"""And so long for all texts that are read for one page."""
TERM = regex.compile(r'"([^"]*)"?|(\S+)')
WORD = regex.compile(r"[^\W_]+")
LETTER = rf"[^\W_{UNSPACED}]"
"""A letter or digit of a script that has blanks between words."""
BORDER = regex.compile(LETTER)

Check = Callable[[str], bool]


@dataclass(frozen=True)
class Term:
    """Characters that must occur. `words`: those of them that the index can look up, in a row; may be empty."""

    characters: str
    words: str

    @property
    def is_word(self) -> bool:
        """Whether finding the words in the index says all: one word of a script that has blanks between words."""
        return self.words.isalnum() and self.characters.isalnum()

    @property
    def row(self) -> "regex.Pattern[str]":
        """Finds the characters in a folded text, where they do not begin or end inside a word."""
        start = rf"(?<!{LETTER})" if BORDER.match(self.characters) else ""
        end = rf"(?!{LETTER})" if BORDER.match(self.characters[-1]) else ""
        return regex.compile(start + regex.escape(self.characters) + end)


@dataclass
class Patience:
    """How long regular expressions may look at texts, in all: for one page, or for all pages of one action."""

    left: float = PAGE_SECONDS


@dataclass(frozen=True)
class Query:
    """What a person searches for: terms, all of which must occur, or a regular expression."""

    terms: tuple[Term, ...] = ()
    pattern: str = ""
    patience: Patience = field(default_factory=Patience, compare=False)

    def match(self, dialect: str, name: str) -> tuple[str, dict[str, Any]] | None:
        """An expression for the index and its bound values, whose names begin with `name`; None: nothing to look up."""
        words = [term.words for term in self.terms if term.words]
        if not words:
            return None
        if dialect == "sqlite":
            # FTS5 splits the words itself, as it split what it searches; within double quotes nothing is an operator.
            return f":{name}", {name: " AND ".join(f'"{row}"' for row in words)}
        parts = [f"phraseto_tsquery('simple', rondo_words(:{name}{n}))" for n in range(len(words))]
        return f"({' && '.join(parts)})", {f"{name}{n}": row for n, row in enumerate(words)}

    @cached_property
    def check(self) -> Check | None:
        """Whether a text really has what the index found in it; None where the index says all."""
        if self.pattern:
            return _pattern_check(compiled(self.pattern), self.patience)
        rows = [term.row for term in self.terms if not term.is_word]
        if not rows:
            return None

        def has_all(text: str) -> bool:
            plain = folded(text)
            return all(row.search(plain) for row in rows)

        return has_all


def parse(query: str, patience: Patience | None = None) -> Query:
    """Read what a person typed; raises `InvalidInput`. A regular expression shares `patience` with others.

    Words must all occur, in any order. What stands in double quotes, and what has signs in it, must occur as it is
    written, except for case and kinds of blanks. A search within slashes is a regular expression, without regard to
    case. There is no search for beginnings of words: a common one would have to read the whole index.
    """
    query = query.replace("\0", " ").strip()
    if len(query) > LONGEST:
        raise InvalidInput(f"The search has {len(query):,} characters; {LONGEST:,} are allowed. Shorten it.")
    if len(query) > 2 and query.startswith("/") and query.endswith("/"):
        compiled(query[1:-1])
        return Query(pattern=query[1:-1], patience=patience or Patience())
    terms = [_term(quoted or bare) for quoted, bare in TERM.findall(query)]
    terms = [term for term in terms if term.characters]
    if not terms:
        raise InvalidInput("The search has no character to look for. Type a word, or empty the field.")
    if len(terms) > MAX_TERMS:
        raise InvalidInput(f"The search has {len(terms)} words; {MAX_TERMS} are allowed. Shorten it.")
    return Query(tuple(terms))


def _term(raw: str) -> Term:
    raw = raw.replace('"', " ")
    # NFKC makes the full-width quotation mark a plain one, which would end the words that FTS5 is given in quotes.
    words = (indexed(raw) or "").replace('"', " ").strip()
    return Term(folded(raw).strip(), words if WORD.search(words) else "")


def compiled(pattern: str) -> "regex.Pattern[str]":
    """The regular expression; raises `InvalidInput` where it is none."""
    try:
        return regex.compile(pattern, regex.IGNORECASE | regex.V0)
    except (regex.error, RecursionError, OverflowError) as error:
        raise InvalidInput(
            f"/{pattern}/ is no regular expression: {error}. Correct it, or put it in double quotes."
        ) from error


def _pattern_check(pattern: "regex.Pattern[str]", patience: Patience) -> Check:
    def finds(text: str) -> bool:
        start = monotonic()
        try:
            if patience.left <= 0:
                raise TimeoutError
            return pattern.search(text, timeout=min(PATTERN_SECONDS, patience.left)) is not None
        except TimeoutError as error:
            what = "all the texts together" if patience.left < PATTERN_SECONDS else "one of the texts"
            raise InvalidInput(
                f"The regular expression /{pattern.pattern}/ is too slow: it takes too long on {what}. Write a simpler "
                "one, without a repetition inside a repetition; or search for a word of it without slashes, or let "
                "other filters leave fewer texts."
            ) from error
        finally:
            patience.left -= monotonic() - start

    return finds


def hits(table: SEARCHABLE, expression: str, dialect: str) -> str:
    """A query for the ids that match, without an order."""
    if dialect == "sqlite":
        return f"SELECT rowid AS id FROM {table}_search WHERE {table}_search MATCH {expression}"
    return f"SELECT id FROM {table} WHERE search_vector @@ {expression}"


def id_column(dialect: str) -> str:
    """What the id is called inside `hits`."""
    return "rowid" if dialect == "sqlite" else "id"
