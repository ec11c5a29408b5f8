"""Making knobs that were tried out the selector of their round."""

from dataclasses import dataclass

from backend.db import session
from backend.services import events
from backend.services.access import Actor
from backend.services.pairs import openings
from backend.services.pairs.previews import as_selector, parse
from backend.services.rounds import get_row, reselect
from backend.values import JSON, Role, RoundStatus


@dataclass(frozen=True)
class Chosen:
    """`job_id`: the select job that was started; None where the round waits for people and selects afterwards."""

    round_id: int
    number: int
    job_id: int | None


def choose(actor: Actor, round_id: int, knobs: JSON) -> Chosen:
    """Make this the round's selector. A round that waits for people selects with it once its review is closed; one that
    stopped selects again at once.

    Raises `Conflict` for a round that is under way or has its checkpoint, `InvalidInput` where its trainer does not
    read pairs.
    """
    selector = as_selector(parse(knobs))
    with session() as db:
        row = get_row(db, actor, round_id, Role.curator)
        number = row.number
        if row.status is RoundStatus.review and row.error is None:
            step = openings.selector_step(db, row)
            before = reselect.holder(row, step)[0]
            row.recipe = openings.with_selector(row, step, selector)
            place = {"project_id": row.project_id, "round_id": round_id}
            events.note(db, actor, "change selector", f"round {number}", before=before, after=selector, **place)
            return Chosen(round_id, number, None)
    return Chosen(round_id, number, reselect.reselect(actor, round_id, selector))
