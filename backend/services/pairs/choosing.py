"""Making knobs that were tried out the selector of their round."""

from dataclasses import dataclass, replace

from backend.db import reading, session, tables
from backend.selectors.margin_pairs import MarginPairs
from backend.services import events
from backend.services.access import Actor
from backend.services.pairs import openings
from backend.services.pairs.previews import as_selector, parse
from backend.services.plans import Plan, branch
from backend.services.rounds import get_row, reselect
from backend.values import JSON, Role, RoundStatus

KNOBS = tuple(MarginPairs.model_fields)
"""The knobs of the selector that are tried out."""


@dataclass(frozen=True)
class SelectingRound:
    """The round that selects, by its id and number.

    job_id: the job that was started; None where the round waits for people and selects afterwards. branch_of_number:
    the number of the round that it branches off; None where it is no branch.
    """

    round_id: int
    number: int
    job_id: int | None
    branch_of_number: int | None = None


def choose(actor: Actor, round_id: int, knobs: JSON) -> SelectingRound:
    """Make this the round's selector. A round that waits for people selects with it once its review is closed; one that
    stopped selects again at once. One that has its checkpoint stays as it is, and a branch of it is launched.

    Raises `Conflict` for a round that is under way, `InvalidInput` where its trainer does not read pairs:
    `plan` gives it another one.
    """
    selector = as_selector(parse(knobs))
    with session() as db:
        row = get_row(db, actor, round_id, Role.curator)
        # Closing its review takes the same lock: what is read here still holds when the recipe is written.
        db.refresh(row, with_for_update=True)
        number = row.number
        if row.status is RoundStatus.review and row.error is None:
            step = openings.selector_step(db, row)
            before = reselect.holder(row, step)[0]
            row.recipe = openings.with_selector(row, step, selector)
            place = {"project_id": row.project_id, "round_id": round_id}
            events.note(db, actor, "change selector", f"round {number}", before=before, after=selector, **place)
            return SelectingRound(round_id, number, None)
    job_id = reselect.reselect(actor, round_id, selector)
    with reading() as db:
        round_ = db.get_one(tables.Round, db.get_one(tables.Job, job_id).round_id)
        return SelectingRound(round_.id, round_.number, job_id, number if round_.id != round_id else None)


def plan(actor: Actor, round_id: int, knobs: JSON) -> Plan:
    """Return the plan of a branch of the round that selects so; where the round's trainer reads no pairs, by `dpo`.

    Raises `Conflict` where no branch can begin at its selection, and `InvalidInput` for wrong knobs.
    """
    selector = as_selector(parse(knobs))
    wanted = branch(actor, round_id, "select")
    with reading() as db:
        row = get_row(db, actor, round_id, Role.curator)
        recipe, _ = openings.with_pairs(row, wanted.branch_step or 0, selector)
    return replace(wanted, recipe=recipe)
