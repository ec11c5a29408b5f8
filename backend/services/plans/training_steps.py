"""What speaks against the number of optimizer steps that a plan's trainings take: before rows are there to count."""

import math
from collections.abc import Iterator

from backend.recipes import Recipe
from backend.trainers import Trainer
from backend.trainers._knobs import TRLKnobs
from backend.values import DatasetType

MANY_PASSES = 3
"""More passes over all samples of a round cause a warning: a selector keeps far fewer rows than there are samples."""
ROW_A_SAMPLE = (DatasetType.prompt_completion, DatasetType.unpaired_preference)
"""Types of which a sample makes one row at most; several pairs may be made of one sample."""


def warnings(recipe: Recipe, *, prompts: int, samples: int) -> list[str]:
    """Return a sentence for each training that reads its rows many times, or whose warm-up does not end.

    samples: how many this round can give to train on; `prompts`: from how many prompts these come.
    """
    trainers = recipe.of_kind("trainer")
    passes = max((_passes(trainer, recipe, samples) for trainer in trainers), default=0.0)
    sentences = []
    if passes > MANY_PASSES:
        needed = math.ceil(prompts * passes / MANY_PASSES)
        sentences.append(
            f"The trainer's steps go at least {passes:.0f} times over the rows this round can give, and more often "
            f"over what the selector keeps: a model forgets by that. Take {needed:,} prompts or more, or more samples "
            f"of each, for at most {MANY_PASSES} passes. A lower max_steps has fewer passes too, and teaches less."
        )
    return [*sentences, *dict.fromkeys(_warm_ups(recipe, samples))]


def _passes(trainer: Trainer, recipe: Recipe, samples: int) -> float:
    """How often a fixed number of steps sees each row, if every sample were kept; 0 where epochs are asked for."""
    if trainer.rewards or not isinstance(trainer, TRLKnobs):
        return 0.0  # it writes its texts anew in each step
    rows = _rows(recipe, samples)
    return trainer.max_steps * trainer.rows_of_step / rows if trainer.max_steps > 0 and rows else 0.0


def _warm_ups(recipe: Recipe, samples: int) -> Iterator[str]:
    for trainer in recipe.of_kind("trainer"):
        if not isinstance(trainer, TRLKnobs):
            continue
        steps, at_most = trainer.max_steps, ""
        if steps <= 0:
            steps, at_most = _most_steps(trainer, recipe, samples), "at most "
        share = trainer.peak_share(steps) if steps else 1.0
        if share >= 1:
            continue
        warm_up = f"its warm-up takes {trainer.warm_up(steps):,} (warmup_steps {trainer.warmup_steps:g})"
        text = f"The trainer {trainer.name} takes {at_most}{steps:,} optimizer steps, and {warm_up}: "
        if share:
            text += f"the learning rate rises to {peak_percent(share)}% of learning_rate and not to the whole."
        else:
            text += "the learning rate stays 0, and nothing is learned."
        yield f"{text} Set warmup_steps below the number of steps, or take more steps."


def peak_percent(share: float) -> int:
    """A share of the learning rate that is neither none nor the whole, in per cent that say so."""
    return min(max(round(100 * share), 1), 99)


def _most_steps(trainer: TRLKnobs, recipe: Recipe, samples: int) -> int:
    """Optimizer steps of a training by epochs if every sample were kept; 0 where more rows than these may join."""
    joins = recipe.earlier_rounds or recipe.of_kind("mixer")
    if trainer.rewards or joins or trainer.trains_on not in ROW_A_SAMPLE:
        return 0
    return trainer.steps(math.ceil(_rows(recipe, samples)))


def _rows(recipe: Recipe, samples: int) -> float:
    """Rows of the round and the seed rows beside them."""
    return samples / (1 - min(recipe.mix_share, 0.99))
