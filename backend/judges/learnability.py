"""Score a proposed task by how often a solver fails at it."""

from collections.abc import Sequence
from dataclasses import replace

from pydantic import Field

from backend.code_tasks import Task
from backend.code_tasks.grading import Grade, graded
from backend.code_tasks.proposals import Invalid, validated
from backend.code_tasks.questions import solving
from backend.engines import Engine
from backend.judges import Judge
from backend.sandbox import Limits
from backend.values import Completion, Group, Judgment, Sample, Sampling, Verdict


class Learnability(Judge):
    """Score 1 less the share of solver runs that are right; 0 where none is right, or all are.

    The proposer's reward of Absolute Zero (Zhao et al. 2025, arXiv 2505.03335, equation 4), with 8 runs of the solver,
    which is whoever judges: in a training the policy itself. A task that is not valid scores `invalid`, a text that
    proposes none `unread`. What is valid is accepted whatever its score. Runs of which the check says nothing do not
    count; without any that does there is no score.
    """

    solver_runs: int = Field(8, ge=1, le=256, description="answers of the solver to each task")
    invalid: float = Field(0.0, le=0, description="score of a task that is not valid; -0.5 in the paper")
    unread: float = Field(0.0, le=0, description="score of a text without a task in the form that is asked for; -1")
    temperature: float = Field(1.0, ge=0, le=5, description="of the solver; its runs differ only above 0")
    top_p: float = Field(1.0, gt=0, le=1, description="of the solver")
    max_tokens: int = Field(512, ge=1, description="longest answer of the solver in tokens")
    seconds: int = Field(2, ge=1, le=60, description="CPU seconds of one call; five times that on the clock")
    memory_mb: int = Field(256, ge=64, le=8192, description="memory of one program in MiB")

    @property
    def needs_sandbox(self) -> bool:
        return True

    @property
    def calls_per_sample(self) -> int:
        return self.solver_runs

    @property
    def max_tokens_per_call(self) -> int:
        return self.max_tokens

    def label(self, judgments: Sequence[Judgment]) -> tuple[float | None, Verdict | None]:
        """Take the one judgment as it is: a valid task is accepted even where it is worth nothing."""
        return (judgments[0].score, judgments[0].verdict) if judgments else (None, None)

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        engine = self.bound(engine)
        texts = [(group.prompt.messages, sample) for group in groups for sample in group.samples]
        limits = Limits(self.seconds, 5.0 * self.seconds, self.memory_mb)
        proposals = validated([(question, sample.text) for question, sample in texts], limits)
        tasks = [proposal for proposal in proposals if isinstance(proposal, Task)]
        sampling = Sampling(self.temperature, self.top_p, 0, self.max_tokens, self.solver_runs, seed)
        runs = engine.complete([solving(task) for task in tasks], sampling) if tasks else []
        answered = [
            (task, attempt.text)
            for task, some in zip(tasks, runs, strict=True)
            for attempt in some
            if attempt.failure is None
        ]
        grades, left = iter(graded(answered, limits)), iter(runs)
        judgments = []
        for (_, sample), run in zip(texts, proposals, strict=True):
            if isinstance(run, Invalid):
                judgments.append(self._invalid(sample, run))
            else:
                completions = next(left)
                judgments.append(
                    self._valid(sample, completions, [next(grades) for c in completions if c.failure is None])
                )
        return judgments

    def _invalid(self, sample: Sample, invalid: Invalid) -> Judgment:
        score = self.invalid if invalid.is_read else self.unread
        return Judgment(sample.id, str(self.name), 0, score, Verdict.reject, invalid.reason, "")

    def _valid(self, sample: Sample, runs: Sequence[Completion], grades: Sequence[Grade]) -> Judgment:
        counted = [grade.score for grade in grades if grade.score is not None]
        right = sum(score == 1 for score in counted)
        score = None if not counted else 0.0 if right in (0, len(counted)) else 1 - right / len(counted)
        verdict = None if score is None else Verdict.accept
        judgment = Judgment(
            sample.id,
            str(self.name),
            0,
            score,
            verdict,
            f"{right} of {len(counted)} runs of the solver are right.",
            "",
            num_tokens=sum(run.num_tokens for run in runs),
        )
        return judgment if grades else replace(judgment, failure=runs[0].failure)
