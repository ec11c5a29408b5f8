"""Several judges, all of which have to accept."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Self

from pydantic import model_validator

from backend.engines import Engine
from backend.judges import Judge, asked_together
from backend.judges._composed import Composed
from backend.values import Group, Judgment, Verdict


class AllOf(Composed):
    """A text is accepted where every judge accepts it, and rejected where one rejects it; else it has no verdict.

    Its score is the lowest of their scores. Each judge leaves a judgment of its own, in the order of the list; one that
    judges a text several times leaves what its label would be.
    """

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if any(judge.judges_parents for judge in self.judges):
            raise ValueError("all_of holds a judge of parents, but the others judge texts. Make it a step of its own.")
        if self.needs_engine and self.needs_all_groups:
            raise ValueError(
                "all_of holds a judge that asks a model and one that has to see all texts at once, so that a judging "
                "that was stopped would ask for everything again. Take one of them out."
            )
        asked_together(self.judges)
        return self

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        judgments = []
        for position, judge in enumerate(self.judges):
            of_sample: dict[int, list[Judgment]] = defaultdict(list)
            for judgment in judge.judge(engine if judge.needs_engine else None, groups, seed=seed + position):
                of_sample[judgment.sample_id].append(judgment)
            judgments += [self._together(judge, position, several) for several in of_sample.values()]
        return judgments

    def label(self, judgments: Sequence[Judgment]) -> tuple[float | None, Verdict | None]:
        verdicts = [judgment.verdict for judgment in judgments]
        scores = [judgment.score for judgment in judgments if judgment.score is not None]
        if Verdict.reject in verdicts:
            return min(scores, default=None), Verdict.reject
        if not verdicts or None in verdicts or len(verdicts) < len(self.judges):
            return None, None
        return min(scores, default=None), Verdict.accept

    def _together(self, judge: Judge, position: int, several: Sequence[Judgment]) -> Judgment:
        """What one of the judges says of a sample, as one judgment."""
        served = [judgment for judgment in several if judgment.failure is None]
        score, verdict = judge.label(served)
        first = served[0] if served else several[0]
        return Judgment(
            sample_id=first.sample_id,
            judge=str(self.name),
            position=position,
            score=score,
            verdict=verdict,
            rationale=f"{judge.name}: {first.rationale}",
            raw=first.raw,
            template_hash=first.template_hash,
            num_tokens=sum(judgment.num_tokens for judgment in served),
            finish_reason=first.finish_reason,
            reasoning=first.reasoning,
            failure=None if served else first.failure,
        )
