"""What curators set up and settle in a review: its settings, disagreements, gold items, assignments."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from app.api.depends import Asking
from backend.boundary import Data, Id, Line, Note, Score
from backend.services import review_settings as settings_of
from backend.services import rounds
from backend.services.queue import assignments, gold, pauses, shares
from backend.services.queue.assignments import Assigned
from backend.services.queue.gold import Accuracy, Gold
from backend.services.queue.shares import Ask, Asked
from backend.services.review_settings import ReviewSettings
from backend.services.reviews import ActResult, settings_edit
from backend.services.samples import Filters
from backend.services.team import adjudication
from backend.services.team.adjudication import Disputed
from backend.values import JSON, DecisionKind, Verdict

router = APIRouter(tags=["reviews"])

Ids = Annotated[list[Id], Field(max_length=1000)]


class Settled(BaseModel):
    """The word that stands above all votes. Sending a `client_id` again changes nothing."""

    client_id: Line
    sample_id: Id
    kind: DecisionKind
    score: Score | None = None
    value: Data = {}
    note: Note = ""


class Marked(BaseModel):
    """Samples whose right label is known."""

    sample_ids: Ids
    verdict: Verdict
    reason: Note = ""


class Which(BaseModel):
    sample_ids: Ids


class AssignmentRequest(BaseModel):
    """Either `filters`, as samples are filtered, or `sample_ids`. With `only_count`, nothing is written."""

    user_id: Id
    filters: Filters | None = None
    sample_ids: Ids = []
    only_count: bool = False


class Asks(BaseModel):
    """Of each person `share`, percent of the items, or `quota`, the most they decide; neither: nothing is asked."""

    people: list[Ask] = Field(min_length=1, max_length=1000)


class Reason(BaseModel):
    """Others read it."""

    reason: Note


class Counted(BaseModel):
    number: int


@router.get("/rounds/{round_id}/review/settings")
def get_settings(actor: Asking, round_id: Id) -> ReviewSettings:
    return settings_of.read(rounds.get(actor, round_id).review)


@router.patch("/rounds/{round_id}/review/settings")
def edit_settings(actor: Asking, round_id: Id, body: Data) -> ReviewSettings:
    """Change some settings of a round whose review is not over."""
    return settings_edit.edit_review(actor, round_id, body)


@router.get("/rounds/{round_id}/review/adjudication")
def list_disputed(actor: Asking, round_id: Id, limit: Annotated[int, Field(ge=1, le=100)] = 20) -> list[Disputed]:
    """Items on which reviewers disagree, with all votes."""
    return adjudication.queue(actor, round_id, limit=limit)


@router.post("/rounds/{round_id}/review/adjudication", status_code=201)
def adjudicate(actor: Asking, round_id: Id, body: Settled) -> ActResult:
    return adjudication.decide(
        actor, round_id, body.client_id, body.sample_id, body.kind, score=body.score, value=body.value, note=body.note
    )


@router.get("/rounds/{round_id}/review/gold")
def list_gold(actor: Asking, round_id: Id) -> list[Gold]:
    return gold.list_gold(actor, round_id)


@router.post("/rounds/{round_id}/review/gold", status_code=201)
def mark_gold(actor: Asking, round_id: Id, body: Marked) -> Counted:
    return Counted(number=gold.mark(actor, round_id, body.sample_ids, body.verdict, reason=body.reason))


@router.post("/rounds/{round_id}/review/gold/unmark")
def unmark_gold(actor: Asking, round_id: Id, body: Which) -> Counted:
    return Counted(number=gold.unmark(actor, round_id, body.sample_ids))


@router.get("/rounds/{round_id}/review/gold/accuracy")
def gold_accuracy(actor: Asking, round_id: Id) -> list[Accuracy]:
    """How each reviewer did on the gold items."""
    return gold.accuracy(actor, round_id)


@router.get("/rounds/{round_id}/review/assignments")
def list_assigned(actor: Asking, round_id: Id) -> list[Assigned]:
    return assignments.list_assigned(actor, round_id)


@router.post("/rounds/{round_id}/review/assignments", status_code=201)
def assign(actor: Asking, round_id: Id, body: AssignmentRequest) -> Counted:
    """Give items to a person; nobody else's queue offers them."""
    which: JSON = {"filters": body.filters, "sample_ids": body.sample_ids}
    if body.only_count:
        return Counted(number=assignments.count(actor, round_id, **which))
    return Counted(number=assignments.assign(actor, round_id, body.user_id, **which))


@router.delete("/rounds/{round_id}/review/assignments/{user_id}")
def unassign(actor: Asking, round_id: Id, user_id: Id) -> Counted:
    """Take everything that is not decided from a person's list."""
    return Counted(number=assignments.unassign(actor, round_id, user_id))


@router.get("/rounds/{round_id}/review/shares")
def list_shares(actor: Asking, round_id: Id) -> list[Asked]:
    """What is asked of each person, how much of it is done, and who is paused."""
    return shares.listing(actor, round_id)


@router.get("/rounds/{round_id}/review/shares/me")
def get_my_share(actor: Asking, round_id: Id) -> Asked | None:
    """What is asked of oneself; null where nothing in particular is."""
    return shares.mine(actor, round_id)


@router.put("/rounds/{round_id}/review/shares")
def set_shares(actor: Asking, round_id: Id, body: Asks) -> list[Asked]:
    """Ask a share or a quota of people; shares are dealt out as assignments. Of those who are not named all stays."""
    return shares.ask(actor, round_id, body.people)


@router.post("/rounds/{round_id}/reviewers/{user_id}/pause", status_code=204)
def pause_reviewer(actor: Asking, round_id: Id, user_id: Id, body: Reason) -> None:
    """Stop a person's queue in the round."""
    pauses.pause(actor, round_id, user_id, reason=body.reason)


@router.post("/rounds/{round_id}/reviewers/{user_id}/resume", status_code=204)
def resume_reviewer(actor: Asking, round_id: Id, user_id: Id, body: Reason) -> None:
    """Let a paused person go on; what they said of gold items so far pauses them no more."""
    pauses.resume(actor, round_id, user_id, reason=body.reason)
