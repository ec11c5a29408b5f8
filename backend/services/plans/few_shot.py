"""The accepted samples that a plan's steps show before their prompts: whether they are there, and whether they fit."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.errors import InvalidInput
from backend.generators import Generator, _few_shot
from backend.pipeline import few_shot
from backend.recipes import Recipe, StepPlace
from backend.services.plans import contexts
from backend.services.plans.plan import Plan
from backend.values import JSON, FewShot, FewShotChoice


def asking(recipe: Recipe, phase: int) -> list[tuple[StepPlace, FewShotChoice]]:
    """The steps that show samples, and which."""
    generators = [(place, place.step.part) for place in recipe.places(phase)]
    return [(place, part.few_shot) for place, part in generators if isinstance(part, Generator) and part.few_shot]


def problems(db: Session, project_id: int, plan: Plan, recipe: Recipe, phase: int) -> list[str]:
    """For each step whose samples are not there or do not fit, the step, the reason and the way out."""
    told = []
    for place, choice in asking(recipe, phase):
        if place.index < (plan.branch_step or 0):
            continue
        pool = few_shot.eligible(db, project_id, choice, plan.seed)
        if why := _too_few(db, project_id, choice, pool) or _too_long(db, project_id, plan, place, choice, pool):
            told.append(f"{place} shows {choice.num} few-shot sample{'s' * (choice.num > 1)} before each prompt. {why}")
    return told


def check(db: Session, project_id: int, plan: Plan, recipe: Recipe, phase: int) -> None:
    """Raise `InvalidInput` for steps whose samples are not there or do not fit."""
    if told := problems(db, project_id, plan, recipe, phase):
        raise InvalidInput("\n".join(told))


def chosen(db: Session, project_id: int, plan: Plan, recipe: Recipe, phase: int, origin: tables.Round | None) -> JSON:
    """What a round of the plan keeps: by step, the samples that may be shown; of a branch its origin's before it."""
    kept: JSON = {}
    for place, choice in asking(recipe, phase):
        number = str(place.index)
        if origin is not None and place.index < (plan.branch_step or 0):
            kept |= {number: origin.few_shot[number]} if number in origin.few_shot else {}
        else:
            kept[number] = few_shot.frozen(few_shot.eligible(db, project_id, choice, plan.seed))
    return kept


def _too_few(db: Session, project_id: int, choice: FewShotChoice, pool: list[FewShot]) -> str:
    # A prompt never sees a sample of its own, so there is one more.
    others = len({shown.text_key for shown in pool}) - 1
    if others >= choice.num:
        return ""
    of_project = set(db.scalars(select(tables.Round.number).where(tables.Round.project_id == project_id)))
    if unknown := [number for number in choice.rounds if number not in of_project]:
        return f"few_shot_rounds: there is no round {unknown[0]} in this project. Name others, or none for all."
    where = f"rounds {', '.join(map(str, choice.rounds))}" if choice.rounds else "the rounds that are done"
    whom = "by people " if choice.by == "people" else ""
    return (
        f"Samples accepted {whom}in {where} answer {len({shown.text_key for shown in pool})} different prompts that no "
        f"held-out set asks, and {choice.num + 1} are needed, since no prompt sees a sample of its "
        "own. Lower num_few_shot, take samples accepted by anyone or of other rounds, or review more."
    )


def _too_long(
    db: Session, project_id: int, plan: Plan, place: StepPlace, choice: FewShotChoice, pool: list[FewShot]
) -> str:
    """Why the longest of them do not fit; empty where they do, and where context or tokenizer are not known."""
    part, policy = place.step.part, db.get(tables.Checkpoint, plan.policy_id)
    context = contexts.context_of(policy)
    if policy is None or context is None or not isinstance(part, Generator):
        return ""
    texts = ("\n".join(turn["content"] for turn in _few_shot.as_shown(shown)) for shown in pool)
    shown = contexts.tokens_of(policy, "\n".join(sorted(texts, key=len)[-choice.num :]))
    asked = contexts.tokens_of(policy, contexts.longest(db, project_id, plan.sample_set_ids))
    if shown is None or asked is None:
        return ""
    asked += max((contexts.tokens_of(policy, text) or 0 for text in part.asked_beside), default=0)
    whole = shown + asked + part.max_tokens_per_chat
    if whole <= context:
        return ""
    return (
        f"The longest ones have {shown:,} tokens, the longest prompt with what is said beside it {asked:,}, and an "
        f"answer may have {part.max_tokens_per_chat:,}: {whole:,} together, but the context of {policy.name} holds "
        f"{context:,}. Lower num_few_shot or max_tokens, or take a model with a longer context."
    )
