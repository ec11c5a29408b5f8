"""The checkpoint that a project's later rounds are compared with."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import reading, session, tables
from backend.differences import Difference
from backend.errors import InvalidInput, NotFound
from backend.services import events
from backend.services.access import Actor, require
from backend.services.held_out.measured import Verdicts
from backend.services.results.paired import UNTOLD, of_answers, of_pairs
from backend.values import Role


@dataclass(frozen=True)
class Baseline:
    """A checkpoint and the round that made it, None for one that was registered."""

    checkpoint_id: int
    checkpoint: str
    round_id: int | None
    round_number: int | None

    @property
    def name(self) -> str:
        """`round 2 (self_rewarding-2)`, or the name of a registered checkpoint."""
        return self.checkpoint if self.round_number is None else f"round {self.round_number} ({self.checkpoint})"


def get(actor: Actor, project_id: int) -> Baseline | None:
    """The project's baseline, if it has one."""
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        return of_project(db, project_id)


def of_project(db: Session, project_id: int) -> Baseline | None:
    project, checkpoint, round_ = tables.Project, tables.Checkpoint, tables.Round
    query = (
        select(checkpoint.id, checkpoint.name, round_.id, round_.number)
        .join(project, project.baseline_id == checkpoint.id)
        .outerjoin(round_, round_.checkpoint_id == checkpoint.id)
        .where(project.id == project_id)
    )
    row = db.execute(query).one_or_none()
    return Baseline(*row) if row else None


def put(actor: Actor, project_id: int, *, checkpoint_id: int | None = None, round_id: int | None = None) -> None:
    """Make a checkpoint the baseline, or what a round made; with neither the project has none.

    Raises `NotFound` for one of another project, `InvalidInput` for a round that made no checkpoint.
    """
    with session() as db:
        require(db, actor, project_id, Role.curator)
        project = db.get_one(tables.Project, project_id, with_for_update=True)
        if round_id is not None:
            checkpoint_id = _made(db, project_id, round_id)
        name = "none"
        if checkpoint_id is not None:
            row = db.get(tables.Checkpoint, checkpoint_id)
            if row is None or row.project_id != project_id:
                raise NotFound(f"There is no checkpoint {checkpoint_id} in this project. Choose one from the list.")
            name = row.name
        project.baseline_id = checkpoint_id
        what: dict[str, Any] = {"checkpoint_id": checkpoint_id}
        events.note(db, actor, "set baseline", name, project_id=project_id, round_id=round_id, **what)


def _made(db: Session, project_id: int, round_id: int) -> int:
    row = db.get(tables.Round, round_id)
    if row is None or row.project_id != project_id:
        raise NotFound(f"There is no round {round_id} in this project. Choose one from the overview.")
    if row.checkpoint_id is None:
        raise InvalidInput(
            f"Round {row.number} made no checkpoint, so nothing can be compared with it. Choose a round that did, or a "
            "checkpoint."
        )
    return row.checkpoint_id


def differences(
    db: Session, baseline: Baseline, measured: Mapping[int, int], highest: Mapping[int, int] | None = None
) -> dict[int, Difference]:
    """How other checkpoints' held-out accuracy differs from the baseline's, on the prompts that both were asked.

    `measured`: the row of each one's held-out accuracy, by checkpoint. Empty where the baseline has none. `highest`:
    the checkpoints that were chosen as the highest, each with of how many.
    """
    base_id = measured.get(baseline.checkpoint_id)
    if base_id is None:
        return {}
    others = {
        checkpoint_id: (base_id, id_)
        for checkpoint_id, id_ in measured.items()
        if checkpoint_id != baseline.checkpoint_id
    }
    known = highest or {}
    times = {id_: max(known.get(id_, 1), known.get(baseline.checkpoint_id, 1)) for id_ in others}
    return of_pairs(db, others, times=times)


def accuracy(old: Verdicts, new: Verdicts, *, times: int = 1) -> Difference:
    """The difference of two accuracies over the prompts of which both are known, with McNemar's exact test.

    `times`: one of so many differences that are looked at together.
    """
    if not (old.is_told and new.is_told):
        return Difference(None, None, None, 0, why=UNTOLD)
    return of_answers(old.right, old.wrong, new.right, new.wrong, times=times)
