"""Filters and an order of samples as the query of a REST address."""

from urllib.parse import urlencode

from backend.services.samples import Filters, Sort
from backend.values import JSON


def rest_query(filters: Filters, sort: Sort, more: JSON | None = None) -> str:
    """The query string; `more` holds further parameters."""
    asked: JSON = filters.changed() | {"sort": str(sort.key), "descending": sort.descending} | (more or {})
    if sort.then is not None:
        asked |= {"then": str(sort.then), "then_descending": sort.then_descending}
    plain = {name: str(value).lower() if isinstance(value, bool) else value for name, value in asked.items()}
    return urlencode(plain, doseq=True)
