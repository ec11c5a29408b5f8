"""Self-motivated learning: a reward model of right above wrong samples, then RL by it. Feng et al. 2024."""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

ANSWERS = Step(parts.Sample(n=8, temperature=1.0), name="answers")
SCORER = Step(parts.RewardModel(), name="scorer")
RL = parts.GRPO(reward=parts.RewardModelJudge(), judge_by="scorer")  # the verifier is no reward

register(
    Recipe(
        name="self_motivated_learning",
        title="Improving Language Model Reasoning with Self-motivated Learning",
        paper="2404.07017",
        steps=(
            parts.PromptSet(),
            ANSWERS,
            parts.ExactMatch(),
            parts.RightAndWrong(),
            SCORER,
            Step(parts.AllPrompts(), of="answers"),
            RL,
        ),
        metrics=(parts.HeldOutAccuracy(), parts.JudgeQuality()),
    )
)
