"""The round that an import makes: one that waits for people, of a recipe that says where its samples came from."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend import boundary
from backend.db import now, tables
from backend.errors import InvalidInput
from backend.generators.imported import Imported
from backend.judges.noted import Noted
from backend.prompt_sources.prompt_set import PromptSet
from backend.recipes import Recipe
from backend.selectors.above_threshold import AboveThreshold
from backend.services.access import Actor
from backend.services.imports.request import ImportRequest
from backend.services.review_settings import ReviewSettings
from backend.services.rounds import moving
from backend.trainers.sft import SFT
from backend.values import RoundStatus, Split, Stage

REVIEW = 3
"""The step before which people decide: the selector's."""


def recipe_of(accept_at: float, scale: tuple[float, float] | None) -> Recipe:
    """What an imported round is: its samples, what was said of them, and, once people have decided, a training.

    It keeps what is accepted, as the label says, and not what scores: a verdict may come without a score.
    """
    lowest, highest = scale or (None, None)
    judge = Noted(accept_at=accept_at, lowest=lowest, highest=highest)
    selector = AboveThreshold(threshold=accept_at, keep="accepted")
    return Recipe(
        name="imported_samples",
        title="Imported samples",
        steps=(PromptSet(), Imported(), judge, selector, SFT()),
    )


def policy_of(db: Session, project_id: int, policy_id: int | None) -> int:
    """The checkpoint that the round starts from: the one asked for, else the project's newest policy."""
    checkpoint = tables.Checkpoint
    here = select(checkpoint.id).where(checkpoint.project_id == project_id)
    if policy_id is not None:
        if db.scalar(here.where(checkpoint.id == policy_id)) is None:
            raise InvalidInput(f"The checkpoint {policy_id} is not in this project. Choose one from Checkpoints.")
        return policy_id
    newest = db.scalar(here.where(checkpoint.role == "policy").order_by(checkpoint.id.desc()).limit(1))
    if newest is None:
        raise InvalidInput(
            "The project has no checkpoint, and what comes of imported samples starts from one. Register a model first."
        )
    return newest


def free_name(db: Session, project_id: int, name: str) -> str:
    """The name for a prompt set of the project, or, where that is taken, the name with a number."""
    row = tables.PromptSet
    base = boundary.name(name, "The name of the prompt set", 100)
    taken = set(
        db.scalars(select(row.name).where(row.project_id == project_id, row.name.startswith(base, autoescape=True)))
    )
    return next(
        candidate for n in range(1, len(taken) + 2) if (candidate := base if n == 1 else f"{base} {n}") not in taken
    )


def new_set(db: Session, actor: Actor, project_id: int, name: str) -> tables.PromptSet:
    """An empty train set in the project."""
    prompt_set = tables.PromptSet(
        project_id=project_id, name=name, split=Split.train, origin="samples", num_prompts=0, created_by=actor.user_id
    )
    db.add(prompt_set)
    db.flush()
    return prompt_set


def new_round(
    db: Session, actor: Actor, project_id: int, asked: ImportRequest, settings: ReviewSettings, recipe: Recipe
) -> tables.Round:
    """The project's next round, not yet added: it waits for people."""
    policy_id = policy_of(db, project_id, asked.policy_id)
    return tables.Round(
        project_id=project_id,
        number=moving.last_number(db, project_id) + 1,
        status=RoundStatus.review,
        stage=Stage.review,
        recipe=recipe.model_dump(mode="json"),
        policy_id=policy_id,
        reference_id=policy_id,
        num_prompts=0,
        seed=0,
        is_reviewed=True,
        is_blind=asked.is_blind,
        review=settings.model_dump(mode="json"),
        step=REVIEW,
        created_at=now(),
        created_by=actor.user_id,
    )
