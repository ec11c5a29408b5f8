"""The value of a step in a tree: whether, and how soon, texts that go on from it reach the right answer."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Self

from pydantic import Field, model_validator

from backend.engines import Engine, unanswered
from backend.judges import Judge, Verifier
from backend.judges.exact_match import ExactMatch
from backend.values import Group, Judgment, Prompt, Sample, Verdict


@dataclass(eq=False)
class _Step:
    """A step, the whole text that it is the newest step of, and the steps sampled after it.

    is_right: whether that text is right; None where nothing could be said of it.
    """

    sample: Sample
    text: str
    after: list["_Step"] = field(default_factory=list)
    is_right: bool | None = None

    def counted(self) -> tuple[int, int]:
        """How many whole texts through this step are right, and of how many that is known."""
        counts = [
            (int(self.is_right is True), int(self.is_right is not None)),
            *(step.counted() for step in self.after),
        ]
        return sum(right for right, _ in counts), sum(known for _, known in counts)

    def distance(self) -> int | None:
        """The fewest steps from this one, which counts as one, to the end of a right text through it; None without."""
        own = [1 + int(self.sample.extra.get("rest_steps", 0))] if self.is_right else []
        return min([*own, *nearest(self.after)], default=None)


def nearest(steps: Sequence[_Step]) -> list[int]:
    """The distance to the end of a right text from before these steps; empty where none of them leads to one."""
    distances = [step.distance() for step in steps]
    return [min(distance for distance in distances if distance is not None) + 1] if any(distances) else []


class StepValue(Verifier):
    """Judge each step of a tree, as `tree_search` makes them, by the known answer: no step needs a label of its own.

    `outcome` says which whole texts are right. Each step was sampled with the rest of its text, and the texts of the
    steps after it go through it as well.

    `rate`: the share of the whole texts through the step that are right, which estimates the probability that it leads
    to the right answer (Wang et al. 2024, arXiv 2312.08935, soft estimation).
    `distance`: the quality value of ReST-MCTS* (Zhang et al. 2024, arXiv 2406.03816, section 3.1), estimated as in its
    released code: v = max(0, u + r (1 - u) / m). u is the value of the step before, 0 before the first; r is 1 where
    some text through the step is right, else -1; m is the fewest steps from this one, counted, to the end of a right
    text, and of a step that leads to none that of the nearest one above that does. So the last step of a right text is
    worth 1. A tree without a right text has no values.

    Texts of which the outcome says nothing do not count; a step through which none counts has no score.
    """

    by: Literal["rate", "distance"] = Field(
        "rate", description="share of right texts through the step, or how near it comes to the end of one"
    )
    outcome: Judge = Field(ExactMatch(), description="says which whole texts are right; it has to compute")

    @model_validator(mode="after")
    def _computes(self) -> Self:
        judge = self.outcome
        if judge.needs_engine or judge.looks_elsewhere:
            raise ValueError(
                f"The judge {judge.name} cannot say which whole texts are right: it has to compute, and to look at the "
                "texts of one prompt alone. Choose another one, such as exact_match."
            )
        return self

    @property
    def needs_answer(self) -> bool:
        return self.outcome.needs_answer

    @property
    def needs_all_groups(self) -> bool:
        return True

    @property
    def may_be_silent(self) -> bool:
        return True

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        by_parent: dict[int, list[Group]] = defaultdict(list)
        known = {sample.id for group in groups for sample in group.samples}
        for group in groups:
            by_parent[group.parent.id if group.parent is not None else 0].append(group)
        tops = [group for group in groups if group.parent is None or group.parent.id not in known]
        judgments: list[Judgment] = []
        for top in tops:
            steps = self._steps(top, by_parent)
            self._look(top, list(_all(steps)), seed)
            judgments += self._by_rate(steps) if self.by == "rate" else self._by_distance(steps, 0.0, nearest(steps))
        return judgments

    def _steps(self, group: Group, by_parent: dict[int, list[Group]]) -> list[_Step]:
        steps = []
        for sample in group.samples:
            step = _Step(sample, group.path + sample.text + str(sample.extra.get("rest", "")))
            for below in by_parent[sample.id]:
                step.after += self._steps(below, by_parent)
            steps.append(step)
        return steps

    def _look(self, top: Group, steps: Sequence[_Step], seed: int) -> None:
        """Let the outcome's judge say which whole texts are right."""
        whole = [
            replace(
                step.sample,
                id=number,
                position=number,
                text=step.text,
                finish_reason="stop"
                if step.sample.extra.get("is_whole", step.sample.finish_reason == "stop")
                else "length",
            )
            for number, step in enumerate(steps, start=1)
        ]
        asked = Prompt(top.prompt.id, unanswered(top.prompt.messages, top.path), top.prompt.answer, top.prompt.metadata)
        by_sample: dict[int, list[Judgment]] = defaultdict(list)
        for judgment in self.outcome.judge(
            None, [replace(top, prompt=asked, samples=tuple(whole), parent=None)], seed=seed
        ):
            by_sample[judgment.sample_id].append(judgment)
        for number, step in enumerate(steps, start=1):
            _, verdict = self.outcome.label(by_sample[number])
            step.is_right = None if verdict is None else verdict is Verdict.accept

    def _by_rate(self, steps: Sequence[_Step]) -> list[Judgment]:
        judgments = []
        for step in _all(steps):
            right, known = step.counted()
            reason = f"{right} of {known} whole texts through this step are right."
            judgments.append(self.judgment(step.sample, right / known if known else None, reason))
        return judgments

    def _by_distance(self, steps: Sequence[_Step], before: float, around: Sequence[int]) -> list[Judgment]:
        """before: the value of the step before; around: the distance that steps which lead nowhere take."""
        judgments = []
        for step in steps:
            own = step.distance()
            far = around if own is None else [own]
            is_known = bool(far) and step.counted()[1] > 0
            value = max(0.0, before + (1.0 if own else -1.0) * (1.0 - before) / far[0]) if is_known else None
            reason = "No text through this step is known to be right or wrong, or none of the tree is right."
            if is_known:
                reason = f"{far[0]} steps to the end of a right text" + (
                    "." if own else ", from a step above; none from here."
                )
            judgments.append(self.judgment(step.sample, None if value is None else round(value, 9), reason))
            judgments += self._by_distance(step.after, value or 0.0, far)
        return judgments


def _all(steps: Sequence[_Step]) -> Iterator[_Step]:
    for step in steps:
        yield step
        yield from _all(step.after)
