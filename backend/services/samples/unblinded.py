"""Who sees the judge's view of texts on which people are to decide blind, and may decide on them all the same."""

from backend.db import reading
from backend.services import review_settings
from backend.services.access import Actor
from backend.services.decisions.rules import counts_as_blind
from backend.services.rounds import get_row
from backend.services.samples import visibility


def is_unblinded(actor: Actor, round_id: int) -> bool:
    """Whether people are to decide blind on the round's texts, and lists show the actor the judge's view before.

    Not in a branch or a review that was opened again: no decision counts as blind there.
    """
    with reading() as db:
        row = get_row(db, actor, round_id)
        is_to_be_blind = visibility.awaits_blind(row) and counts_as_blind(row, review_settings.read(row.review).mode)
        return is_to_be_blind and not visibility.hidden(db, actor, row).judge
