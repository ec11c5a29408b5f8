"""Which teachers a training can compare its policy with, token by token."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from backend.db import tables
from backend.errors import InvalidInput
from backend.recipes import Recipe
from backend.services.plans import contexts
from backend.trainers import Trainer


def check(db: Session, recipe: Recipe, phase: int, checkpoints: Mapping[str, int]) -> None:
    """Refuse a teacher whose tokens are others than its policy's, where both tokenizers can be read here.

    checkpoints: ids by role. What an earlier step trains has the tokenizer of its start, and is not looked at.
    """
    for place in recipe.places(phase):
        part = place.step.part
        if not isinstance(part, Trainer) or not part.shares_tokenizer:
            continue
        ids = [checkpoints[role] for role in (part.start, part.reference) if role in checkpoints]
        rows = [db.get_one(tables.Checkpoint, id_) for id_ in ids]
        known = [(row, tokens) for row in rows if (tokens := contexts.vocabulary_of(row)) is not None]
        if len(known) == 2 and known[0][1] != known[1][1]:
            policy, teacher = known[0][0], known[1][0]
            raise InvalidInput(
                f"{place} compares the next-token distributions of {policy.name!r} and of its teacher "
                f"{teacher.name!r}, but they have different tokenizers. Bind a teacher of the same "
                "family, or fine-tune on its texts."
            )
