"""What is drawn at random in which order, said while the figures on the judge still lack such decisions."""

from app.widgets.formats import percent
from backend.services import review_settings
from backend.services.access import Actor
from backend.services.reviews import blind_draws
from backend.services.rounds import RoundView
from backend.translations import N_, gettext

ADVICE = N_(
    "Figures on the judge need at least {fewest} blind decisions on items drawn at random: in the order Random all "
    "are, by informativeness and by disagreement {share} (random_share)."
)


def advice(actor: Actor, round_: RoundView) -> str:
    """Return the sentence; empty where there are as many, or none can count as blind."""
    fewest = blind_draws.lacking(actor, round_.id)
    share = review_settings.read(round_.review).random_share
    return "" if fewest is None else gettext(ADVICE).format(fewest=f"{fewest:,}", share=percent(share, 0))
