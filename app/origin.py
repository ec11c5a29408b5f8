"""From which page a request comes, as the audit tells it."""

import re

from fastapi import Request

LONGEST = 16
"""As long as the column."""
PAGE = re.compile(r"https?://[^/]+/(?:p/[^/]+/)?([a-z-]*)([?#]|$)")


def via(request: Request) -> str:
    """`page team`, or `page` where the browser does not say. It says what it likes: a help to read by, no proof."""
    match = PAGE.match(request.headers.get("referer", ""))
    return f"page {match[1] or 'overview'}"[:LONGEST] if match else "page"
