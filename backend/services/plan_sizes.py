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


def sizes(recipe: Recipe, phase: int, *, prompts: int, taken: int) -> Sizes:
    """What a round of so many prompts makes, with so many completions taken from files."""
    groups: dict[int, int] = {}
    texts: dict[int, int] = defaultdict(int)
    made = calls = tokens = 0
    for place in recipe.places(phase):
        part = place.step.part
        source = place.index if place.source is None else place.source
        seen = groups.get(source if place.narrowed is None else place.narrowed, 0)
        if isinstance(part, PromptSource):
            groups[place.index] = part.groups_at_most(seen, texts[source], prompts) if part.reads_groups else prompts
        elif isinstance(part, Generator):
            new = seen * part.samples_per_prompt
            tokens += new * part.max_tokens_per_sample
            origin = recipe.places(phase)[source].step.part
            takes = part.takes_imported and not (isinstance(origin, PromptSource) and origin.asks_for_prompts)
            extra = seen if part.takes_answers else taken if takes else 0
            taken = 0 if takes else taken  # once in a round
            texts[source] += new + extra
            made += new + extra
        elif isinstance(part, Judge) and part.needs_engine:
            asked = part.calls_at_most(seen, share(texts[source], seen, groups.get(source, 0)))
            calls += asked
            tokens += asked * part.max_tokens_per_call
    return Sizes(made, calls, tokens)


def share(texts: int, seen: int, groups: int) -> int:
    """How many of the texts of some groups stand in those of them that a step sees."""
    return texts if seen == groups else -(-texts * seen // groups)
