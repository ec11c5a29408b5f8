"""What a recipe's parts make of a few texts, step by step, without a database."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from backend.judges import Judge
from backend.recipes import Recipe
from backend.values import Group, Sample, Selection
from tests.groups import prompt


class Steps:
    """The steps of a phase by name or number from 0, and the label that a judge's word becomes."""

    def __init__(self, recipe: Recipe, phase: int = 0) -> None:
        self.places = recipe.places(phase)

    def part(self, index: int) -> Any:
        return self.places[index].step.part

    def ask(self, index: int, *groups: Group) -> list[Group]:
        """What a source asks of groups whose prompts say `question`, with ids from 1."""
        pool = [prompt(id=group.prompt.id, answer=group.prompt.answer) for group in groups]
        reply = self.part(index).ask(groups, pool, limit=9, seed=0)
        return [replace(group, id=number, step=index, position=number) for number, group in enumerate(reply, 1)]

    def label(self, index: int, groups: Sequence[Group]) -> list[Group]:
        """The groups as a judge labels their texts."""
        reply = judged(self.part(index), groups)
        return [replace(entry, samples=tuple(labelled(s, reply) for s in entry.samples)) for entry in groups]

    def parents(self, index: int, groups: Sequence[Group]) -> list[Sample]:
        """The texts that the groups are about, as a judge of parents labels them."""
        reply = judged(self.part(index), groups)
        return [labelled(entry.parent, reply) for entry in groups if entry.parent is not None]

    def select(self, index: int, *groups: Group) -> Selection:
        selection: Selection = self.part(index).select(groups, seed=0)
        return selection


def judged(judge: Judge, groups: Sequence[Group]) -> dict[int, Any]:
    """Score and verdict by sample."""
    judgments = judge.judge(None, groups, seed=0)
    return {n: judge.label([j for j in judgments if j.sample_id == n]) for n in {j.sample_id for j in judgments}}


def labelled(sample: Sample, replies: dict[int, Any]) -> Sample:
    score, verdict = replies.get(sample.id, (None, None))
    return replace(sample, score=score, verdict=verdict)


def answered(group: Group, *texts: str, first: int, chain: tuple[Sample, ...] = ()) -> Group:
    """The question with texts numbered from `first`. chain: the texts before its parent."""
    samples = tuple(Sample(first + n, group.prompt.id, text, position=n) for n, text in enumerate(texts))
    return replace(group, samples=samples, ancestors=chain)
