"""Writing decisions: appended once each, with slot and label in the same transaction."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select, true
from sqlalchemy.orm import Session

from backend.db import standing, tables
from backend.db.standing import ANY_LABELLING, DECIDING, LABELLING, TOGETHER
from backend.errors import InvalidInput, NotFound
from backend.recipes import cut_of, judge_of
from backend.services import review_settings
from backend.services.access import Actor
from backend.services.decisions import group_decisions, labels, leases
from backend.services.decisions.acts import Act, Unread
from backend.services.decisions.decision import Decision, own, written_before
from backend.services.decisions.edits import make_edit, source
from backend.services.decisions.locks import lock_round
from backend.services.decisions.retracts import retract
from backend.services.decisions.votes import is_override, verdict_of
from backend.services.review_settings import Mode, ReviewSettings
from backend.services.rounds import review_scope
from backend.values import DecisionKind, Verdict

__all__ = ["Act", "ActPlace", "Decision", "Unread", "lock_round", "places_of", "write_all"]


@dataclass(frozen=True)
class ActPlace:
    """Where an act belongs: the item whose slot it takes, the samples it may label, and what the machine said.

    `is_shown`: people decide on it.
    """

    item_id: int
    group_id: int
    members: tuple[int, ...]
    is_gold: bool
    is_shown: bool
    machine: dict[int, tuple[float | None, Verdict | None]]


def write_all(
    db: Session, actor: Actor, round_: tables.Round, acts: Sequence[Act], *, is_adjudication: bool = False
) -> list[Decision]:
    """Write acts in order; the round is locked. Locks and slots are taken first, in order of their numbers.

    is_adjudication: they stand above all votes, and need no slots.
    """
    settings = review_settings.read(round_.review)
    places = places_of(db, round_, settings, [act for act in acts if act.kind is not DecisionKind.retract])
    done = written_before(db, actor, round_, [act.client_id for act in acts])
    if not is_adjudication:
        new = [act.client_id for act in acts if act.kind in settings.deciding and act.client_id not in done]
        leases.settle(db, actor, round_, settings, [places[one].item_id for one in new if one in places])
    decisions = []
    for act in acts:
        decision, place = done.get(act.client_id), places.get(act.client_id)
        if decision is None:
            decision = write(db, actor, round_, act, settings, place, is_adjudication=is_adjudication)
        done[act.client_id] = replace(decision, is_new=False)
        decisions.append(decision)
    return decisions


def places_of(db: Session, round_: tables.Round, settings: ReviewSettings, acts: Sequence[Act]) -> dict[str, ActPlace]:
    """The item of each act, by client_id; acts on samples that are not in the round have none.

    The labels that the acts may change are held until the transaction ends, in order of their number: two people never
    wait for each other.
    """
    label, sample, group, gold = tables.Label, tables.Sample, tables.Group, tables.GoldItem
    asked, are_together = {act.sample_id for act in acts}, any(act.kind in TOGETHER for act in acts)
    which = sample.id.in_(asked)
    if settings.by_group or are_together:
        which = sample.group_id.in_(select(sample.group_id).where(which).correlate(None))
    shown = review_scope.of_groups(round_)
    here = select(group.id).where(group.id == sample.group_id, group.round_id == round_.id)
    is_shown = true() if shown is None else here.where(shown).exists()
    machine = (label.machine_score, label.machine_verdict)
    query = (
        select(sample.id, sample.group_id, sample.kind, sample.position, gold.sample_id.label("gold"))
        .add_columns(*machine, is_shown.label("is_shown"))
        .join(label, label.sample_id == sample.id)
        .outerjoin(gold, gold.sample_id == sample.id)
        .where(which, label.round_id == round_.id)
        .order_by(label.sample_id)
    )
    if settings.by_group and not are_together:
        # The rest of the group is read to name its item, and stays free for others.
        held = select(label.sample_id).where(label.sample_id.in_(asked), label.round_id == round_.id)
        db.execute(held.order_by(label.sample_id).with_for_update())
    else:
        query = query.with_for_update(of=label)
    known: dict[int, Any] = {row.id: row for row in db.execute(query)} if acts else {}
    members: dict[int, list[Any]] = defaultdict(list)
    for row in sorted(known.values(), key=lambda row: (row.position, row.id)):
        if row.kind in tables.JUDGED:
            members[row.group_id].append(row)
    places = {}
    for act in acts:
        row = known.get(act.sample_id)
        if row is not None:
            own = members[row.group_id] if act.kind in TOGETHER or settings.by_group else []
            rows = own or [row]
            machine_labels = {member.id: (member.machine_score, member.machine_verdict) for member in [*rows, row]}
            ids = tuple(member.id for member in rows)
            places[act.client_id] = ActPlace(
                ids[0], row.group_id, ids, row.gold is not None, bool(row.is_shown), machine_labels
            )
    return places


def write(
    db: Session,
    actor: Actor,
    round_: tables.Round,
    act: Act,
    settings: ReviewSettings,
    place: ActPlace | None,
    *,
    is_adjudication: bool,
) -> Decision:
    """Write one act that was not written before."""
    if act.kind is DecisionKind.retract:
        return retract(db, actor, round_, act, settings)
    if place is None:
        raise NotFound(f"There is no sample {act.sample_id} in round {round_.number}. Reload the page.")
    if not place.is_shown:
        review_scope.refuse_others(db, round_, act.sample_id)
    row = row_for(db, actor, round_, act, settings, place)
    if act.kind in settings.deciding:
        row.is_adjudication = is_adjudication
        row.is_gold = place.is_gold and not is_adjudication
        if not is_adjudication:
            # The slot is the person's for good; without one the decision is late.
            is_random = leases.decided(db, actor, place.item_id)
            row.is_random, row.is_late = bool(is_random), is_random is None
            if row.is_late:
                row.value = row.value | {"late_because": late_because(db, place.item_id)}
    elif act.kind is DecisionKind.skip:
        leases.give_back(db, actor, place.item_id)
    db.add(row)
    db.flush()
    touched = list(place.members) if act.kind in TOGETHER else [act.sample_id]
    if act.kind is DecisionKind.edit:
        original = db.get_one(tables.Sample, act.sample_id)
        edit_id = make_edit(db, actor, original, act.text or "")
        row.value = row.value | source(act.value) | {"edit_id": edit_id}
        db.flush()
        touched.append(edit_id)
    labels.recompute(db, touched, [round_])
    return own(db, row, actor, round_, is_new=True)


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
    db: Session, actor: Actor, round_: tables.Round, act: Act, settings: ReviewSettings, place: ActPlace
) -> tables.Decision:
    """The decision's row, with what only the server knows: blind or not, override or not, what it takes the place of.

    Raises `InvalidInput` for what the round does not allow.
    """
    is_group, mode = act.kind in TOGETHER, act.mode or settings.mode
    if is_group and mode not in (Mode.group, Mode.pair):
        mode = Mode.group
    value, is_override = said_of(act, place, judge_of(round_.recipe, round_.phase))
    sample_id = place.item_id if is_group else act.sample_id
    decision, sample = tables.Decision, tables.Sample
    stands = ~standing.is_taken_back() & decision.batch_id.is_(None) & ~decision.is_adjudication
    together = select(sample.id).where(sample.group_id == place.group_id)
    own_words = (
        select(decision.sample_id, decision.kind, decision.client_id, stands.label("stands"))
        .where(decision.sample_id.in_(together), decision.user_id == actor.user_id, decision.kind.in_(DECIDING))
        .order_by(decision.id)
    )
    before = db.execute(own_words).all()
    # The judge's view comes with the answer to any label, kept or taken back. A decision about the group showed it on
    # each of its samples, and one about a sample part of its group.
    is_told = any(
        earlier.kind in ANY_LABELLING and (is_group or earlier.kind in TOGETHER or earlier.sample_id == act.sample_id)
        for earlier in before
    )
    alike = next((kinds for kinds in (TOGETHER, LABELLING) if act.kind in kinds), ())
    replaced = [
        earlier for earlier in before if earlier.stands and earlier.sample_id == sample_id and earlier.kind in alike
    ]
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
