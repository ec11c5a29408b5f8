"""Since when figures stand that take long to compute."""

from datetime import datetime

from app.widgets.times import moment
from backend.translations import gettext


def as_of(at: datetime | None) -> str:
    """Since when people may have said more than is counted; empty where all is."""
    if at is None:
        return ""
    told = gettext("As of {time}. What was decided since is being counted: open this again in a moment.")
    return told.format(time=moment(at))
