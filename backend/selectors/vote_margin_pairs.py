"""Pair a sample of the most-voted answer with one of the least-voted, weighed by the margin of votes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from pydantic import Field, field_validator

from backend import answers
from backend.selectors import Selector, by_person, is_blank, is_truncated, random_for
from backend.values import DatasetType, Example, Group, Sample, Selection, Verdict

_CLOSE = 1e-9


@dataclass
class VotedAnswer:
    """An answer of a group: its share of votes V/k, and its samples by what people said of them."""

    share: float = 0.0
    accepted: list[Sample] = field(default_factory=list)
    rejected: list[Sample] = field(default_factory=list)
    undecided: list[Sample] = field(default_factory=list)

    @property
    def votes(self) -> float:
        """V/k; a person's word counts as all votes or none."""
        if self.accepted:
            return 1.0
        return 0.0 if self.rejected else self.share


class VoteMarginPairs(Selector):
    """ScPO's pairs: y+ of the answer with most votes V+, y- of the one with fewest V-, weight (V+ - V-)/k.

    Prasad et al. 2024, arXiv 2411.04109. A prompt counts only if V+ >= tau k. Reads V/k from the
    scores of `majority_vote`. A sample that a person accepted makes its answer right (V = k, as the paper
    treats known answers), a rejected one makes it wrong (V = 0, unless another sample of it was accepted).
    """

    makes: ClassVar[DatasetType] = DatasetType.preference

    tau: float = Field(0.5, ge=0, le=1, description="least share of votes of the top answer")
    ties: Literal["choose", "drop"] = Field(
        "choose", description="two answers tied for the top: choose one by the seed, or drop the prompt"
    )
    voters: int = Field(0, ge=0, description="choose only among the first so many samples of a prompt; 0 means all")
    pattern: str = Field("", description="how answers are read, as in the judge `majority_vote`")
    numbers: bool = Field(True, description="take 1,000 and 1000.0 as one answer, as in the judge `majority_vote`")

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        return answers.check_pattern(pattern)

    def most_rows(self, samples: int) -> int:
        return 1

    def select(self, groups: Sequence[Group], *, seed: int) -> Selection:
        examples: list[Example] = []
        dropped: Counter[str] = Counter()
        for group in groups:
            example = self._pair(group, seed)
            if isinstance(example, Example):
                examples.append(example)
            else:
                dropped[example] += 1
        return Selection(examples, dict(dropped), unit="prompts")

    def _pair(self, group: Group, seed: int) -> Example | str:
        """Return the pair, or the reason why there is none."""
        by_answer = self._answers(group)
        if not by_answer:
            return "no answer"
        if len(by_answer) < 2:
            return "only one answer"
        most, fewest = max(a.votes for a in by_answer), min(a.votes for a in by_answer)
        tops = [answer for answer in by_answer if answer.votes == most]
        if most < self.tau - _CLOSE:
            return "top answer below tau"
        if len(tops) > 1 and self.ties == "drop":
            return "tie for the top"
        if most - fewest < _CLOSE:
            return "no margin of votes"
        rng = random_for(group, seed)
        chosen = self._may_be_chosen(rng.choice(tops))
        rejected = [s for a in by_answer if a.votes == fewest for s in (a.rejected or a.undecided)]
        if not chosen or not rejected:
            return "no sample left for a side"
        return Example(
            prompt_id=group.prompt.id,
            sample_id=rng.choice(chosen).id,
            rejected_id=rng.choice(rejected).id,
            weight=most - fewest,
        )

    def _answers(self, group: Group) -> list[VotedAnswer]:
        """Gather the samples by answer, in order of first appearance."""
        by_answer: dict[str, VotedAnswer] = {}
        for sample in group.samples:
            text = answers.extract(sample.text, self.pattern)
            verdict = by_person(sample)
            if text is None or is_blank(sample) or (verdict is None and sample.score is None) or is_truncated(sample):
                continue
            answer = by_answer.setdefault(answers.normalise(text, numbers=self.numbers), VotedAnswer())
            match verdict:
                case Verdict.accept:
                    answer.accepted.append(sample)
                case Verdict.reject:
                    answer.rejected.append(sample)
                case None:
                    answer.undecided.append(sample)
                    answer.share = sample.score or 0.0
        return list(by_answer.values())

    def _may_be_chosen(self, answer: VotedAnswer) -> list[Sample]:
        """Samples people accepted, else those that voted; extra ones serve as rejected sides only."""
        return answer.accepted or [s for s in answer.undecided if not self.voters or s.position < self.voters]
