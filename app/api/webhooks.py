"""Webhooks: where a project's notices are posted. For owners of the installation."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.api.depends import Asking
from backend.boundary import Id, Line
from backend.services.notices import hooks
from backend.services.notices.hooks import DeliveryView, WebhookView
from backend.values import NoticeKind

router = APIRouter(tags=["notices"])

Kinds = Annotated[tuple[NoticeKind, ...], Field(min_length=1, max_length=len(NoticeKind))]


class NewWebhook(BaseModel):
    """`url`: an http or https address without a name or password in it."""

    model_config = ConfigDict(extra="forbid")

    url: Line
    kinds: Kinds


class WebhookEdit(BaseModel):
    """What is left out stays."""

    model_config = ConfigDict(extra="forbid")

    url: Line | None = None
    kinds: Kinds | None = None


class WebhookMade(BaseModel):
    """`secret`: what its requests are signed with; it is told this once."""

    webhook: WebhookView
    secret: str


@router.get("/projects/{project_id}/webhooks")
def list_webhooks(actor: Asking, project_id: Id) -> list[WebhookView]:
    return hooks.listing(actor, project_id)


@router.post("/projects/{project_id}/webhooks", status_code=201)
def add_webhook(actor: Asking, project_id: Id, body: NewWebhook) -> WebhookMade:
    """Post notices of these kinds to an address, and learn the secret of the signatures."""
    webhook, secret = hooks.add(actor, project_id, body.url, body.kinds)
    return WebhookMade(webhook=webhook, secret=secret)


@router.patch("/webhooks/{webhook_id}")
def edit_webhook(actor: Asking, webhook_id: Id, body: WebhookEdit) -> WebhookView:
    """Change its address or kinds."""
    return hooks.change(actor, webhook_id, url=body.url, kinds=body.kinds)


@router.delete("/webhooks/{webhook_id}", status_code=204)
def delete_webhook(actor: Asking, webhook_id: Id) -> None:
    hooks.delete(actor, webhook_id)


@router.post("/webhooks/{webhook_id}/test", status_code=202)
def test_webhook(actor: Asking, webhook_id: Id) -> None:
    """Let a worker send it a test; its deliveries say what came of it."""
    hooks.test(actor, webhook_id)


@router.post("/webhooks/{webhook_id}/pause")
def pause_webhook(actor: Asking, webhook_id: Id) -> WebhookView:
    """Send it nothing until it is resumed."""
    return hooks.pause(actor, webhook_id)


@router.post("/webhooks/{webhook_id}/resume")
def resume_webhook(actor: Asking, webhook_id: Id) -> WebhookView:
    """Send it again what is told from now on."""
    return hooks.resume(actor, webhook_id)


@router.get("/webhooks/{webhook_id}/deliveries")
def list_deliveries(actor: Asking, webhook_id: Id) -> list[DeliveryView]:
    """The last twenty things that were or are to be sent to it, newest first."""
    return hooks.sent(actor, webhook_id)
