"""Whether the ratings by which a recipe selects will be there: whether people are asked for them, of these texts."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.errors import InvalidInput
from backend.judges.project_questions import ProjectQuestions
from backend.recipes import Recipe, StepPlace
from backend.selectors import Selector
from backend.services.plans.plan import Plan
from backend.values.questions import QuestionKind, Raters


def problems(db: Session, project_id: int, plan: Plan, recipe: Recipe, phase: int) -> list[str]:
    """For each step that reads ratings which nobody will give, the step, the reason and the way out."""
    places, gate = recipe.places(phase), recipe.gate(phase)
    rated = [(place, place.step.part.rated_question) for place in places if isinstance(place.step.part, Selector)]
    wanted = [(place, key) for place, key in rated if key]
    if not wanted:
        return []
    question = tables.Question
    query = select(question.key, question.title, question.kind, question.is_active).order_by(question.position)
    asked = {row.key: row for row in db.execute(query.where(question.project_id == project_id))}
    messages = []
    for place, key in wanted:
        assert isinstance(place.step.part, Selector)
        whose = place.step.part.reads_ratings_of
        of_people = _unreviewed(plan) or _unshown(plan, places, place, gate)
        of_judge = _unjudged(places, place, key)
        neither = f"{of_people} {of_judge}" if of_people and of_judge else ""
        missing = {Raters.people: of_people, Raters.judge: of_judge, Raters.both: neither}[whose]
        if why := _unasked(asked, key) or missing:
            who = {Raters.people: "people's", Raters.judge: "a judge's", Raters.both: "people's or a judge's"}[whose]
            messages.append(f"{place} reads {who} ratings in the question {key!r}. {why}")
    return messages


def check(db: Session, project_id: int, plan: Plan, recipe: Recipe, phase: int) -> None:
    """Raise `InvalidInput` for steps that read ratings which nobody will give."""
    if messages := problems(db, project_id, plan, recipe, phase):
        raise InvalidInput("\n".join(messages))


def _unasked(asked: dict[str, Any], key: str) -> str:
    row = asked.get(key)
    if row is not None and row.kind is QuestionKind.rating and row.is_active:
        return ""
    usable = [
        question.key for question in asked.values() if question.kind is QuestionKind.rating and question.is_active
    ]
    if row is None:
        why = "The project has no question with this key"
    else:
        why = "It is retired" if row.kind is QuestionKind.rating else "It is not answered by ratings"
    others = f"Name another one: {', '.join(usable)}" if usable else "Name another one"
    return f"{why}. {others}, or ask it on the Team page."


def _unreviewed(plan: Plan) -> str:
    if not plan.is_reviewed:
        return "Nobody reviews this round, so nobody is asked. Turn the review on, or take a selector without ratings."
    return ""


def _unjudged(places: Sequence[StepPlace], place: StepPlace, key: str) -> str:
    """Why no judge answers the question about the texts of this step."""
    for before in places[: place.index]:
        part = before.step.part
        asks = isinstance(part, ProjectQuestions) and (not part.questions or key in part.questions)
        if asks and set(before.texts) & set(place.texts):
            return ""
    return "No judge answers it about these texts. Put project_questions before this step, or read people's ratings."


def _unshown(plan: Plan, places: Sequence[StepPlace], place: StepPlace, gate: int | None) -> str:
    """Why nobody is asked about the texts of this step."""
    if gate is None or not set(place.texts) & set(places[gate].texts):
        return "People decide on texts of other steps, and are asked about those. Let this selector be the first one."
    if plan.branch_step is not None and plan.branch_step >= gate:
        return "A branch from here on has no review, and no answers of its origin. Branch off at the judge."
    return ""
