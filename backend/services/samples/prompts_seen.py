"""The prompts of a set as a person may see them: what a file says of them may be what people are yet to decide."""

from dataclasses import replace
from hashlib import blake2b

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from backend.db import reading, tables
from backend.errors import Conflict
from backend.services import prompts
from backend.services.access import Actor
from backend.services.prompts import PromptPage, PromptView
from backend.services.samples import visibility
from backend.values import RoundStatus, SetUse


def browse(
    actor: Actor,
    set_id: int,
    *,
    search: str = "",
    external_id: str = "",
    cursor: int | None = None,
    limit: int = prompts.PAGE,
) -> PromptPage:
    """A page of the set, as `prompts.browse` reads it; while a review hides the judge's view of texts that answer the
    set's prompts, without metadata and external ids, and without what the file says of its completions, their order
    included.

    Raises `Conflict` for an `external_id` to be found meanwhile.
    """
    prompts.get(actor, set_id)
    with reading() as db:
        is_hidden = _is_hidden(db, actor, set_id)
    if is_hidden and external_id.strip():
        raise Conflict(
            "While people decide blind on answers to these prompts, external ids are hidden, and no prompt is found by "
            "one. Search for its words, or wait for the end of the review."
        )
    page = prompts.browse(actor, set_id, search=search, external_id=external_id, cursor=cursor, limit=limit)
    return replace(page, rows=tuple(map(_masked, page.rows))) if is_hidden else page


def _is_hidden(db: Session, actor: Actor, set_id: int) -> bool:
    """Whether a round that hides the judge's view from the actor asks prompts of the set."""
    round_, used = tables.Round, tables.RoundPromptSet
    asks = select(used.round_id).where(used.prompt_set_id == set_id, used.use == SetUse.sample)
    # Prompts that a round made for itself are a set of its own.
    of_set = select(tables.PromptSet.round_id).where(tables.PromptSet.id == set_id)
    query = select(round_).where(or_(round_.id.in_(asks), round_.id.in_(of_set)), round_.is_reviewed, round_.is_blind)
    ahead = query.where(round_.status.in_((RoundStatus.running, RoundStatus.review)))
    return any(visibility.hidden(db, actor, round_).judge for round_ in db.scalars(ahead))


def _masked(row: PromptView) -> PromptView:
    # Of a pair a file names the chosen one first.
    ordered = sorted(
        row.completions, key=lambda completion: blake2b(completion.text.encode("utf-8", "surrogatepass")).digest()
    )
    completions = tuple(replace(completion, extra={}) for completion in ordered)
    return replace(row, extra={}, external_id=None, completions=completions, is_masked=True)
