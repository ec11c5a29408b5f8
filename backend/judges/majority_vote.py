"""Score a sample by how many samples of its group agree with it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from pydantic import Field, field_validator

from backend import answers
from backend.engines import Engine
from backend.judges import Verifier
from backend.values import Group, Judgment, Sample, SampleKind, Verdict


class MajorityVote(Verifier):
    """Score V/k: V voting samples with this answer, k voting samples; unread ones count in k, never as an answer.

    Self-consistency (Wang et al. 2022, arXiv 2203.11171) as ScPO's vote function V (arXiv 2411.04109). Members
    of the one top answer are accepted; where two share the top, nothing is.
    """

    pattern: str = Field(
        "",
        description="regular expression whose last match holds the answer (group `answer` or the first); empty: "
        r"\boxed{}, `####`, `answer:` or the last line",
    )
    numbers: bool = Field(True, description="count 1,000 and 1000.0 as one answer")
    voters: int = Field(0, ge=0, description="only the first so many samples of a prompt vote; 0 means all")
    min_votes: int = Field(2, ge=1, description="a prompt with fewer voting samples gets no score")
    accept_at: float = Field(0.5, ge=0, le=1, description="lowest share of votes with which the top answer is accepted")

    @field_validator("pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        return answers.check_pattern(pattern)

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        return [judgment for group in groups for judgment in self._count(group)]

    def label(self, judgments: Sequence[Judgment]) -> tuple[float | None, Verdict | None]:
        """Take the one judgment as it is: whether a share is the top needs the whole group."""
        return (judgments[0].score, judgments[0].verdict) if judgments else (None, None)

    def _count(self, group: Group) -> list[Judgment]:
        answers = [(sample, self._answer(sample)) for sample in group.samples]
        # What a file brought has no vote among what the model made.
        own = [pair for pair in answers if pair[0].kind != SampleKind.imported] or answers
        voting = [answer for sample, answer in own if not self.voters or sample.position < self.voters]
        if len(voting) < self.min_votes:
            return [
                self.judgment(sample, None, f"{len(voting)} votes, {self.min_votes} needed.") for sample, _ in answers
            ]
        votes = Counter(answer for answer in voting if answer is not None)
        tops = {answer for answer, count in votes.items() if count == max(votes.values())}
        return [self._score(sample, answer, votes, tops, len(voting)) for sample, answer in answers]

    def _score(self, sample: Sample, answer: str | None, votes: Counter[str], tops: set[str], k: int) -> Judgment:
        if answer is None:
            return self.judgment(sample, None, "No answer found in the sample.")
        share = votes[answer] / k
        is_accepted = tops == {answer} and share >= self.accept_at
        tie = ", tied for the top" if answer in tops and len(tops) > 1 else ""
        judgment = self.judgment(sample, share, f"{votes[answer]} of {k} votes for {answer}{tie}.")
        return replace(judgment, verdict=Verdict.accept if is_accepted else Verdict.reject)

    def _answer(self, sample: Sample) -> str | None:
        """A sample that was cut off has not given its answer yet."""
        answer = None if sample.finish_reason == "length" else answers.extract(sample.text, self.pattern)
        return None if answer is None else answers.normalise(answer, numbers=self.numbers)
