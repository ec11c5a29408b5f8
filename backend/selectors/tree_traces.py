"""Keep whole texts of a tree of steps as training answers."""

import math
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from pydantic import Field

from backend.engines import unanswered
from backend.selectors import Selector, by_person, is_blank, random_for, score_of
from backend.values import DatasetType, Example, Group, Messages, Sample, Selection, Verdict


@dataclass(frozen=True)
class Trace:
    """A whole text: the steps on the way to a leaf, and the rest that was sampled with its last step."""

    steps: tuple[Sample, ...]
    messages: Messages

    @property
    def leaf(self) -> Sample:
        return self.steps[-1]

    @property
    def text(self) -> str:
        return "".join(step.text for step in self.steps) + str(self.leaf.extra.get("rest", ""))

    @property
    def quality(self) -> float:
        """The mean value of its steps; 0 for one without a value."""
        return math.fsum(score_of(step) or 0.0 for step in self.steps) / len(self.steps)


class TreeTraces(Selector):
    """Keep the texts that end in a leaf of a tree, as `tree_search` makes them, whose last step is worth enough.

    By the judge `step_value` a leaf is worth 1 where its text is right. With `max_per_prompt` those with the highest
    mean value of their steps come first, of equal ones what chance says. A text is dropped with any of its steps that
    people rejected; where they accepted its last step it is kept whatever its values. The training row is the prompt
    with the whole text.
    """

    makes: ClassVar[DatasetType] = DatasetType.prompt_completion

    threshold: float = Field(1.0, description="lowest value of the last step of a text that is kept")
    min_value: float = Field(0.0, description="lowest value of every step on the way")
    max_per_prompt: int = Field(0, ge=0, description="most texts kept for one prompt; 0 means no limit")

    @property
    def joins_steps(self) -> bool:
        return True

    @property
    def needs_all_groups(self) -> bool:
        return True

    def most_rows(self, samples: int) -> int:
        return min(samples, self.max_per_prompt or samples)

    def select(self, groups: Sequence[Group], *, seed: int) -> Selection:
        dropped: Counter[str] = Counter()
        kept: dict[int, dict[str, tuple[Group, Trace]]] = defaultdict(dict)
        for group in groups:
            for trace in _traces(group):
                reason = self._objection(trace)
                if reason is None and trace.text.strip() in kept[group.prompt.id]:
                    reason = "duplicate text"
                if reason is None:
                    kept[group.prompt.id][trace.text.strip()] = group, trace
                else:
                    dropped[reason] += 1
        return Selection([trace for few in kept.values() for trace in self._best(few, dropped, seed)], dict(dropped))

    def _best(self, traces: dict[str, tuple[Group, Trace]], dropped: Counter[str], seed: int) -> list[Example]:
        candidates = list(traces.values())
        if self.max_per_prompt and len(candidates) > self.max_per_prompt:
            random_for(candidates[0][0], seed).shuffle(candidates)
            candidates.sort(key=lambda trace: (by_person(trace[1].leaf) is not Verdict.accept, -trace[1].quality))
            dropped["over max_per_prompt"] += len(candidates) - self.max_per_prompt
            candidates = candidates[: self.max_per_prompt]
        return [
            Example(group.prompt.id, trace.leaf.id, messages=trace.messages, completion=trace.text)
            for group, trace in candidates
        ]

    def _objection(self, trace: Trace) -> str | None:
        leaf = trace.leaf
        if any(by_person(step) is Verdict.reject for step in trace.steps):
            return "a step rejected by a person"
        if leaf.extra.get("is_whole", leaf.finish_reason == "stop" and "rest" in leaf.extra) is not True:
            return "truncated" if "rest" in leaf.extra else "no whole text after the step"
        if is_blank(leaf) and not trace.text.strip():
            return "empty text"
        if by_person(leaf) is Verdict.accept:
            return None
        scores = [score_of(step) for step in trace.steps]
        last = scores[-1]
        if last is None:
            return "no score"
        if last < self.threshold:
            return "below threshold"
        return "a step below min_value" if any(score is None or score < self.min_value for score in scores) else None


def _traces(group: Group) -> list[Trace]:
    """The texts that end in a leaf among the group's samples."""
    above = (*group.ancestors, group.parent) if group.parent is not None else ()
    asked = unanswered(group.prompt.messages, group.path)
    return [
        Trace((*(node for node in above if node is not None), sample), asked)
        for sample in group.samples
        if not sample.extra.get("is_expanded")
    ]
