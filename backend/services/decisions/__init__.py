"""Writing decisions: appended once each, with slot and label in the same transaction."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from backend.db import now, tables
from backend.db.standing import ANY_LABELLING, DECIDING, LABELLING, TOGETHER
from backend.errors import InvalidInput, NotFound
from backend.recipes import cut_of, judge_of
from backend.services import review_settings
from backend.services.access import Actor
from backend.services.decisions import group_decisions, labels, leases, pausing, required, tallies
from backend.services.decisions.acts import Act, Unread
from backend.services.decisions.decision import Decision, own, refuse_strange, written, written_before
from backend.services.decisions.edits import make_edit, source
from backend.services.decisions.locks import lock_round
from backend.services.decisions.places import ActPlace, earlier_on, places_of
from backend.services.decisions.retracts import retract
from backend.services.decisions.votes import is_override, verdict_of
from backend.services.review_settings import Mode, ReviewSettings
from backend.services.rounds import review_scope
from backend.values import DecisionKind, SampleKind

__all__ = ["Act", "ActPlace", "Decision", "Unread", "lock_round", "places_of", "write_all"]


def write_all(
    db: Session, actor: Actor, round_: tables.Round, acts: Sequence[Act], *, is_adjudication: bool = False
) -> list[Decision]:
    """Write acts in order; the caller holds the round. Return the decisions; one that was written before as it was.

    Labels are locked first, in order of their numbers. Several acts take all their slots before the first is written,
    one act takes its own as it is written. is_adjudication: they stand above all votes, and need no slots.
    """
    settings = review_settings.read(round_.review)
    places = places_of(db, round_, settings, [act for act in acts if act.kind is not DecisionKind.retract])
    done: dict[str, Decision] = {}
    decided_last: dict[int, int] = {}
    """The place in `acts` of the last new one that decides an item."""
    if not is_adjudication:
        required.refuse_unanswered(db, actor, round_, settings, acts)
    if not is_adjudication and settings.by_group and any(act.kind is DecisionKind.edit for act in acts):
        # Where groups are decided, a rewritten text needs no slot.
        pausing.refuse_paused(db, actor, round_.id)
    if len(acts) > 1 and not is_adjudication:
        done = written_before(db, actor, round_, [act.client_id for act in acts])
        for n, act in enumerate(acts):
            if act.kind in settings.deciding and act.client_id in places and act.client_id not in done:
                decided_last[places[act.client_id].item_id] = n
        leases.settle(db, actor, round_, settings, list(decided_last))
    is_settled = len(acts) > 1
    decisions = []
    for n, act in enumerate(acts):
        decision = done.get(act.client_id)
        if decision is None:
            place = places.get(act.client_id)
            decision = write(
                db, actor, round_, act, settings, place, is_adjudication=is_adjudication, is_settled=is_settled
            )
            is_skip = act.kind is DecisionKind.skip and decision.is_new
            # A slot that a later act of these needs stays: to take it again, this would wait while it holds others.
            if is_skip and place is not None and n > decided_last.get(place.item_id, -1):
                leases.give_back(db, actor, place.item_id)
        done[act.client_id] = replace(decision, is_new=False)
        decisions.append(decision)
    tallies.keep(db, round_.id, settings)
    return decisions


def write(
    db: Session,
    actor: Actor,
    round_: tables.Round,
    act: Act,
    settings: ReviewSettings,
    place: ActPlace | None,
    *,
    is_adjudication: bool,
    is_settled: bool,
) -> Decision:
    """Write one act; of one that was written before, what was written. `is_settled`: slots were taken before."""
    if act.kind is DecisionKind.retract:
        return retract(db, actor, round_, act, settings)
    if place is None:
        before = written(db, actor, round_, act.client_id)
        if before is None:
            raise NotFound(f"There is no sample {act.sample_id} in round {round_.number}. Reload the page.")
        return before
    earlier = earlier_on(db, actor, act, place)
    for row in earlier:
        if row.client_id == act.client_id:
            refuse_strange([row], actor, round_)
            return own(db, row, actor, round_)
    if not place.is_shown:
        review_scope.refuse_others(db, round_, act.sample_id)
    row = row_for(actor, round_, act, settings, place, earlier)
    if act.kind in settings.deciding:
        row.is_adjudication = is_adjudication
        row.is_gold = place.is_gold and not is_adjudication
        if not is_adjudication:
            keep_slot(db, actor, round_, settings, place, row, is_settled=is_settled)
    touched = list(place.members) if act.kind in TOGETHER else [act.sample_id]
    if act.kind is DecisionKind.edit:
        edit_id = make_edit(db, actor, db.get_one(tables.Sample, act.sample_id), act.text or "")
        row.value = row.value | source(act.value) | {"edit_id": edit_id}
        touched.append(edit_id)
    append(db, row)
    tallies.note(db, settings, row, earlier)
    if len(touched) > 1 or place.kind == SampleKind.edit or any(other.kind in TOGETHER for other in [*earlier, row]):
        labels.recompute(db, touched, [round_])
    else:
        alone = [other for other in earlier if other.sample_id == act.sample_id and other.stands]
        labels.recount(db, round_, act.sample_id, place.machine[act.sample_id], [*alone, row])
    return own(db, row, actor, round_, is_new=True)


def keep_slot(
    db: Session,
    actor: Actor,
    round_: tables.Round,
    settings: ReviewSettings,
    place: ActPlace,
    row: tables.Decision,
    *,
    is_settled: bool,
) -> None:
    """Keep the person's slot for good, and note how they came by the item; without one the decision is late."""
    if is_settled:
        is_random = leases.decided(db, actor, place.item_id)
    else:
        is_random = leases.keep(db, actor, round_, settings, place.item_id)
    row.is_random, row.is_late = bool(is_random), is_random is None
    if row.is_late:
        row.value = row.value | {"late_because": late_because(db, place.item_id)}


WRITTEN = [column.name for column in tables.Decision.__table__.c if not column.primary_key]


def append(db: Session, row: tables.Decision) -> None:
    """Insert the row and give it its number."""
    values = {name: getattr(row, name) for name in WRITTEN}
    table: Any = tables.Decision.__table__
    key: Any = db.connection().execute(insert(table), values).inserted_primary_key
    row.id = key[0]


def late_because(db: Session, item_id: int) -> str:
    """What happened meanwhile, for the person who came late."""
    others = leases.holdings(db, [item_id])
    done, held = (
        [other.who for other in others if other.is_decided],
        [other.who for other in others if not other.is_decided],
    )
    kept = "yours is kept in the history and counts in no label."
    if not held:
        have = "1 other has" if len(done) == 1 else f"{len(done)} others have"
        return f"{have} decided this meanwhile; {kept}"
    return f"Your reservation ran out, and {' and '.join(held)} has this item now; {kept}"


def row_for(
    actor: Actor, round_: tables.Round, act: Act, settings: ReviewSettings, place: ActPlace, earlier: Sequence[Any]
) -> tables.Decision:
    """The decision's row, with what only the server knows: blind or not, override or not, what it takes the place of.

    `earlier`: what was decided before, see `earlier_on`. Raises `InvalidInput` for what the round does not allow.
    """
    is_group, mode = act.kind in TOGETHER, act.mode or settings.mode
    if is_group and mode not in (Mode.group, Mode.pair):
        mode = Mode.group
    value, is_override = said_of(act, place, judge_of(round_.recipe, round_.phase))
    sample_id = place.item_id if is_group else act.sample_id
    before = [row for row in earlier if row.user_id == actor.user_id and row.kind in DECIDING]
    # The judge's view comes with the answer to any label, kept or taken back. A decision about the group showed it on
    # each of its samples, and one about a sample part of its group.
    is_told = any(
        row.kind in ANY_LABELLING and (is_group or row.kind in TOGETHER or row.sample_id == act.sample_id)
        for row in before
    )
    alike = next((kinds for kinds in (TOGETHER, LABELLING) if act.kind in kinds), ())
    words = [row for row in before if row.stands and row.batch_id is None and not row.is_adjudication]
    replaced = [row for row in words if row.sample_id == sample_id and row.kind in alike]
    if replaced:
        value |= {"replaces": [replaced[-1].client_id, replaced[-1].kind]}
    # A round of which a branch is launched has no open review, so the labels of a branch's texts can be read there, as
    # those of a round whose review was over once.
    is_hidden = round_.is_blind and round_.branch_of_id is None and not round_.reopened and mode is not Mode.judgment
    return tables.Decision(
        client_id=act.client_id,
        project_id=round_.project_id,
        round_id=round_.id,
        group_id=place.group_id,
        sample_id=sample_id,
        user_id=actor.user_id,
        kind=act.kind,
        score=act.score if act.kind is DecisionKind.score else None,
        value=value,
        note=act.note,
        seconds=act.seconds,
        is_override=is_override,
        is_blind=is_hidden and act.is_blind and not is_told,
        mode=mode,
        is_random=False,
        is_gold=False,
        is_adjudication=False,
        is_late=False,
        via=actor.via,
        created_at=now(),
    )


def said_of(act: Act, place: ActPlace, judge: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """What the act says beyond its kind, and whether it changes what the judge said of any of its samples.

    Raises `InvalidInput` for samples of another group, and for a score that the judge's scale does not have: the label
    would hold it as it is.
    """
    if act.kind in TOGETHER:
        value = group_decisions.check(act.kind, act.value, place.members)
        return value, group_decisions.overrides(value, place.machine)
    score = act.score if act.kind is DecisionKind.score else None
    if score is not None and None not in (judge.get("lowest"), judge.get("highest")):
        lowest, highest = group_decisions.scale(judge)
        if not lowest <= score <= highest:
            raise InvalidInput(
                f"The score {score:g} is not on this round's scale, {lowest:g} to {highest:g}. Give one that is."
            )
    machine_score, machine_verdict = place.machine[act.sample_id]
    value = {}
    if "judge_right" in act.value:
        # Whether the judge is right follows from the verdict; why it is not, from the person.
        is_right = machine_verdict is not None and machine_verdict.value == act.kind.value
        value = {"judge_right": is_right, "why": "" if is_right else act.value.get("why", "")}
    verdict = verdict_of(act.kind, score, cut_of(judge))
    return value, is_override(machine_score, machine_verdict, verdict, score)
