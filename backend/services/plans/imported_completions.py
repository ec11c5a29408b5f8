"""What a plan's prompt sets hold of imported completions, and what becomes of them in the round."""

from collections.abc import Iterable

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db import tables
from backend.errors import InvalidInput
from backend.generators import Generator
from backend.prompt_sources import PromptSource
from backend.recipes import Recipe


def count(db: Session, project_id: int, set_ids: Iterable[int]) -> tuple[int, int]:
    """How many prompts of these sets of the project have imported completions, and how many completions these are."""
    row, prompt, prompt_set = tables.ImportedCompletion, tables.Prompt, tables.PromptSet
    query = (
        select(func.count(row.prompt_id.distinct()), func.count())
        .join(prompt, prompt.id == row.prompt_id)
        .join(prompt_set, prompt_set.id == prompt.prompt_set_id)
        .where(prompt_set.project_id == project_id, prompt_set.id.in_(set_ids))
    )
    prompts, completions = db.execute(query).one()
    return prompts, completions


def answering(recipe: Recipe) -> Generator | None:
    """The generator that answers the prompts first; None where only a trainer answers them."""
    return next(iter(recipe.answering()), None)


def takers(recipe: Recipe) -> list[Generator]:
    """The generators that take imported completions: they answer the prompts themselves, no question about a text."""
    taking_parts = []
    for number in range(len(recipe.phases)):
        places = recipe.places(number)
        for place in places:
            part, asked = place.step.part, places[place.source or 0].step.part
            is_of_pool = isinstance(asked, PromptSource) and not (asked.reads_groups or asked.asks_for_prompts)
            if isinstance(part, Generator) and part.takes_imported and is_of_pool:
                taking_parts.append(part)
    return taking_parts


def is_all_imported(recipe: Recipe) -> bool:
    """Whether the prompts are answered with imported completions alone."""
    first = answering(recipe)
    return first is not None and first.takes_imported and not first.needs_engine


def check(db: Session, project_id: int, recipe: Recipe, set_ids: Iterable[int]) -> None:
    """Raise `InvalidInput` where the generator only takes imported completions and there are none."""
    first = answering(recipe)
    if first is not None and is_all_imported(recipe) and not count(db, project_id, set_ids)[0]:
        raise InvalidInput(
            f"The chosen prompt sets hold no imported completions, and the generator {first.name} makes "
            "none. Choose sets imported with completions, pairs or labels, or another generator."
        )


def warnings(recipe: Recipe, completions: int) -> list[str]:
    """What becomes of the completions of the chosen sets."""
    if not completions:
        return []
    held = f"The chosen prompt sets hold {completions:,} imported completions. "
    taking = takers(recipe)
    if not taking:
        first = answering(recipe)
        return [held + ("No step takes them." if first is None else f"The generator {first.name} leaves them out.")]
    if any(part.needs_engine for part in taking):
        return [held + "They become samples beside the model's; turn take_imported off to leave them out."]
    return []
