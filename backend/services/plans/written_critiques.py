"""Whether people will be asked for the critiques that a recipe takes from their answers."""

from sqlalchemy.orm import Session

from backend.errors import InvalidInput
from backend.generators import Generator
from backend.pipeline.critiques import question_ids
from backend.recipes import Recipe
from backend.services.plans.plan import Plan


def problems(db: Session, project_id: int, plan: Plan, recipe: Recipe, phase: int) -> list[str]:
    """For each step that takes critiques which nobody will write, the step, the reason and the way out."""
    messages, gate = [], recipe.gate(phase)
    for place in recipe.places(phase):
        part = place.step.part
        if not isinstance(part, Generator) or not part.takes_critiques:
            continue
        key = part.critique_question
        what = f"the question {key!r}" if key else "questions that are marked as critiques"
        if not question_ids(db, project_id, key, with_retired=False):
            why = f"no free-text question {key!r}" if key else "no free-text question that is marked as a critique"
            why = f"The project asks {why}. Write one on the Team page."
        elif not plan.is_reviewed:
            why = "Nobody reviews this round, so nobody is asked. Turn the review on, or let a model write critiques."
        elif gate is None or place.index < gate:
            why = "People decide after this step, or not at all. Put it after the step before which they do."
        else:
            continue
        messages.append(f"{place} takes critiques from people's answers to {what}. {why}")
    return messages


def check(db: Session, project_id: int, plan: Plan, recipe: Recipe, phase: int) -> None:
    """Raise `InvalidInput` for steps that take critiques which nobody will write."""
    if messages := problems(db, project_id, plan, recipe, phase):
        raise InvalidInput("\n".join(messages))
