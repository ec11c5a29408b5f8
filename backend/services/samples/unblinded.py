"""Who sees the judge's view of texts on which people are to decide blind, and may decide on them all the same."""

from backend.db import reading
from backend.services.access import Actor
from backend.services.rounds import get_row
from backend.services.samples import visibility


def is_unblinded(actor: Actor, round_id: int) -> bool:
    """Whether people are to decide blind on the round's texts, and lists show the actor the judge's view before."""
    with reading() as db:
        row = get_row(db, actor, round_id)
        return visibility.awaits_blind(row) and not visibility.hidden(db, actor, row).judge
