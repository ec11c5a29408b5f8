"""What routes share: who asks, and pages of a list."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel, Field

from app.guard import PAGE_OF
from backend.boundary import Count, Id
from backend.errors import InvalidInput, NotSignedIn, PermissionDenied
from backend.services.access import Actor

T = TypeVar("T")


async def actor(request: Request) -> Actor:
    """Who the token or the session stands for. Asynchronous, as what waits for nothing needs no thread.

    A page that stays open names in the header `Rondo-User` the person it was made for: where somebody else signed in
    in the same browser since, `NotSignedIn` is raised and nothing is done in their name.
    """
    who = request.state.signed_in
    if who is None:
        raise NotSignedIn()
    page_of = request.headers.get(PAGE_OF)
    if page_of is not None:
        if not (page_of.isascii() and page_of.isdecimal() and len(page_of) < 20):
            raise InvalidInput(f"The header {PAGE_OF} is the number of a person. Send a number, or leave it out.")
        if int(page_of) != who.actor.user_id:
            # The cookie is that of whoever signed in last.
            raise NotSignedIn(
                f"{who.actor.name} is signed in in this browser now, and this page is somebody else's. Nothing is "
                f"saved under the name of {who.actor.name}. Sign out there and sign in as yourself, in a new tab."
            )
    return who.actor


async def browsing(request: Request, actor: Annotated[Actor, Depends(actor)]) -> Actor:
    """Who is signed in with a browser: what lets in must not be made by a token, or it would outlive the token."""
    if request.state.signed_in.session_id is None:
        raise PermissionDenied("A token cannot make links, tokens or accounts. Sign in with a browser and do it there.")
    return actor


Asking = Annotated[Actor, Depends(actor)]
Browsing = Annotated[Actor, Depends(browsing)]
Limit = Annotated[int, Query(ge=1, le=200, description="how many at most")]
After = Annotated[str | None, Query(description="`next` of the page before")]
Before = Annotated[Id | None, Query(description="`next` of the page before")]

Version = Annotated[
    Count | None,
    Field(description="`version` as it was read: 409 with both contents where it was changed since; null asks nothing"),
]


def file_of(*media: str) -> dict[str, Any]:
    """How the document describes a route that answers with a file of one of these types."""
    content = {media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in media}
    return {"response_class": Response, "responses": {200: {"content": content, "description": "The file"}}}


class Page(BaseModel, Generic[T]):
    """One page of a list; `next` is the cursor of the following one, null at the end."""

    items: list[T]
    next: str | None = None


def cut(rows: Sequence[T], *, limit: int, after: str | None, key: Callable[[T], int | str]) -> Page[T]:
    """Page a short list that a service returns whole, in its order; the cursor is the key of the last row."""
    if after is not None:
        keys = [str(key(row)) for row in rows]
        if after not in keys:
            raise InvalidInput(f"There is no row {after!r} to continue after. Start from the first page.")
        rows = rows[keys.index(after) + 1 :]
    following = str(key(rows[limit - 1])) if len(rows) > limit else None
    return Page(items=list(rows[:limit]), next=following)
