"""What the best of some rounds, or of what stands side by side, is called: the same on every page that says it."""

from backend.translations import gettext


def best_round(*, is_sure: bool, is_above_base: bool) -> str:
    """What the round with the highest held-out accuracy is called. `is_sure`: chance does not explain that; of one that
    is not above the base, that it is above the other rounds."""
    if not is_above_base:
        text = gettext("best round, not above the base") if is_sure else gettext("highest round, not above the base")
        return text
    return gettext("best round") if is_sure else gettext("highest round, within chance")


def best_side(*, is_sure: bool, is_above_base: bool) -> str:
    """The same of what stands side by side, which may be rounds or not."""
    if not is_above_base:
        return gettext("best, not above the base") if is_sure else gettext("highest, not above the base")
    return gettext("best") if is_sure else gettext("highest, within chance")
