"""Since when figures stand that take long to compute."""

from datetime import datetime

from app.widgets.times import moment
from backend.translations import gettext


def as_of(at: datetime | None) -> str:
    """Since when something may have changed that is not counted; empty where all is."""
    if at is None:
        return ""
    told = gettext("As of {time}. It is counted anew from time to time.")
    return told.format(time=moment(at))
