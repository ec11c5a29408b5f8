"""The body of a request: how large it may be, how long it may take to come, and how deep its JSON may be nested."""

import anyio
from fastapi import HTTPException, Request
from starlette.datastructures import Headers
from starlette.types import Message, Receive

from app.nesting import Nesting
from backend.boundary import MOST_DEPTH
from backend.config import settings

MEGABYTE = 1024 * 1024
LARGE = ("/gradio_api/upload", "/import")
BODY_SECONDS, SLOWEST = 30.0, 8 * 1024
"""A body may take this many seconds, and one more for so many bytes of it."""
TOO_SLOW = "The rest of this request did not come in time. Send it again over a faster line."
TOO_DEEP = f"This JSON is nested more than {MOST_DEPTH} deep. Send something flatter."


def most_bytes(path: str) -> int:
    """How many bytes a request to this path may have."""
    if path.startswith("/login"):
        return 64 * 1024
    upload = settings().max_upload_mb * MEGABYTE
    # A multipart upload is a little larger than its file.
    return upload + MEGABYTE if path.endswith(LARGE) else min(upload, 32 * MEGABYTE)


def too_large(path: str) -> str:
    """What whoever sends more is told."""
    most = most_bytes(path) / MEGABYTE
    return f"This is larger than {most:.2g} MB. Send less, or ask for a larger RONDO_MAX_UPLOAD_MB."


def bounded(receive: Receive, request: Request) -> Receive:
    """Count what comes, how fast, and how deep its JSON is nested: a request may not say how long it is, and may take
    for ever to send it."""
    path, nesting = request.url.path, None if _is_form(request.headers) else Nesting()
    seen, limit, is_whole = 0, most_bytes(path), False
    started: float | None = None

    async def receiving() -> Message:
        nonlocal seen, is_whole, started
        if is_whole:
            return await receive()  # only waits for the other side to leave
        started = anyio.current_time() if started is None else started
        try:
            with anyio.fail_after(started + BODY_SECONDS + seen / SLOWEST - anyio.current_time()):
                message = await receive()
        except TimeoutError:
            raise HTTPException(408, TOO_SLOW) from None
        piece = message.get("body", b"")
        seen += len(piece)
        if seen > limit:
            raise HTTPException(413, too_large(path))
        if nesting is not None:
            nesting.feed(piece)
            if nesting.deepest > MOST_DEPTH:
                raise HTTPException(422, TOO_DEEP)
        is_whole = not message.get("more_body", False)
        return message

    return receiving


def _is_form(headers: Headers) -> bool:
    """Whether the body is a form, with a file perhaps, and no JSON."""
    return headers.get("content-type", "").startswith(("multipart/", "application/x-www-form-urlencoded"))
