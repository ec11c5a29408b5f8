"""Review: what to decide next, decisions, taking them back, closing."""

from dataclasses import asdict, dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import Response
from pydantic import BaseModel, Field, TypeAdapter, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from app.api import desk_threads
from app.api.depends import Asking
from app.api.errors import ErrorBody, kind_of, status_of
from app.widgets.closing_lines import closing_lines
from backend.boundary import Id, Line, Note
from backend.errors import InvalidInput, RondoError, written_out
from backend.services import queue, refusals, reviews
from backend.services.access import Actor
from backend.services.decisions import Act, Unread, leases
from backend.services.decisions.leases import Holding
from backend.services.queue import Item, Order
from backend.services.reviews import ActResult, Closing, ReviewProgress, labelled_rows, reopening
from backend.services.reviews.labelled_rows import LabelledRow

router = APIRouter(tags=["reviews"])

Few = Annotated[int, Query(ge=1, le=100, description="how many at most")]


def _read(sent: Any, read: ValidatorFunctionWrapHandler) -> Any:
    """The act, or an `Unread`: what is no decision is refused alone."""
    try:
        return read(sent)
    except ValidationError as error:
        reason = InvalidInput(f"This decision cannot be used: {refusals.explain(error)}.")
    except InvalidInput as error:
        reason = error
    given = sent if isinstance(sent, dict) else {}
    return Unread(reason, **{name: str(given.get(name) or "") for name in ("client_id", "kind", "retracts")})


class DecisionList(BaseModel):
    """Written in order. One that cannot be written is set aside; sending a `client_id` again changes nothing."""

    decisions: list[Annotated[Act, WrapValidator(_read)]] = Field(min_length=1, max_length=200)


class RefusedDecision(BaseModel):
    """A decision that was not written, and why, as if it had been sent alone; the others in the call were."""

    client_id: str
    status: int
    error: ErrorBody


class ClaimRequest(BaseModel):
    """`held`: what the program has already and does not want again. `include`: items that the person decided and wants
    to see again, returned first. `peek`: look without reserving."""

    order: Order = Order.informativeness
    limit: int = Field(20, ge=1, le=100)
    after: Id = 0
    held: list[Id] = Field(default=[], max_length=1000)
    include: list[Id] = Field(default=[], max_length=100)
    peek: bool = False


class HeldItems(BaseModel):
    """What the program has already."""

    held: list[Id] = Field(default=[], max_length=1000)


class WantedRows(BaseModel):
    """Samples of a list, in its order."""

    sample_ids: list[Id] = Field(max_length=labelled_rows.MOST_ROWS)


class Undo(BaseModel):
    """A `client_id` makes it safe to send again."""

    client_id: Line = ""


@dataclass(frozen=True)
class ClosingInWords(Closing):
    """`lines`: the same as sentences, as the desk shows them before it closes."""

    lines: tuple[str, ...] = ()


class Closed(BaseModel):
    """The job that goes on with the round; null where it has its checkpoint, after a review that was opened again."""

    job_id: Id | None


class Reopening(BaseModel):
    """Why; others read it."""

    reason: Note


# What is asked for with every key is written as it is: to check it against its own types first takes as long again.
ITEMS = TypeAdapter(list[Item])
RESULTS = TypeAdapter(list[ActResult | RefusedDecision])


@router.get("/rounds/{round_id}/review")
def get_progress(actor: Asking, round_id: Id) -> ReviewProgress:
    return reviews.progress(actor, round_id)


@router.get("/rounds/{round_id}/review/queue")
def get_queue(
    actor: Asking, round_id: Id, order: Order = Order.sequential, limit: Few = 20, after: Id = 0
) -> list[Item]:
    """Look at the next items; nothing is reserved. In sequential order, `after` is the number of the last one there."""
    return queue.queue(actor, round_id, order=order, limit=limit, after=after, peek=True)


@router.post("/rounds/{round_id}/review/claims", response_model=list[Item])
async def claim(actor: Asking, round_id: Id, body: ClaimRequest) -> Response:
    """Take the next items: they are reserved until each one's `lease_until`, and asking again gives them again."""
    return await desk_threads.run(desk_threads.for_claims(), round_id, _claim, actor, round_id, body)


def _claim(actor: Actor, round_id: int, body: ClaimRequest) -> Response:
    items = queue.queue(
        actor,
        round_id,
        order=body.order,
        limit=body.limit,
        after=body.after,
        held=body.held,
        include=body.include,
        peek=body.peek,
    )
    return Response(ITEMS.dump_json(items), media_type="application/json")


@router.post("/rounds/{round_id}/review/earlier")
def get_earlier(actor: Asking, round_id: Id, body: HeldItems) -> Item | None:
    """The item one decided last, with one's own decision as `mine`, apart from those held; null where there is none."""
    return queue.earlier(actor, round_id, body.held)


@router.post("/rounds/{round_id}/review/rows")
def list_labelled_rows(actor: Asking, round_id: Id, body: WantedRows) -> list[LabelledRow]:
    """Samples with their texts, labels and one's own decisions, to decide them in a list. Nothing is reserved."""
    return labelled_rows.read_labelled(actor, round_id, body.sample_ids)


@router.get("/rounds/{round_id}/review/holders")
def list_holders(
    actor: Asking, round_id: Id, sample_id: Annotated[tuple[Id, ...], Query(max_length=500)] = ()
) -> list[Holding]:
    """Who has reserved or decided these items."""
    return leases.holders(actor, round_id, sample_id)


@router.post("/rounds/{round_id}/decisions", status_code=201, response_model=list[ActResult | RefusedDecision])
async def decide(actor: Asking, round_id: Id, body: DecisionList) -> Response:
    """Write decisions. What came of each, in their order; one sent alone that cannot be written is an error."""
    return await desk_threads.run(desk_threads.for_decisions(), round_id, _decide, actor, round_id, body)


def _decide(actor: Actor, round_id: int, body: DecisionList) -> Response:
    sent: list[Act | Unread] = [*body.decisions]
    answers = reviews.decide_each(actor, round_id, sent)
    if len(answers) == 1 and isinstance(answers[0], RondoError):
        raise answers[0]
    results = [
        _refused(act.client_id, answer) if isinstance(answer, RondoError) else answer
        for act, answer in zip(sent, answers, strict=True)
    ]
    return Response(RESULTS.dump_json(results), 201, media_type="application/json")


def _refused(client_id: str, error: RondoError) -> RefusedDecision:
    reason = ErrorBody(type=kind_of(error), message=error.message)
    return RefusedDecision(client_id=written_out(client_id), status=status_of(error), error=reason)


@router.post("/rounds/{round_id}/decisions/undo")
def undo(actor: Asking, round_id: Id, body: Undo) -> ActResult:
    """Take back one's last decision in the round."""
    return reviews.undo(actor, round_id, body.client_id)


@router.get("/rounds/{round_id}/review/closing")
def get_closing(actor: Asking, round_id: Id) -> ClosingInWords:
    """What closing the review now would go on with, and what it would leave open; for curators."""
    state = reviews.closing(actor, round_id)
    return ClosingInWords(**asdict(state), lines=tuple(closing_lines(state)))


@router.post("/rounds/{round_id}/review/close")
def close(actor: Asking, round_id: Id) -> Closed:
    return Closed(job_id=reviews.close(actor, round_id))


@router.post("/rounds/{round_id}/review/reopen", status_code=204)
def reopen(actor: Asking, round_id: Id, body: Reopening) -> None:
    """Open a closed review again. What was made of its labels is marked as stale; what a training read stays."""
    reopening.reopen(actor, round_id, reason=body.reason)
