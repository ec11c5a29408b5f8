"""Review: one sample after the other, by keyboard."""

from app.widgets.review_desk import review_desk

TITLE, PATH = "Review", "review"


def build() -> None:
    """The desk is the page."""
    review_desk()
