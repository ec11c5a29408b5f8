"""Branches: a round that begins with the rows another one made, and judges, selects or trains them otherwise.

What the steps before the branch's first one made is copied, people's decisions included, and nothing is sampled again.
"""

from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import recipes
from backend.db import reading, tables
from backend.errors import Conflict, InvalidInput, NotFound
from backend.pipeline import branch
from backend.recipes import JUDGE, REFERENCE, Recipe, StepPlace
from backend.services.plans import asked_questions
from backend.services.plans.plan import Plan
from backend.services.recipes import judged_questions, round_roles
from backend.values import BEFORE_REVIEW, JobStatus, RoundStatus, SetUse

AT = {"judge": "judge", "select": "selector", "train": "trainer"}
"""Where a branch may begin, by the stage: at the first step of that kind."""
QUESTIONS = "questions"
"""Where a branch begins that has the judge answer the project's questions: right before people decide."""
SAME = {
    "policy_id": "policy",
    "num_prompts": "number of prompts",
    "seed": "seed",
    "parent_id": "parent round",
    "sample_set_ids": "prompt sets",
}
"""What texts were made with, as the form calls it: a branch has it as its origin had."""


def step_at(row: tables.Round, at: str) -> int:
    """The step of a round at which a branch begins; raises `InvalidInput` where the recipe has none of that kind."""
    if at == QUESTIONS:
        return _step_of_questions(row)
    if at not in AT:
        places = ", ".join((*AT, QUESTIONS))
        raise InvalidInput(f"A branch begins at {places}, not at {at[:40]!r}. Choose one of these.")
    steps = [place.index for place in _places(row) if place.step.kind == AT[at]]
    if not steps:
        raise InvalidInput(f"The recipe of round {row.number} has no {AT[at]}, so no branch begins there.")
    return steps[0]


def _step_of_questions(row: tables.Round) -> int:
    """The step at which the project's questions are answered: that of the recipe, or where it would be put in."""
    recipe = recipes.read(row.recipe)
    answering = judged_questions.answering(recipe, row.phase)
    gate = recipe.gate(row.phase)
    if not answering and gate is None:
        raise InvalidInput(f"The recipe of round {row.number} shows people no texts, so no branch asks about them.")
    return answering[0].index if answering else gate or 0


def offered(db: Session, row: tables.Round) -> list[str]:
    """Where branches of a round can begin now."""
    kinds = {place.step.kind for place in _places(row)}
    begins = [at for at, kind in AT.items() if kind in kinds]
    if asked_questions.keys(db, row.project_id) and _can_be_answered(row):
        begins.append(QUESTIONS)
    return [at for at in begins if refusal(db, row, step_at(row, at)) is None]


def _can_be_answered(row: tables.Round) -> bool:
    """Whether the recipe has a step for the project's questions in the round's phase, or can be given one."""
    recipe = recipes.read(row.recipe)
    if judged_questions.answering(recipe, row.phase):
        return True
    try:
        changed = judged_questions.added(recipe.model_dump(mode="json"))
    except InvalidInput:
        return False
    return bool(judged_questions.answering(recipes.read(changed), row.phase))


def is_offered(db: Session, row: tables.Round, at: str) -> bool:
    """Whether a branch of the round can begin there now."""
    return at in offered(db, row)


def refusal(db: Session, row: tables.Round, step: int) -> str | None:
    """Why no branch of the round can begin at this step; None where one can."""
    if row.archived_at is not None:
        return f"Round {row.number} is archived, so its rows cannot be copied. Restore it on its page first."
    places = _places(row)
    if not 0 < step < len(places):
        return f"Round {row.number} has no step {step + 1} at which a branch could begin. Choose another one."
    if _awaits_people(row):
        return (
            f"People have yet to decide on round {row.number}, and a branch would show them its labels before they do. "
            "Close its review, or cancel the round, then branch off it."
        )
    if not any(place.step.kind == "generator" for place in places[:step]):
        return (
            f"Nothing is sampled before step {step + 1}, so a branch there has nothing to begin with. Launch a round."
        )
    if row.status is not RoundStatus.done and row.step < step:
        is_over = row.status in (RoundStatus.failed, RoundStatus.cancelled)
        way_out = "Let its job go on, on the page Jobs" if is_over else "Wait until it has"
        return (
            f"Round {row.number} is {row.status} and has not done the steps before {places[step]}. {way_out}, or "
            "branch off an earlier step."
        )
    if row.branch_of_id is not None and not _is_copied(db, row):
        return (
            f"Round {row.number} is a branch whose rows are not copied yet, so one of its own would get some of them. "
            "Wait until its first job is done, or resume that job."
        )
    return None


def _is_copied(db: Session, row: tables.Round) -> bool:
    job = tables.Job
    done = select(job.id).where(job.round_id == row.id, job.status == JobStatus.done)
    return db.scalar(done.where(job.spec["kind"].as_string() == branch.KIND).limit(1)) is not None


def _awaits_people(row: tables.Round) -> bool:
    """Whether what the round's judge and people say is kept from those who decide (`samples.visibility`)."""
    gate = recipes.read(row.recipe).gate(row.phase)
    is_ahead = row.stage in BEFORE_REVIEW if gate is None else row.step < gate
    return row.status is RoundStatus.review or (row.status is RoundStatus.running and row.is_reviewed and is_ahead)


def origin(db: Session, project_id: int, plan: Plan, recipe: Recipe) -> tables.Round | None:
    """The round that a plan branches off; None where it is no branch.

    Raises `InvalidInput` where the plan differs from that round in what its rows were made with, `Conflict` where the
    round has not come so far.
    """
    if plan.branch_of is None:
        return None
    row = db.get(tables.Round, plan.branch_of)
    if row is None or row.project_id != project_id:
        raise NotFound(f"There is no round {plan.branch_of} in this project. Choose one from the overview.")
    step = plan.branch_step
    if step is None:
        raise InvalidInput("A branch names the step from which it goes its own way. Name one.")
    if why := refusal(db, row, step):
        raise Conflict(why)
    _check_same(db, row, plan)
    before = [place.step for place in _places(row)[:step]]
    new = [place.step for place in recipe.places(row.phase)[: step + 1]]
    if before != new[:step] or len(new) <= step:
        other = next((n for n, (a, b) in enumerate(zip(before, new, strict=False)) if a != b), len(new))
        raise InvalidInput(
            f"Step {other + 1} differs from that of round {row.number}, whose rows the branch begins with. Leave the "
            f"steps before step {step + 1} as they were, or launch a round that is no branch."
        )
    _check_roles(db, row, plan, recipe)
    return row


def _check_same(db: Session, row: tables.Round, plan: Plan) -> None:
    link = tables.RoundPromptSet
    sets = db.query(link.prompt_set_id).filter(link.round_id == row.id, link.use == SetUse.sample)
    were = {"sample_set_ids": {set_id for (set_id,) in sets}}
    for name, called in SAME.items():
        new = getattr(plan, name)
        old = were.get(name, getattr(row, name, None))
        if (set(new) if isinstance(new, tuple) else new) != old:
            raise InvalidInput(
                f"The {called} of a branch is that of round {row.number}, whose texts it begins with. Leave it as it "
                "was, or launch a round that is no branch."
            )


def _check_roles(db: Session, row: tables.Round, plan: Plan, recipe: Recipe) -> None:
    """Raise `InvalidInput` for another checkpoint in a role of which texts or judgments of before are, and for another
    judge where none judges anew."""
    step, acting = plan.branch_step or 0, list(round_roles.acting(recipe.places(row.phase)))
    before = {role for place, role in acting if place.index < step}
    link = tables.RoundRole
    query = select(link.role, link.checkpoint_id).where(link.round_id == row.id, link.step == -1)
    old = dict(db.execute(query).tuples().all())
    changed = {role for role, bound in plan.roles.items() if bound != old.get(role)}
    changed |= {REFERENCE} if plan.reference_id != row.reference_id else set()
    if plan.judge_id != row.judge_id:
        changed.add(JUDGE)
        before |= {JUDGE} - {role for place, role in acting if place.index >= step}
    if wrong := sorted(changed & before):
        raise InvalidInput(
            f"The {wrong[0]} of a branch from step {step + 1} on is that of round {row.number}: nothing is done anew "
            "in that role. Leave it as it was, or branch off an earlier step."
        )


def with_origin(plan: Plan, row: tables.Round, step: int) -> Plan:
    """The plan as a branch of the round: nothing follows it by itself."""
    return replace(plan, branch_of=row.id, branch_step=step, num_rounds=1)


def with_review(plan: Plan, *, is_reviewed: bool) -> Plan:
    """The plan of a branch that is to be reviewed, or not to be. Raises `InvalidInput` where people would be asked
    although the branch begins after they decide."""
    if is_reviewed and plan.branch_step is not None:
        with reading() as db:
            row = db.get(tables.Round, plan.branch_of)
        if row is not None and recipes.read(plan.recipe).is_after_people(plan.branch_step, row.phase):
            raise InvalidInput(
                f"A branch from step {plan.branch_step + 1} of round {row.number} on begins after people's review, so "
                "it waits for nobody. Branch off from an earlier step, such as judge, or leave the review out and "
                "reopen it once the branch is done.",
                field="is_reviewed",
            )
    return replace(plan, is_reviewed=is_reviewed)


def says(row: tables.Round, step: int) -> str:
    """What a branch begins with, in a sentence."""
    texts = int(row.counts.get("samples") or 0)
    words = (
        f"A branch of round {row.number}: its {texts:,} texts and what was said of them are copied, and nothing is "
        f"sampled again. It runs from step {step + 1} on, the {_places(row)[step].step.kind}."
    )
    if recipes.read(row.recipe).is_after_people(step, row.phase):
        words += " That is after people's review, so nobody is asked again."
    return words


def _places(row: tables.Round) -> tuple[StepPlace, ...]:
    return recipes.read(row.recipe).places(row.phase)
