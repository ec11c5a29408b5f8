"""The entries of the paper index: what a paper did, what differs here, what it claims.

An entry is the docstring of its recipe's module, below the first line. `python -m docs.generate` writes all of them
into `backend/recipes/README.md`.
"""

import re
import sys
from dataclasses import dataclass
from functools import lru_cache

from backend import recipes

SECTION = re.compile(r"^\*([^*\n]+)\.\*", re.MULTILINE)
ITEM = re.compile(r"^- ", re.MULTILINE)
LINK = re.compile(r"\[([^\]]+)\]\([^)\s]+\)")
MARKS = re.compile(r"\*\*|`|(?<!\w)\*(?=\S)|(?<=\S)\*(?!\w)")


@dataclass(frozen=True)
class Block:
    """A paragraph, or the items of a list; texts without Markdown."""

    text: str = ""
    items: tuple[str, ...] = ()


@dataclass(frozen=True)
class Section:
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class PaperEntry:
    """`reference`: title, authors, year and where it is published."""

    reference: str
    sections: tuple[Section, ...]


@lru_cache(maxsize=1)
def entries() -> dict[str, PaperEntry]:
    """Return the entries by the name of the recipe. Recipes of other packages have none."""
    return {name: _entry(text) for name, text in texts().items()}


def texts() -> dict[str, str]:
    """Return the Markdown of the entries by the name of the recipe, in the order of the names."""
    modules = {name: sys.modules.get(f"{recipes.__name__}.{name}") for name in recipes.names()}
    return {name: (module.__doc__ or "").partition("\n")[2].strip() for name, module in modules.items() if module}


def _entry(text: str) -> PaperEntry:
    reference, *rest = SECTION.split(text)
    pairs = zip(rest[::2], rest[1::2], strict=True)
    return PaperEntry(plain(reference), tuple(Section(title, blocks(body)) for title, body in pairs))


def blocks(body: str) -> tuple[Block, ...]:
    """The paragraphs and lists of some Markdown, in order."""
    blocks_ = []
    for piece in re.split(r"\n\s*\n", body.strip()):
        before, *items = ITEM.split(piece)
        blocks_ += [Block(plain(before))] if before.strip() else []
        blocks_ += [Block(items=tuple(map(plain, items)))] if items else []
    return tuple(blocks_)


def plain(text: str) -> str:
    """A text on one line, without what Markdown writes around words."""
    return " ".join(MARKS.sub("", LINK.sub(r"\1", text)).split())
