"""The row that an act becomes, checked and filled from what was read before, and what it changes in the person's count.

Nothing is asked of the database here.
"""

from collections.abc import Sequence
from typing import Any

from backend.db import now, tables
from backend.db.standing import ANY_LABELLING, DECIDING, LABELLING, TOGETHER
from backend.errors import InvalidInput
from backend.recipes import cut_of, judge_of
from backend.services.access import Actor
from backend.services.decisions.acts import Act, ActPlace, DecidedPlace, Target
from backend.services.decisions.rules import counts_as_blind
from backend.services.decisions.tallies import KeptTally
from backend.services.decisions.verdicts import is_override, scale, verdict_of
from backend.services.review_settings import Mode, ReviewSettings
from backend.values import DecisionKind, Verdict

MAX_MEMBERS = 64


def row_for(
    actor: Actor,
    round_: tables.Round,
    act: Act,
    settings: ReviewSettings,
    before: DecidedPlace | Target,
    *,
    is_adjudication: bool,
) -> tables.Decision:
    """The decision's row, with what only the server knows: blind or not, override or not, what it takes the place of.

    What its slot says is put onto it as it is inserted, see `rows.add_row`.

    Raises `InvalidInput` for what the round does not allow.
    """
    if isinstance(before, Target):
        return retraction(actor, before.row, act.client_id)
    is_group, mode = act.kind in TOGETHER, act.mode or settings.mode
    if is_group and mode not in (Mode.group, Mode.pair):
        mode = Mode.group
    value, is_override = value_and_override(act, before, judge_of(round_.recipe, round_.phase))
    sample_id = before.item_id if is_group else act.sample_id
    own = [row for row in before.earlier if row.user_id == actor.user_id and row.kind in DECIDING]
    # The judge's view comes with the answer to any label, kept or taken back. A decision about the group showed it on
    # each of its samples, and one about a sample part of its group.
    is_told = any(
        row.kind in ANY_LABELLING and (is_group or row.kind in TOGETHER or row.sample_id == act.sample_id)
        for row in own
    )
    alike = next((kinds for kinds in (TOGETHER, LABELLING) if act.kind in kinds), ())
    words = [row for row in own if row.stands and row.batch_id is None and not row.is_adjudication]
    replaced = [row for row in words if row.sample_id == sample_id and row.kind in alike]
    if replaced:
        value |= {"replaces": [replaced[-1].client_id, replaced[-1].kind]}
    is_deciding = act.kind in settings.deciding
    return tables.Decision(
        client_id=act.client_id,
        project_id=round_.project_id,
        round_id=round_.id,
        group_id=before.group_id,
        sample_id=sample_id,
        user_id=actor.user_id,
        kind=act.kind,
        score=act.score if act.kind is DecisionKind.score else None,
        value=value,
        note=act.note,
        seconds=act.seconds,
        is_override=is_override,
        is_blind=counts_as_blind(round_, mode) and act.is_blind and not is_told,
        mode=mode,
        is_gold=is_deciding and before.is_gold and not is_adjudication,
        is_adjudication=is_deciding and is_adjudication,
        via=actor.via,
        created_at=now(),
    )


def retraction(actor: Actor, target: tables.Decision, client_id: str) -> tables.Decision:
    """The row that takes a decision back."""
    return tables.Decision(
        client_id=client_id,
        project_id=target.project_id,
        round_id=target.round_id,
        group_id=target.group_id,
        sample_id=target.sample_id,
        user_id=actor.user_id,
        kind=DecisionKind.retract,
        retracts_id=target.id,
        value={},
        note="",
        is_override=False,
        is_blind=False,
        mode=target.mode,
        is_gold=False,
        is_adjudication=False,
        via=actor.via,
        created_at=now(),
    )


def count_change(settings: ReviewSettings, row: tables.Decision, before: DecidedPlace | Target) -> KeptTally | None:
    """By how much the row changes how many items its person decided; None: by what only counting tells.

    It says of one item what `standing.last_own_words` says of all.
    """
    if isinstance(before, Target):
        return None
    if row.kind not in (ANY_LABELLING if settings.by_group else (*ANY_LABELLING, DecisionKind.edit)):
        return KeptTally()
    if (row.kind in TOGETHER) is not settings.by_group:
        # An item is decided in the other mode's way. What else the person decided in the group was not read.
        return None
    mine = [other for other in before.earlier if other.user_id == row.user_id]
    stands = [other for other in mine if other.stands]
    counted = count_of_item(settings, row.sample_id, stands, mine)
    return count_of_item(settings, row.sample_id, [*stands, row], [*mine, row]) - counted


def count_of_item(
    settings: ReviewSettings, item_id: int, stands: Sequence[Any], everything: Sequence[Any]
) -> KeptTally:
    """What one item adds to the count of the person whose decisions on it, or on its group, these are, oldest first."""
    words = [
        row
        for row in stands
        if row.kind in settings.deciding and not (row.is_late or row.is_adjudication or row.batch_id is not None)
        if settings.by_group or row.sample_id == item_id
    ]
    if not words:
        return KeptTally()
    is_labelled = words[-1].kind is not DecisionKind.edit or any(
        row.kind in TOGETHER or (row.kind in LABELLING and row.sample_id == item_id) for row in everything
    )
    is_override = bool(words[-1].is_override)
    return KeptTally(1, int(is_override), int(is_override and is_labelled))


def value_and_override(act: Act, place: ActPlace, judge: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """What the act says beyond its kind, and whether it changes what the judge said of any of its samples.

    Raises `InvalidInput` for samples of another group, and for a score that the judge's scale does not have: the label
    would hold it as it is.
    """
    if act.kind in TOGETHER:
        refuse_strangers(act, place)
        return {**act.value}, overrides(act.value, place.machine)
    score = act.score if act.kind is DecisionKind.score else None
    if score is not None and None not in (judge.get("lowest"), judge.get("highest")):
        lowest, highest = scale(judge)
        if not lowest <= score <= highest:
            raise InvalidInput(
                f"The score {score:g} is not on this round's scale, {lowest:g} to {highest:g}. Give one that is."
            )
    machine_score, machine_verdict = place.machine[act.sample_id]
    value = source(act.value) if act.kind is DecisionKind.edit else {}
    if "judge_right" in act.value:
        # Whether the judge is right follows from the verdict; why it is not, from the person.
        is_right = machine_verdict is not None and machine_verdict.value == act.kind.value
        value |= {"judge_right": is_right, "why": "" if is_right else act.value.get("why", "")}
    verdict = verdict_of(act.kind, score, cut_of(judge))
    return value, is_override(machine_score, machine_verdict, verdict, score)


def refuse_strangers(act: Act, place: ActPlace) -> None:
    """Raise `InvalidInput` where an act on a whole group names samples of another one, or the group is too large."""
    if len(place.members) > MAX_MEMBERS:
        raise InvalidInput(f"A group of more than {MAX_MEMBERS} samples is decided one sample at a time.")
    strangers = sorted(act.named - set(place.members))
    if strangers:
        raise InvalidInput(f"Sample {strangers[0]} is not in this group. Reload the page.")


def overrides(value: dict[str, Any], machine: dict[int, tuple[float | None, Verdict | None]]) -> bool:
    """Whether a decision on a whole group contradicts the judge.

    Another one first, a tie of two verdicts, all bad where one was accepted.

    `machine`: score and verdict of each member. Where the judge gave no score, there is nothing to contradict.
    """
    if value.get("all_bad"):
        return any(machine[sample_id][1] is Verdict.accept for sample_id in value["all_bad"])
    if value.get("tie"):
        return len({machine[sample_id][1] for sample_id in value["tie"]} - {None}) > 1
    first = value["order"][0] if value.get("order") else value["best"]
    compared = value.get("order") or machine
    scores = [machine[sample_id][0] for sample_id in compared]
    highest = max((score for score in scores if score is not None), default=None)
    return highest is not None and machine[first][0] != highest


def source(value: dict[str, Any]) -> dict[str, Any]:
    """Where the text came from, if the model rewrote it: the job and what it was asked."""
    if value.get("source") != "repair" or not isinstance(value.get("job_id"), int):
        return {}
    return {"source": "repair", "job_id": value["job_id"], "instruction": str(value.get("instruction", ""))[:2_000]}
