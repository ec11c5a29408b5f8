"""Maps the people of a file to accounts, and chooses which of their decisions are written under whose name.

Nothing is written in a person's name unless whoever imports says so. Every decision says who imported it, from which
file, what its person is called there, and when it was made.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.errors import InvalidInput
from backend.services.access import Actor, may_decide
from backend.services.decisions.verdicts import majority, verdict_of
from backend.services.imports.staging import StagedSamples
from backend.services.imports.statements import RowDecision
from backend.values import DecisionKind, Verdict

EVERYBODY = "*"
"""In `people`: whoever the file names and the others do not."""
SHOWN = 10
People = Mapping[str | None, int]


class Decided(NamedTuple):
    """A decision of the file that is written, with whose it is here; `others` say what became part of it."""

    user_id: int
    decision: RowDecision
    others: tuple[RowDecision, ...] = ()


def people_of(
    db: Session, actor: Actor, project_id: int, staged: StagedSamples, names: Mapping[str, str]
) -> dict[str | None, int]:
    """The ids of those who decided, None's for no name; raises `InvalidInput` for who is nobody, or nobody named."""
    user = tables.User
    query = select(user.name, user.id).where(user.id.in_(may_decide(project_id)))
    here = dict(db.execute(query).tuples().all())
    people: dict[str | None, int] = {None: actor.user_id}
    unsaid, unknown = [], []
    for name, row in staged.people.items():
        called = names.get(name, actor.name if name == actor.name else names.get(EVERYBODY))
        at = f"{name!r} ({staged.unit} {row:,})"
        if called is None:
            unsaid.append(at)
        elif called in here:
            people[name] = here[called]
        else:
            unknown.append(f"{at}, said to be {called!r}" if called != name else at)
    if unknown:
        raise InvalidInput(
            f"The file has decisions of people who may not decide in this project, so nothing was imported: "
            f"{_listed(unknown)}. Add them in People as reviewers, or say with people who else they are."
        )
    if unsaid:
        raise InvalidInput(
            f"The file has decisions of people, and nobody said who they are here, so nothing was imported: "
            f'{_listed(unsaid)}. Say so with people, such as {{"{next(iter(staged.people))}": "{actor.name}"}}; '
            f'"{EVERYBODY}" stands for all others.'
        )
    return people


def named(db: Session, user_ids: Iterable[int]) -> dict[int, str]:
    """The names of these people."""
    user = tables.User
    return dict(db.execute(select(user.id, user.name).where(user.id.in_(set(user_ids)))).tuples().all())


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")


def most_deciders(staged: StagedSamples, people: People) -> int:
    """The most people of this project who decided on one sample; 1 where nobody did."""
    return max((len({people[name] for name in names}) for names in staged.together), default=1)


def decided(
    row_decisions: Sequence[RowDecision], people: People, accept_at: float, machine: Verdict | None
) -> tuple[Decided, ...]:
    """The decisions on one sample. Where several of the file are one person here, what most of them said stands.

    Of as many the judge's verdict, else the latest. An adjudication stands above the others.
    """
    if len(row_decisions) == 1:
        return (Decided(people[row_decisions[0].who], row_decisions[0]),)
    theirs: dict[int, list[RowDecision]] = {}
    for row_decision in row_decisions:
        theirs.setdefault(people[row_decision.who], []).append(row_decision)
    standing: list[Decided] = []
    for user_id, several in theirs.items():
        if len({decision.who for decision in several}) == 1:
            standing += [Decided(user_id, decision) for decision in several]
            continue
        last = list({decision.who: decision for decision in several if not decision.is_late}.values()) or several
        counted = [decision for decision in last if decision.is_adjudication] or last
        verdicts = [verdict_of(DecisionKind(decision.kind), decision.score, accept_at) for decision in counted]
        verdict = majority(verdicts, machine)
        stands = next(
            decision for decision, own in zip(reversed(counted), reversed(verdicts), strict=True) if own is verdict
        )
        standing.append(Decided(user_id, stands, tuple(decision for decision in several if decision is not stands)))
    return tuple(standing)


class ImportProvenance:
    """Where the decisions of an import come from, as it stands on each."""

    def __init__(self, actor: Actor, file: str, job_id: int | None) -> None:
        source = {"by": actor.name, "file": file} | ({} if job_id is None else {"job_id": job_id})
        self._told = json.dumps(source, ensure_ascii=False)[1:-1]

    def value(self, standing: Decided) -> str:
        """What a decision says beyond its kind, as JSON."""
        own = f"{standing.decision.value[1:-1]}, " if standing.decision.value != "{}" else ""
        others = [_fields_of(other) for other in standing.others]
        merged = f', "with": {json.dumps(others, ensure_ascii=False)}' if others else ""
        whose = json.dumps(_fields_of(standing.decision, with_kind=False), ensure_ascii=False)[1:-1]
        return f'{{{own}"imported": {{{self._told}{", " if whose else ""}{whose}{merged}}}}}'


def _fields_of(row_decision: RowDecision, *, with_kind: bool = True) -> dict[str, object]:
    fields: dict[str, object] = {"who": row_decision.who, "at": None}
    if row_decision.at is not None:
        fields["at"] = datetime.fromtimestamp(row_decision.at, UTC).isoformat()
    if with_kind:
        fields |= {"kind": row_decision.kind, "score": row_decision.score, "note": row_decision.note or None}
    return {name: value for name, value in fields.items() if value is not None}
