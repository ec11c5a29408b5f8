"""One text as changes of another, word by word, in a bounded time."""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

WORD = re.compile(r"(?:\w+|[^\w\s])\s*|\s+")
LONGEST = 50_000
"""Characters of a text that are compared; the rest of a longer one is left out, and said to be."""
MOST_PAIRS = 1_000_000
"""Words of one text times words of the other, between what both begin and end with: comparing takes up to the square of
it for texts made to be hard, so longer ones are compared by lines."""


@dataclass(frozen=True)
class Piece:
    """A stretch of text. `kind`: same, out (of the first text only) or in (of the second only)."""

    kind: str
    text: str


def changes(old: str, new: str) -> list[Piece]:
    """Return both texts as one; what is `same` or `out` makes up the first, what is `same` or `in` the second.

    Texts of many words that differ in many places are compared by lines, and where they have many of these, too, the
    whole stretch that differs is out and in.
    """
    old, new = old[:LONGEST], new[:LONGEST]
    return _joined(_compared(WORD.findall(old), WORD.findall(new)))


def _compared(old: list[str], new: list[str]) -> list[Piece]:
    start = _alike(old, new)
    end = _alike(old[start:][::-1], new[start:][::-1])
    middle = old[start : len(old) - end], new[start : len(new) - end]
    pieces = [*_pieces("same", old[:start]), *_middle(*middle), *_pieces("same", old[len(old) - end :])]
    return pieces


def _alike(old: list[str], new: list[str]) -> int:
    """How many words both begin with."""
    count = 0
    for first, other in zip(old, new, strict=False):
        if first != other:
            break
        count += 1
    return count


def _middle(old: list[str], new: list[str]) -> list[Piece]:
    if len(old) * len(new) > MOST_PAIRS:
        lines = [re.findall(r"[^\n]*\n|[^\n]+", "".join(words)) for words in (old, new)]
        if len(lines[0]) * len(lines[1]) > MOST_PAIRS or len(lines[0]) == len(lines[1]) == 1:
            return [*_pieces("out", old), *_pieces("in", new)]
        old, new = lines
    pieces: list[Piece] = []
    for what, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what == "equal":
            pieces += _pieces("same", old[i:j])
        else:
            pieces += [*_pieces("out", old[i:j]), *_pieces("in", new[k:m])]
    return pieces


def _pieces(kind: str, words: list[str]) -> list[Piece]:
    return [Piece(kind, "".join(words))] if words else []


def _joined(pieces: list[Piece]) -> list[Piece]:
    """Neighbours of one kind as one piece."""
    joined: list[Piece] = []
    for piece in pieces:
        if joined and joined[-1].kind == piece.kind:
            joined[-1] = Piece(piece.kind, joined[-1].text + piece.text)
        else:
            joined.append(piece)
    return joined
