"""Notices: what one was told, and where one wants to be told of what."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from app.addresses import page_path
from app.api.depends import Asking, Before, Limit
from backend.boundary import Id, Line
from backend.services import notices
from backend.services.notices import NoticeView
from backend.values import Channel, NoticeKind

router = APIRouter(tags=["notices"])

Channels = Annotated[tuple[Channel, ...], Field(max_length=len(Channel))]


class NoticeShown(BaseModel):
    """One notice; `link` is the path of what it tells of."""

    id: int
    kind: NoticeKind
    project: str
    link: str
    text: str
    at: datetime
    is_read: bool

    @classmethod
    def of(cls, notice: NoticeView) -> "NoticeShown":
        link = page_path(notice.slug, notice.path)
        fields = {name: getattr(notice, name) for name in cls.model_fields if name != "link"}
        return cls(link=link, **fields)


class NoticesShown(BaseModel):
    """Newest first; `next` is what `before` of the following page is."""

    items: list[NoticeShown]
    next: int | None


class UnreadNotices(BaseModel):
    """`newest`: what to send as `after` the next time; `to_show`: those that came since and want the browser's word."""

    number: int
    newest: int
    to_show: list[NoticeShown]


class ReadNotices(BaseModel):
    """How many were marked read."""

    number: int


class NoticeChoices(BaseModel):
    """Channels by kind of notice, and where mail goes; what is left out stays as it is, an empty address ends it."""

    model_config = ConfigDict(extra="forbid")

    channels: dict[NoticeKind, Channels] = {}
    mail: Line | None = None


@router.get("/notices")
def list_notices(actor: Asking, unread: bool = False, limit: Limit = 50, before: Before = None) -> NoticesShown:
    """What one was told, in the projects that one is in now."""
    page = notices.listing(actor, unread=unread, before=before, limit=limit)
    return NoticesShown(items=[NoticeShown.of(notice) for notice in page.entries], next=page.next)


@router.get("/notices/unread")
def get_unread(actor: Asking, after: Annotated[Id | None, Query()] = None) -> UnreadNotices:
    """How many are unread, and those that came after the one of that number for the browser to show."""
    unread = notices.unread(actor, after=after)
    return UnreadNotices(
        number=unread.number, newest=unread.newest, to_show=[NoticeShown.of(notice) for notice in unread.to_show]
    )


@router.post("/notices/read")
def mark_all_read(actor: Asking, up_to: Annotated[Id | None, Query()] = None) -> ReadNotices:
    """Mark all of one's notices read, or those up to the one of that number."""
    return ReadNotices(number=notices.mark_all_read(actor, up_to=up_to))


@router.post("/notices/{notice_id}/read", status_code=204)
def mark_read(actor: Asking, notice_id: Id) -> None:
    """Mark one notice read."""
    notices.mark_read(actor, notice_id)


@router.get("/me/notices")
def get_choices(actor: Asking) -> NoticeChoices:
    """By which channels one is told of what."""
    return NoticeChoices(channels=notices.choices(actor), mail=notices.mail_address(actor))


@router.patch("/me/notices")
def change_choices(actor: Asking, body: NoticeChoices) -> NoticeChoices:
    """Change by which channels one is told of some kinds."""
    mail = notices.mail_address(actor) if body.mail is None else notices.set_mail_address(actor, body.mail)
    return NoticeChoices(channels=notices.choose(actor, body.channels), mail=mail)
