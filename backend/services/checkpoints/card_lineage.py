"""The lineage of a checkpoint for its model card: the checkpoints above it, and the rounds that made them."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.services.checkpoints import CheckpointDetail, trainings
from backend.services.recipes.titles import title_of


@dataclass(frozen=True)
class LineageRound:
    """One round of a checkpoint's lineage: what it did and what it trained on."""

    checkpoint_id: int
    number: int
    recipe: str
    name: str
    paper: str
    policy: str
    judge: str
    seed: int
    rows: int
    type: str
    content_hash: str
    decisions: int
    overrides: int
    is_in_trash: bool = False


def lineage_of(db: Session, row: tables.Checkpoint) -> list[tables.Checkpoint]:
    """The checkpoint and those above it, the base last."""
    chain = [row]
    while chain[-1].parent_id is not None and len(chain) < 10_000:
        parent = db.get(tables.Checkpoint, chain[-1].parent_id)
        if parent is None or parent in chain:
            break
        chain.append(parent)
    return chain


def origins_of(db: Session, lineage: Sequence[tables.Checkpoint], detail: CheckpointDetail) -> list[LineageRound]:
    """The rounds that made these checkpoints, the first round first."""
    round_, role = tables.Round, tables.RoundRole
    ids = [row.id for row in lineage]
    on_the_way = select(role.round_id).where(role.checkpoint_id.in_(ids), role.step >= 0)
    rounds = list(db.scalars(select(round_).where(round_.checkpoint_id.in_(ids) | round_.id.in_(on_the_way))))
    known = {round_.id: round_ for round_ in rounds}
    project = tables.Project
    homes = {item.project_id for item in rounds}
    hidden = set(db.scalars(select(project.id).where(project.id.in_(homes), project.trash_of_id.is_not(None))))
    named = {
        checkpoint_id
        for item in rounds
        for checkpoint_id in (item.policy_id, item.judge_id)
        if checkpoint_id is not None
    }
    names = dict(
        db.execute(select(tables.Checkpoint.id, tables.Checkpoint.name).where(tables.Checkpoint.id.in_(named)))
        .tuples()
        .all()
    )
    origins = []
    for training in trainings.of_rounds(db, known):
        if training.checkpoint_id not in ids:
            continue
        training_round = known[training.round_id]
        dataset = db.get(tables.Dataset, training.dataset_id) if training.dataset_id else None
        people = [person for person in detail.people if person.round_number == training_round.number]
        origins.append(
            LineageRound(
                training.checkpoint_id,
                training_round.number,
                title_of(training_round.recipe, str),
                str(training_round.recipe.get("name", "")),
                str(training_round.recipe.get("paper", "")),
                names.get(training_round.policy_id, ""),
                names.get(training_round.judge_id, "the policy itself")
                if training_round.judge_id
                else "the policy itself",
                training_round.seed,
                dataset.num_examples if dataset else 0,
                dataset.type.value if dataset else "",
                dataset.content_hash if dataset else "",
                sum(person.decisions for person in people),
                sum(person.overrides for person in people),
                training_round.project_id in hidden,
            )
        )
    return sorted(origins, key=lambda origin: origin.number)
