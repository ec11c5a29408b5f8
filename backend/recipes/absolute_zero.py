"""Absolute Zero: one model proposes tasks that a program can check, and solves them. Zhao et al. 2025."""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

SOLVED = parts.SolvesTask(wrong=-0.5, unread=-1.0)
LEARNED = parts.Learnability(solver_runs=8, invalid=-0.5, unread=-1.0)

register(
    Recipe(
        name="absolute_zero",
        title="Absolute Zero: Reinforced Self-play Reasoning with Zero Data",
        paper="2505.03335",
        steps=(
            parts.VerifiedTasks(),
            Step(parts.Sample(n=1, temperature=1.0), name="proposals"),
            parts.ValidTask(),
            parts.AdoptTasks(),
            parts.AllPrompts(),
            Step(parts.GRPO(reward=SOLVED), name="solver"),
            Step(parts.AllPrompts(), of="proposals"),
            parts.GRPO(reward=LEARNED, judge_by="live", start="solver"),  # the proposer: the same weights, trained on
        ),
        metrics=(parts.HeldOutAccuracy(), parts.DistinctN()),
    )
)
