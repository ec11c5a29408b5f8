"""What speaks against the number of optimizer steps that a plan's trainings take: before rows are there to count."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from backend.recipes import Recipe
from backend.services.plans import sizes
from backend.trainers._knobs import TRLKnobs
from backend.values import DatasetType

MOST_OF_SAMPLES = 3
"""Rows read per sample of a round: more cause a warning, for a selector keeps far fewer rows than there are samples."""
MOST_OF_ROWS = 6
"""Rows read per row that the selectors can keep, with the seed rows: more cause a warning. The demo as it is reads 5.3
and gets better; with 6.4 (8 steps of 64 for at most 80 rows) it fell by 9 to 10 points."""
ROW_A_SAMPLE = (DatasetType.prompt_completion, DatasetType.unpaired_preference)
"""Types of which a sample makes one row at most; several pairs may be made of one sample."""


def warnings(recipe: Recipe, *, prompts: int, samples: int, phase: int = 0, taken: int = 0) -> list[str]:
    """Return a sentence for each training that reads its rows many times, or whose warm-up does not end.

    samples: how many this round can give to train on; `prompts`: from how many prompts these come; `taken`: how many
    completions are taken from files.
    """
    excess = max(_excesses(recipe, phase, prompts, samples, taken), default=None, key=lambda excess: excess.factor)
    sentences = [] if excess is None or excess.factor <= 1 else [excess.sentence(prompts)]
    return [*sentences, *dict.fromkeys(_warm_ups(recipe, samples))]


@dataclass(frozen=True)
class _Excess:
    """A training reads `read` rows in its steps, of `rows` at most; more than `most` times these are too many."""

    read: int
    rows: float
    most: int
    is_bounded: bool
    """Whether the selector's knobs, and not the samples, say how many rows there are at most."""

    @property
    def factor(self) -> float:
        return self.read / self.rows / self.most

    def sentence(self, prompts: int) -> str:
        times = f"{self.read / self.rows:,.1f}".removesuffix(".0")
        way = "let the selector keep more of each" if self.is_bounded else "more samples of each"
        return (
            f"The trainer's steps have room for {self.read:,} rows, {times} times the {self.rows:,.0f} that this round "
            "can give at most, and more often what the selector keeps: a model forgets by that. Even if everything "
            f"were kept, it would need {math.ceil(prompts * self.factor):,} prompts for at most {self.most} times; as "
            f"fewer rows are kept, take clearly more prompts, or {way}. A lower "
            "max_steps reads them less often too, and teaches less."
        )


def _excesses(recipe: Recipe, phase: int, prompts: int, samples: int, taken: int) -> Iterator[_Excess]:
    """Of each training with a fixed number of steps, by the samples and, in this phase, by what its selectors keep."""
    for trainer in recipe.of_kind("trainer"):
        if samples and (read := _read(trainer)):
            yield _Excess(read, _with_seeds(recipe, samples), MOST_OF_SAMPLES, is_bounded=False)
    places = recipe.places(phase)
    kept = sizes.rows(places, prompts=prompts, taken=taken)
    for place in places:
        rows = sum(kept.get(n, 0) for n in place.rows)
        if 0 < rows < samples and (read := _read(place.step.part)):
            yield _Excess(read, _with_seeds(recipe, rows), MOST_OF_ROWS, is_bounded=True)


def _read(part: object) -> int:
    """How many rows a fixed number of steps reads; 0 where epochs are asked for, or texts are written in each step."""
    if not isinstance(part, TRLKnobs) or part.rewards:
        return 0
    return max(part.max_steps, 0) * part.rows_of_step


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
    return trainer.steps(math.ceil(_with_seeds(recipe, samples)))


def _with_seeds(recipe: Recipe, rows: int) -> float:
    """Rows of the round and the seed rows beside them."""
    return rows / (1 - min(recipe.mix_share, 0.99))
