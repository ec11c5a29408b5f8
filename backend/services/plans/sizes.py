"""How much a plan makes, step by step: upper bounds, as every number of an estimate is."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from backend.generators import Generator
from backend.judges import Judge
from backend.prompt_sources import PromptSource
from backend.recipes import Recipe, StepPlace
from backend.selectors import Selector
from backend.trainers import Trainer


@dataclass(frozen=True)
class Sizes:
    """Samples that are made or taken from files, calls of judges that ask a model, and tokens of both.

    tried: how many of the samples are made to try changes out, and are none of the round's. rollouts: how many are
    written by trainings, which make as many as they have steps.
    """

    samples: int
    judge_calls: int
    tokens: int
    tried: int = 0
    rollouts: int = 0


@dataclass(frozen=True)
class StepSize:
    """What one step makes: so many samples or judged samples (`units`), with so many calls and tokens."""

    units: int = 0
    calls: int = 0
    tokens: int = 0
    is_text: bool = False
    is_rollout: bool = False


def sizes(recipe: Recipe, phase: int, *, prompts: int, taken: int, first: int = 0) -> Sizes:
    """What a round of so many prompts makes, with so many completions taken from files; what it tries out included.

    first: the first step that runs; the rows of those before are copies, and nothing is tried out.
    """
    by_number = by_step(recipe.places(phase), prompts=prompts, taken=taken)
    sizes_ = _all({number: step_size for number, step_size in by_number.items() if number >= first})
    if first:
        return sizes_
    for places in _tried(recipe, phase):
        tried = _all(by_step(places, prompts=min(prompts, recipe.schedule.pilot_prompts), taken=0))
        sizes_ = Sizes(
            sizes_.samples + tried.samples,
            sizes_.judge_calls + tried.judge_calls,
            sizes_.tokens + tried.tokens,
            sizes_.tried + tried.samples,
            sizes_.rollouts,
        )
    return sizes_


def _all(by_step: dict[int, StepSize]) -> Sizes:
    texts = sum(step_size.units for step_size in by_step.values() if step_size.is_text)
    rollouts = sum(step_size.units for step_size in by_step.values() if step_size.is_rollout)
    calls, tokens = (
        sum(step_size.calls for step_size in by_step.values()),
        sum(step_size.tokens for step_size in by_step.values()),
    )
    return Sizes(texts, calls, tokens, rollouts=rollouts)


def _tried(recipe: Recipe, phase: int) -> list[tuple[StepPlace, ...]]:
    """The steps of each trial of the schedule that makes texts of its own."""
    branches: list[tuple[StepPlace, ...]] = []
    for changes in recipe.schedule.trials():
        places = recipe.tried(changes).pilot(phase)
        if not branches or branches[-1][:-1] != places[:-1]:
            branches.append(places)
    return branches


def by_step(places: Sequence[StepPlace], *, prompts: int, taken: int) -> dict[int, StepSize]:
    """What each generator and judge of these steps makes, by its number."""
    return _walked(places, prompts, taken)[0]


def rows(places: Sequence[StepPlace], *, prompts: int, taken: int) -> dict[int, int]:
    """How many rows each selector of these steps can keep, by its number."""
    return _walked(places, prompts, taken)[1]


def _walked(places: Sequence[StepPlace], prompts: int, taken: int) -> tuple[dict[int, StepSize], dict[int, int]]:
    groups: dict[int, int] = {}
    asked: dict[int, int] = {}
    kept: dict[int, int] = {}
    texts: dict[int, int] = defaultdict(int)
    by_step_: dict[int, StepSize] = {}
    for place in places:
        part = place.step.part
        source = place.index if place.source is None else place.source
        seen = groups.get(source if place.narrowed is None else place.narrowed, 0)
        if isinstance(part, PromptSource):
            known = (seen, texts[source]) if part.reads_groups else (prompts, 0)
            groups[place.index] = part.groups_at_most(*known, prompts)
        elif isinstance(part, Generator):
            new = seen * part.samples_per_prompt
            origin = places[source].step.part
            takes = part.takes_imported and not (isinstance(origin, PromptSource) and origin.asks_for_prompts)
            extra = seen if part.takes_answers else taken if takes else 0
            taken = 0 if takes else taken  # once in a round
            if part.makes_groups:
                source, groups[place.index] = place.index, seen * part.groups_per_prompt
            texts[source] += new + extra
            calls, each = part.asks_per_prompt
            tokens = new * part.texts_per_sample * part.max_tokens_per_sample + seen * calls * each
            by_step_[place.index] = StepSize(new + extra, seen * calls, tokens, is_text=True)
        elif isinstance(part, Judge):
            units = share(texts[source], seen, groups.get(source, 0))
            calls = part.calls_at_most(seen, units) if part.needs_engine else 0
            by_step_[place.index] = StepSize(units, calls, calls * part.max_tokens_per_call)
        elif isinstance(part, Selector) and not part.needs_texts:
            asked[place.index] = kept[place.index] = seen  # a row of each question; a prompt may have several
        elif isinstance(part, Selector):
            units = share(texts[source], seen, groups.get(source, 0))
            kept[place.index] = seen * part.most_rows(-(-units // seen)) if seen else 0
        elif isinstance(part, Trainer) and part.rewards:
            trained = sum(asked.get(n, 0) for n in place.rows) or prompts
            new = part.rollouts(trained)
            calls = sum(judge.calls_at_most(trained, new) for judge in part.rewards if judge.needs_engine)
            each = max(judge.max_tokens_per_call for judge in part.rewards)
            tokens = new * part.max_tokens_per_rollout + calls * each
            by_step_[place.index] = StepSize(new, calls, tokens, is_text=True, is_rollout=True)
    return by_step_, kept


def share(texts: int, seen: int, groups: int) -> int:
    """How many of the texts of some groups stand in those of them that a step sees."""
    return texts if seen == groups else -(-texts * seen // groups)
