"""Whether the project asks what a recipe's judge is to answer: its own questions, by the keys that are named."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.errors import InvalidInput
from backend.judges.project_questions import ProjectQuestions
from backend.recipes import Recipe
from backend.services.recipes import judged_questions


def keys(db: Session, project_id: int) -> list[str]:
    """The keys of the questions that the project asks now, in their order."""
    row = tables.Question
    query = select(row.key).where(row.project_id == project_id, row.is_active)
    return list(db.scalars(query.order_by(row.position, row.id)))


def problems(db: Session, project_id: int, recipe: Recipe, phase: int) -> list[str]:
    """For each step that answers what the project does not ask, the step, the reason and the way out."""
    places = judged_questions.answering(recipe, phase)
    if not places:
        return []
    known, messages = keys(db, project_id), []
    for place in places:
        part = place.step.part
        named = part.questions if isinstance(part, ProjectQuestions) else ()
        missing = [key for key in named if key not in known]
        if not known:
            messages.append(f"{place} answers the project's questions, and it asks none. Write some on the Team page.")
        elif missing:
            messages.append(
                f"{place} answers {missing[0]!r}, which the project does not ask. Name another one: "
                f"{', '.join(known)}, or none for all."
            )
    return messages


def check(db: Session, project_id: int, recipe: Recipe, phase: int) -> None:
    """Raise `InvalidInput` for steps that answer what the project does not ask."""
    if messages := problems(db, project_id, recipe, phase):
        raise InvalidInput("\n".join(messages))
