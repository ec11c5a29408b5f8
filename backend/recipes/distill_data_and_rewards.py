"""Distill Not Only Data but Also Rewards: SFT on a teacher, then RL by a reward model of it. Zhang et al. 2025."""

from backend.recipes import Phase, Recipe, Step, register
from backend.recipes import _parts as parts

TEACHER = "teacher"
TAUGHT = parts.PromptSet(), Step(parts.Sample(n=2, temperature=0.7), name="taught", by=TEACHER)
OWN = Step(parts.Sample(n=4, temperature=1.0), name="own")
ORIGIN = parts.ByConstruction(accepted=(TEACHER,), rejected=("policy",))  # nobody grades
PAIRS = parts.AnchoredPairs(chosen_from=(TEACHER,), rejected_from=("policy",), differ_in="answer")
RL = parts.AllPrompts(), parts.GRPO(reward=parts.RewardModelJudge(), judge_by="scorer")

register(
    Recipe(
        name="distill_data_and_rewards",
        title="Distill Not Only Data but Also Rewards",
        paper="2502.19557",
        phases=(
            Phase(*TAUGHT, parts.KeepAll(), parts.SFT()),
            Phase(*TAUGHT, OWN, ORIGIN, PAIRS, Step(parts.RewardModel(), name="scorer"), *RL),
        ),
        metrics=(parts.HeldOutAccuracy(),),
    )
)
