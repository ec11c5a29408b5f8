"""The trash of projects, rounds and prompt sets: what goes there, comes back, or is deleted for good.

Plain pages of forms, as the list of projects is, on which they end.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import AwareDatetime

from app import html
from app.addresses import page_path
from app.api.errors import status_of
from app.projects_pages import actor_of, listing, trashed_name
from app.widgets.formats import count, in_bytes
from backend.boundary import Id
from backend.errors import RondoError
from backend.services import projects, round_trash, rounds
from backend.services.access import Actor
from backend.services.projects import deletion, trash
from backend.services.projects.own_files import Holdings
from backend.services.projects.trash import TrashEntry
from backend.services.prompts import set_trash
from backend.services.prompts.set_trash import TrashedSet
from backend.services.round_trash import TrashedRound, emptying
from backend.translations import N_, gettext

router = APIRouter(include_in_schema=False)
Since = Annotated[AwareDatetime, Form()]


@dataclass(frozen=True)
class Trash:
    """What lies in the trash of one kind, and what is done with it.

    path: of its routes. get: an entry. restore: bring it back and return the address of its page. delete: for good, if
    it went there at that time. lines: what goes with it, as pairs of a name and a number. why_not: why it cannot be
    deleted; empty where it can. name: what the entry is called. after: the address that one comes to after a deletion.
    refused: what is shown to people who may not delete it.
    """

    path: str
    get: Callable[[Actor, int], TrashEntry | TrashedRound | TrashedSet]
    restore: Callable[[Actor, int], str]
    delete: Callable[[Actor, int, datetime], Any]
    lines: Callable[[Actor, Any], list[tuple[str, str]]]
    why_not: Callable[[Actor, Any], str]
    name: Callable[..., str]
    after: str
    refused: str = N_("Only an owner of this installation may do this.")


def add_routes(kind: Trash) -> None:
    """Add the routes by which what lies in this trash leaves it."""

    @router.post(f"{kind.path}/{{entry_id}}/restore")
    def restore(request: Request, entry_id: Id) -> Response:
        """Bring it back, and go there."""
        try:
            address = kind.restore(actor_of(request), entry_id)
        except RondoError as error:
            return listing(request, error)
        return RedirectResponse(address, 303)

    @router.get(f"{kind.path}/{{entry_id}}/delete")
    def ask_to_delete(request: Request, entry_id: Id) -> Response:
        """Say what would be deleted, or what keeps it."""
        actor = actor_of(request)
        try:
            entry = kind.get(actor, entry_id)
            held, kept = kind.lines(actor, entry), kind.why_not(actor, entry)
        except RondoError as error:
            return listing(request, error)
        return html.page(
            request,
            "delete",
            title=gettext("Delete {name} for good?").format(name=kind.name(entry)),
            entry=entry,
            lines=held,
            kept=kept,
            action=f"{kind.path}/{entry_id}/delete",
            since=entry.trashed_at.isoformat(),
            refused=kind.refused,
        )

    @router.post(f"{kind.path}/{{entry_id}}/delete")
    def delete_for_good(request: Request, entry_id: Id, since: Since) -> Response:
        """Delete it, if it is what the person was asked about."""
        try:
            kind.delete(actor_of(request), entry_id, since)
        except RondoError as error:
            return listing(request, error)
        return RedirectResponse(kind.after, 303)


def _restore_project(actor: Actor, entry_id: int) -> str:
    return _page(actor, trash.restore(actor, entry_id))


def _restore_round(actor: Actor, round_id: int) -> str:
    round_trash.restore(actor, round_id)
    return _round_page(actor, rounds.get(actor, round_id).project_id, round_id)


def _restore_set(actor: Actor, set_id: int) -> str:
    return _page(actor, set_trash.restore(actor, set_id).project_id, f"/prompts?set={set_id}")


add_routes(
    Trash(
        "/projects/trash",
        trash.get,
        _restore_project,
        deletion.delete_for_good,
        lines=lambda actor, entry: lines(deletion.contents(actor, entry.id)),
        why_not=lambda actor, entry: "",
        name=lambda entry: entry.name,
        after="/projects",
    )
)
add_routes(
    Trash(
        "/projects/rounds",
        round_trash.get,
        _restore_round,
        emptying.delete_for_good,
        lines=lambda actor, entry: lines(emptying.contents(actor, entry.id)),
        why_not=lambda actor, entry: "" if entry.is_deleting else emptying.why_not(actor, entry.id),
        name=trashed_name,
        after="/projects#trash",
    )
)
add_routes(
    Trash(
        "/projects/prompt-sets",
        set_trash.get,
        _restore_set,
        set_trash.delete_for_good,
        lines=lambda actor, entry: [(N_("Prompts"), count(entry.num_prompts))],
        why_not=lambda actor, entry: "",
        name=lambda entry: entry.name,
        after="/projects#trash",
        refused=N_("Only an admin of its project may do this."),
    )
)


@router.post("/projects/{project_id}/trash")
def trash_project(request: Request, project_id: Id) -> Response:
    """Put a project in the trash."""
    try:
        trash.put_project(actor_of(request), project_id)
    except RondoError as error:
        return listing(request, error)
    return RedirectResponse("/projects", 303)


@router.get("/projects/rounds/{round_id}/trash")
def ask_to_trash_round(request: Request, round_id: Id) -> Response:
    """Say what becomes of the round, or why it has to stay."""
    return _asked(request, round_id)


@router.post("/projects/rounds/{round_id}/trash")
def trash_round(request: Request, round_id: Id) -> Response:
    """Put a round in the trash, and go to where it lies now."""
    try:
        round_trash.put(actor_of(request), round_id)
    except RondoError as error:
        return _asked(request, round_id, error)
    return RedirectResponse("/projects#trash", 303)


def lines(held: Holdings) -> list[tuple[str, str]]:
    """What something holds, as pairs of a name and a number."""
    return [
        (N_("Rounds"), count(held.rounds)),
        (N_("Samples"), count(held.samples)),
        (N_("Decisions"), count(held.decisions)),
        (N_("Answers"), count(held.answers)),
        (N_("Comments"), count(held.comments)),
        (N_("Checkpoints"), count(held.checkpoints)),
        (N_("Files"), in_bytes(held.num_bytes)),
    ]


def _asked(request: Request, round_id: int, error: RondoError | None = None) -> Response:
    actor = actor_of(request)
    try:
        why, row = round_trash.why_not(actor, round_id), rounds.get(actor, round_id)
    except RondoError as refused:
        return listing(request, refused)
    return html.page(
        request,
        "trash_round",
        title=gettext("Move round {number} to the trash?").format(number=row.number),
        status=status_of(error) if error is not None else 200,
        why=why or (error.message if error is not None else ""),
        round=row,
        back=_round_page(actor, row.project_id, round_id),
    )


def _round_page(actor: Actor, project_id: int, round_id: int) -> str:
    return _page(actor, project_id, f"/round?round={round_id}")


def _page(actor: Actor, project_id: int, path: str = "") -> str:
    return page_path(projects.get(actor, project_id).slug, path)
