"""The trash: what is in it, what goes there, comes back or is deleted for good; and files that nothing refers to."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from app.api.depends import After, Asking, Limit, Page, cut
from backend.boundary import Id
from backend.services import round_trash
from backend.services.operations import clean_up
from backend.services.operations.leftovers import Leftover
from backend.services.projects import deletion, trash
from backend.services.projects.own_files import Holdings
from backend.services.projects.trash import TrashEntry
from backend.services.prompts import set_trash
from backend.services.prompts.set_trash import TrashedSet
from backend.services.round_trash import TrashedRound, emptying

router = APIRouter(tags=["trash"])
Since = Annotated[AwareDatetime, Query(description="Its `trashed_at`; where it went there anew since, it stays.")]
Hours = Annotated[float, Query(ge=clean_up.LEAST_HOURS, allow_inf_nan=False)]


@router.get("/trash")
def list_trash(actor: Asking, limit: Limit = 50, after: After = None) -> Page[TrashEntry]:
    """The projects in the trash that the asker is in."""
    return cut(trash.list_mine(actor), limit=limit, after=after, key=lambda row: row.id)


@router.get("/trash/{entry_id}")
def get_trash_contents(actor: Asking, entry_id: Id) -> Holdings:
    """What would be deleted with it."""
    return deletion.contents(actor, entry_id)


@router.post("/projects/{project_id}/trash")
def trash_project(actor: Asking, project_id: Id) -> TrashEntry:
    """Put a project in the trash; 409 while a job of it runs."""
    return trash.get(actor, trash.put_project(actor, project_id))


@router.post("/trash/{entry_id}/restore", status_code=204)
def restore(actor: Asking, entry_id: Id) -> None:
    """Bring it back as it was."""
    trash.restore(actor, entry_id)


@router.delete("/trash/{entry_id}")
def delete_for_good(actor: Asking, entry_id: Id, since: Since) -> Holdings:
    """Delete it with its files, and answer what it held once all is gone: minutes where it held millions of samples.

    since: its `trashed_at`; 409 where it went there anew since then.
    """
    return deletion.delete_for_good(actor, entry_id, since)


@router.get("/projects/{project_id}/trash")
def list_trashed_rounds(actor: Asking, project_id: Id, limit: Limit = 50, after: After = None) -> Page[TrashedRound]:
    """The project's rounds in the trash, the last to go there first."""
    return cut(round_trash.list_mine(actor, project_id), limit=limit, after=after, key=lambda row: row.id)


@router.post("/rounds/{round_id}/trash")
def trash_round(actor: Asking, round_id: Id) -> TrashedRound:
    """Put a round in the trash; 409 while something runs that may read it, with the way out."""
    return round_trash.put(actor, round_id)


@router.get("/trash/rounds/{round_id}")
def get_trashed_round_contents(actor: Asking, round_id: Id) -> Holdings:
    """What would be deleted with it."""
    return emptying.contents(actor, round_id)


@router.post("/trash/rounds/{round_id}/restore", status_code=204)
def restore_round_from_trash(actor: Asking, round_id: Id) -> None:
    """Bring a round back as it was."""
    round_trash.restore(actor, round_id)


@router.delete("/trash/rounds/{round_id}")
def delete_round_for_good(actor: Asking, round_id: Id, since: Since) -> Holdings:
    """Delete a round in the trash with its datasets and files, and answer what it held once all is gone.

    since: its `trashed_at`. 409 where it went there anew since then, and where a checkpoint, a round or anything else
    that stays refers to it.
    """
    return emptying.delete_for_good(actor, round_id, since)


@router.get("/projects/{project_id}/trash/prompt-sets")
def list_trashed_prompt_sets(actor: Asking, project_id: Id, limit: Limit = 50, after: After = None) -> Page[TrashedSet]:
    """The project's prompt sets in the trash, the last to go there first."""
    return cut(set_trash.list_mine(actor, project_id), limit=limit, after=after, key=lambda row: row.id)


@router.post("/prompt-sets/{set_id}/trash")
def trash_prompt_set(actor: Asking, set_id: Id) -> TrashedSet:
    """Put a prompt set in the trash; 409 where something uses it."""
    return set_trash.put(actor, set_id)


@router.get("/trash/prompt-sets/{trashed_set_id}")
def get_trashed_prompt_set(actor: Asking, trashed_set_id: Id) -> TrashedSet:
    """One prompt set in the trash."""
    return set_trash.get(actor, trashed_set_id)


@router.post("/trash/prompt-sets/{trashed_set_id}/restore", status_code=204)
def restore_prompt_set_from_trash(actor: Asking, trashed_set_id: Id) -> None:
    """Bring a prompt set back as it was; 409 where its name is taken by now, or the other split asks its prompts."""
    set_trash.restore(actor, trashed_set_id)


@router.delete("/trash/prompt-sets/{trashed_set_id}")
def delete_prompt_set_for_good(actor: Asking, trashed_set_id: Id, since: Since) -> TrashedSet:
    """Delete a prompt set in the trash, and answer what it was.

    since: its `trashed_at`; 409 where it went there anew since then.
    """
    return set_trash.delete_for_good(actor, trashed_set_id, since)


@router.get("/leftovers")
def list_leftovers(actor: Asking, hours: Hours = clean_up.SAFE_HOURS) -> list[Leftover]:
    """Files in the data folder that nothing refers to and nobody wrote to for so many hours; for owners."""
    return clean_up.find(actor, hours)


@router.delete("/leftovers")
def delete_leftovers(actor: Asking, hours: Hours = clean_up.SAFE_HOURS) -> list[Leftover]:
    """Delete them, and answer what is gone."""
    return clean_up.delete(actor, hours)
