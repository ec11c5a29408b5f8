"""How much a plan makes, step by step: upper bounds, as every number of an estimate is."""

from collections import defaultdict
from dataclasses import dataclass

from backend.generators import Generator
from backend.judges import Judge
from backend.prompt_sources import PromptSource
from backend.recipes import Recipe


@dataclass(frozen=True)
class Sizes:
    """Samples that are made or taken from files, calls of judges that ask a model, and tokens of both."""

    samples: int
    judge_calls: int
    tokens: int


@dataclass(frozen=True)
class Made:
    """What one step makes: so many samples or judged samples (`units`), with so many calls and tokens."""

    units: int = 0
    calls: int = 0
    tokens: int = 0


def sizes(recipe: Recipe, phase: int, *, prompts: int, taken: int) -> Sizes:
    """What a round of so many prompts makes, with so many completions taken from files."""
    made = by_step(recipe, phase, prompts=prompts, taken=taken)
    generators = [place.index for place in recipe.places(phase) if place.step.kind == "generator"]
    return Sizes(
        sum(made[n].units for n in generators),
        sum(one.calls for one in made.values()),
        sum(one.tokens for one in made.values()),
    )


def by_step(recipe: Recipe, phase: int, *, prompts: int, taken: int) -> dict[int, Made]:
    """What each generator and judge of such a round makes, by its step."""
    groups: dict[int, int] = {}
    texts: dict[int, int] = defaultdict(int)
    found: dict[int, Made] = {}
    for place in recipe.places(phase):
        part = place.step.part
        source = place.index if place.source is None else place.source
        seen = groups.get(source if place.narrowed is None else place.narrowed, 0)
        if isinstance(part, PromptSource):
            groups[place.index] = part.groups_at_most(seen, texts[source], prompts) if part.reads_groups else prompts
        elif isinstance(part, Generator):
            new = seen * part.samples_per_prompt
            extra = seen if part.takes_answers else taken if part.takes_imported else 0
            taken = 0 if part.takes_imported else taken  # once in a round
            texts[source] += new + extra
            found[place.index] = Made(new + extra, 0, new * part.max_tokens_per_sample)
        elif isinstance(part, Judge):
            units = share(texts[source], seen, groups.get(source, 0))
            calls = part.calls_at_most(seen, units) if part.needs_engine else 0
            found[place.index] = Made(units, calls, calls * part.max_tokens_per_call)
    return found


def share(texts: int, seen: int, groups: int) -> int:
    """How many of the texts of some groups stand in those of them that a step sees."""
    return texts if seen == groups else -(-texts * seen // groups)
