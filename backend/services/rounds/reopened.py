"""Whether a round's review was opened again and still is, and whether its checkpoint is there already."""

from backend.db import tables


def is_open(round_: tables.Round) -> bool:
    """Whether the round's review was opened again and is not closed since."""
    return bool(round_.reopened) and "closed_at" not in round_.reopened


def is_kept(round_: tables.Round) -> bool:
    """Whether closing makes nothing of a reopened round, since it has its checkpoint."""
    return is_open(round_) and round_.checkpoint_id is not None
