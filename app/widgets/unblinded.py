"""What a list of samples says to who sees the judge's view there while people are to decide blind."""

from backend.services.access import Actor
from backend.services.samples.unblinded import is_unblinded
from backend.translations import N_, gettext

UNBLINDED = N_(
    "People decide blind on these texts, and curators see the judge's view here. Decide at the desk before you read "
    "it: what you decide after that is not blind, and Rondo cannot tell."
)


def with_unblinded(count: str, actor: Actor, round_id: int | None) -> str:
    """Return how many there are, with the sentence where it is so; `round_id`: None where nothing is shown."""
    is_said = round_id is not None and is_unblinded(actor, round_id)
    return f"{count} · {gettext(UNBLINDED)}" if is_said else count
