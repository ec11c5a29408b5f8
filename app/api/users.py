"""Oneself, one's tokens, and, for owners, everyone."""

from fastapi import APIRouter, Request
from pydantic import BaseModel

from app.api.depends import After, Asking, Browsing, Limit, Page, cut
from backend.boundary import Count, Id, Name
from backend.services import projects
from backend.services.people import accounts, sessions
from backend.services.people.accounts import UserView
from backend.services.people.sessions import TokenView

router = APIRouter(tags=["users"])


class Me(BaseModel):
    user_id: Id
    name: str
    is_owner: bool
    project_id: Id | None


class NewUser(BaseModel):
    name: Name
    is_owner: bool = False


class Link(BaseModel):
    """The path of a link that signs its holder in once."""

    link: str


class NewToken(BaseModel):
    name: Name
    days: Count = 90


class Secret(BaseModel):
    """The token is shown this once."""

    id: int
    token: str


@router.get("/me")
def me(request: Request, actor: Asking) -> Me:
    project_id = projects.current(actor, request.state.signed_in.project_id)
    return Me(user_id=actor.user_id, name=actor.name, is_owner=actor.is_owner, project_id=project_id)


@router.get("/users")
def list_users(actor: Asking, limit: Limit = 50, after: After = None) -> Page[UserView]:
    return cut(accounts.list_users(actor), limit=limit, after=after, key=lambda row: row.id)


@router.post("/users", status_code=201)
def create_user(actor: Browsing, body: NewUser) -> UserView:
    accounts.create_user(actor, body.name, is_owner=body.is_owner)
    return accounts.find(actor, body.name)


@router.post("/users/{user_id}/link", status_code=201)
def make_link(actor: Browsing, user_id: Id) -> Link:
    return Link(link=f"/login/link/{accounts.one_time_link(actor, user_id)}")


@router.post("/users/{user_id}/deactivate", status_code=204)
def deactivate(actor: Asking, user_id: Id) -> None:
    accounts.deactivate(actor, user_id)


@router.get("/tokens")
def list_tokens(actor: Asking, limit: Limit = 50, after: After = None) -> Page[TokenView]:
    return cut(sessions.list_tokens(actor), limit=limit, after=after, key=lambda row: row.id)


@router.post("/tokens", status_code=201)
def create_token(actor: Browsing, body: NewToken) -> Secret:
    token_id, secret = sessions.create_token(actor, name=body.name, days=body.days)
    return Secret(id=token_id, token=secret)


@router.delete("/tokens/{token_id}", status_code=204)
def revoke_token(actor: Asking, token_id: Id) -> None:
    sessions.revoke_token(actor, token_id)
