"""A round without database and training: what a recipe's parts make of one prompt."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pydantic import PrivateAttr

from backend.engines import Engine
from backend.recipes import Recipe
from backend.values import Completion, Group, LabelSource, Messages, Prompt, Sampling, Selection


class Lines(Engine):
    """Says its lines in order; judge prompts, which hold the `marker`, get lines of their own."""

    lines: tuple[str, ...]
    marker: str = "\0"
    verdicts: dict[str, tuple[str, ...]] = {}

    _asked: list[tuple[int, Sampling]] = PrivateAttr(default_factory=list)

    def complete(self, prompts: Sequence[Messages], sampling: Sampling) -> list[list[Completion]]:
        self._asked.append((len(prompts), sampling))
        return [[Completion(text, "stop", 1) for text in self._replies(chat, sampling)] for chat in prompts]

    def _replies(self, chat: Messages, sampling: Sampling) -> list[str]:
        text = chat[-1]["content"]
        if self.marker in text:
            lines = next(replies for sample, replies in self.verdicts.items() if sample in text)
        else:
            # Extra samples at another temperature go on where the first ones stopped.
            start = sum(asked.n for n, asked in self._asked[:-1] if n)
            lines = self.lines[start:]
        return [lines[position % len(lines)] for position in range(sampling.n)]


# Not a part of the product: other tests see the registry without it.
del Engine.registry["lines"]


@dataclass(frozen=True)
class Loop:
    """What came of it: the sampling asked for, the labelled group, the selection."""

    asked: list[tuple[int, Sampling]]
    group: Group
    selection: Selection

    @property
    def pair(self) -> tuple[str, str | None]:
        """The texts of the first example's two sides."""
        example = self.selection.examples[0]
        by_id = {sample.id: sample.text for sample in self.group.samples}
        return by_id[example.sample_id or 0], by_id.get(example.rejected_id or 0)


def run(recipe: Recipe, engine: Lines, prompt: Prompt, *, seed: int = 1) -> Loop:
    """Generate, judge with the same engine as policy and judge, label, select."""
    chosen = recipe.prompt_source.prompts(engine, [prompt], limit=1, seed=seed)
    (completion,) = recipe.generator.generate(engine, chosen, seed=seed)
    group = Group(prompt, tuple(replace(sample, id=number) for number, sample in enumerate(completion, start=1)))
    judgments = recipe.judge.judge(engine if recipe.judge.needs_engine else None, [group], seed=seed)
    labelled = []
    for sample in group.samples:
        score, verdict = recipe.judge.label([j for j in judgments if j.sample_id == sample.id])
        labelled.append(replace(sample, score=score, verdict=verdict, source=LabelSource.judge))
    group = Group(prompt, tuple(labelled))
    return Loop(engine._asked, group, recipe.selector.select([group], seed=seed))
