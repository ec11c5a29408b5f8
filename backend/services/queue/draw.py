"""A round's undecided samples as they are drawn at random for one person: always in the same order, which only the
server's key tells.

Each sample has a place from 0 to 1 in this order; whatever a page leaves out, and however often it asks, the others
stay in their order. A gold item has such a place too. Where gold items are rarer than `gold_share`, their places are
drawn from a part at the front only, so that among what comes first their share is that. The place depends on nothing
that a person does or can read, so no two questions tell a gold item from another.
"""

import hashlib
import math
from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from heapq import merge
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from backend import server_key
from backend.db import tables
from backend.db.built import built_once, is_any, run
from backend.db.filters import Cursor, Filters, Sort
from backend.db.listing import listed_rows, scope
from backend.db.many import in_chunks
from backend.services.decisions.item_counts import count_now_and_then
from backend.services.review_settings import ReviewSettings
from backend.values import LabelSource

DRAWN, MOST_DRAWN = 100, 800
WINDOW = 1_250
BARREN = 16
"""After so many questions in a row that found next to nothing, what is left is listed instead of drawn."""
OPEN = ("none", "judge")
BYTES = 8


@dataclass(frozen=True)
class Deal:
    """One person's order of one round: its secret, the numbers of its samples, and the places of its gold items."""

    secret: bytes
    low: int
    span: int
    gold: dict[int, float]

    def place(self, sample_id: int) -> float:
        """The place of a sample where all that is left is sorted."""
        known = self.gold.get(sample_id)
        return chance(self.secret, sample_id) if known is None else known

    def turn(self, sample_id: int) -> float:
        """After how many draws a gold item comes, among samples that are drawn one by one, each time from all."""
        return -math.log1p(-self.gold[sample_id]) * self.span

    def draws(self, block: int) -> list[int]:
        """The numbers drawn at `DRAWN` turns in a row."""
        stream = hashlib.shake_256(self.secret + block.to_bytes(BYTES)).digest(BYTES * DRAWN)
        return [self.low + int.from_bytes(stream[at : at + BYTES]) % self.span for at in range(0, BYTES * DRAWN, BYTES)]


def chance(secret: bytes, of: object) -> float:
    """A number from 0 to 1, without 1, that nobody tells who lacks the secret."""
    digest = hashlib.blake2b(str(of).encode(), key=secret, digest_size=6).digest()
    return int.from_bytes(digest) / 2**48


def secret_of(round_id: int, user_id: int, purpose: str) -> bytes:
    return server_key.derive(f"review.{purpose}.{round_id}.{user_id}")


def at_random(db: Session, round_id: int, settings: ReviewSettings, user_id: int) -> Iterator[list[int]]:
    """Undecided samples, page by page: drawn by number while enough are undecided, else from the list of those left."""
    low, high = run(db, _ends(), {"round_id": round_id}).one()
    if low is None or high is None:
        return
    secret, span = secret_of(round_id, user_id, "order"), high - low + 1
    deal = Deal(secret, low, span, gold_places(db, round_id, settings, secret))
    if span > WINDOW:
        yield from one_by_one(db, round_id, deal)
        yield what_is_left(db, round_id, deal)
    else:
        yield from in_order(db, round_id, deal)


@built_once
def _ends() -> Any:
    """The lowest and the highest number of a round's samples."""
    sample = tables.Sample
    here = select(sample.id).where(sample.round_id == bindparam("round_id")).limit(1)
    return select(*(here.order_by(way).scalar_subquery() for way in (sample.id, sample.id.desc())))


@built_once
def _gold() -> Any:
    gold = tables.GoldItem
    return select(gold.sample_id).where(gold.round_id == bindparam("round_id"))


def gold_places(db: Session, round_id: int, settings: ReviewSettings, secret: bytes) -> dict[int, float]:
    """Where in the person's order the gold items are."""
    ids = list(run(db, _gold(), {"round_id": round_id}).scalars())
    if not ids:
        return {}
    # What generating wrote costs nothing; to count a long round takes longer than all else here.
    number = db.get_one(tables.Round, round_id).counts.get("samples")
    number = count_now_and_then(db, round_id, settings).items if number is None else number
    others, share = number - len(ids), settings.gold_share
    wanted = others * share / (1 - share)
    part = min(1.0, len(ids) / wanted) if wanted > 0 else 1.0
    return {sample_id: part * chance(secret, sample_id) for sample_id in ids}


def one_by_one(db: Session, round_id: int, deal: Deal) -> Iterator[list[int]]:
    """Samples as they are drawn, gold items at their turns, in pages that grow until something is found."""
    turns = sorted((deal.turn(n), n) for n in deal.gold)
    block, blocks, barren, begun = 0, 1, 0, 0
    while barren < BARREN:
        drawn: list[tuple[float, int]] = []
        for block_ in range(block, block + blocks):
            ids = deal.draws(block_)
            drawn += [(block_ * DRAWN + turn, n) for turn, n in enumerate(ids) if n not in deal.gold]
        end = begun
        while end < len(turns) and turns[end][0] < (block + blocks) * DRAWN:
            end += 1
        drawn = sorted(drawn + turns[begun:end])
        there = undecided(db, round_id, [n for _, n in drawn])
        waiting = [n for _, n in drawn if n in there]
        yield from map(list, in_chunks(waiting, DRAWN))
        barren = barren + 1 if len(waiting) < blocks * DRAWN // 20 else 0
        block, begun = block + blocks, end
        blocks = min(2 * blocks, MOST_DRAWN // DRAWN)


def in_order(db: Session, round_id: int, deal: Deal) -> Iterator[list[int]]:
    """Undecided samples of a short round in the order of their places, in pages that grow."""
    ids, places = _by_chance(deal.secret, deal.low, deal.span)
    if deal.gold:
        others = ((place, n) for place, n in zip(places, ids, strict=True) if n not in deal.gold)
        ids = array("q", (n for _, n in merge(others, sorted((place, n) for n, place in deal.gold.items()))))
    begin, size = 0, DRAWN
    while begin < len(ids):
        part = [*ids[begin : begin + size]]
        there = undecided(db, round_id, part)
        yield [n for n in part if n in there]
        begin, size = begin + size, min(2 * size, MOST_DRAWN)


@lru_cache(maxsize=128)
def _by_chance(secret: bytes, low: int, span: int) -> "tuple[array[int], array[float]]":
    """All numbers of a short round in a person's order, and their places: 20 kB at most, asked for at every second
    claim.
    """
    order = sorted((chance(secret, n), n) for n in range(low, low + span))
    return array("q", (n for _, n in order)), array("d", (place for place, _ in order))


def undecided(db: Session, round_id: int, ids: Sequence[int]) -> set[int]:
    return set(run(db, _undecided(), {"round_id": round_id, "sample_ids": ids}).scalars())


@built_once
def _undecided() -> Any:
    label = tables.Label
    here = is_any(label.sample_id, "sample_ids"), label.round_id == bindparam("round_id")
    return select(label.sample_id).where(*here, label.source != LabelSource.person)


def what_is_left(db: Session, round_id: int, deal: Deal) -> list[int]:
    """Undecided samples from a number of the person's own on, and again from the first one; in the person's order."""
    where, sort = scope(db, round_id, Filters(source=OPEN)), Sort()
    begin = deal.low + int(chance(deal.secret, "begin") * deal.span)
    ids_left = [row[1] for row in listed_rows(where, sort, Cursor(begin, begin, sort), WINDOW)]
    if len(ids_left) < WINDOW:
        ids_left += [row[1] for row in listed_rows(where, sort, None, WINDOW)]
    place: Callable[[int], float] = deal.place
    return sorted(dict.fromkeys(ids_left), key=place)
