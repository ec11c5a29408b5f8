"""Review: one sample after the other, by keyboard."""

from app.widgets.review_desk import review_desk
from backend.translations import N_

TITLE, PATH = N_("Review"), "review"


def build() -> None:
    """The desk is the page."""
    review_desk()
