"""What is said of a number that is beyond the bounds of its field."""

from typing import Any

from backend.translations import gettext


def beyond_bounds(field: Any, value: Any) -> str:
    """Say which bound of its field a number is beyond, by the field's label; nothing for one that is within them."""
    label = getattr(field, "label", None)
    if not isinstance(value, int | float) or not label:
        return ""
    least, most = getattr(field, "minimum", None), getattr(field, "maximum", None)
    if least is not None and value < least:
        return gettext("{label}: at least {bound}.").format(label=gettext(label), bound=_plain(least))
    if most is not None and value > most:
        return gettext("{label}: at most {bound}.").format(label=gettext(label), bound=_plain(most))
    return ""


def _plain(bound: float) -> str:
    return f"{bound:,}".removesuffix(".0")
