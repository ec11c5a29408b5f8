"""Self-Principled Critique Tuning (DeepSeek-GRM): a judge that writes its own principles. Liu et al. 2025."""

from backend.recipes import Phase, Recipe, Step, register
from backend.recipes import _parts as parts

ITEMS = parts.PromptSet(), Step(parts.Imported(), name="items", by="data"), parts.Noted(), parts.CompareAll()
SAID = Step(parts.Sample(n=3, temperature=0.7), name="judgments"), parts.BestOnTop()
NOT_ALL_RIGHT = parts.DifficultyBand(low=0.0, high=0.99)
COLD = *SAID, parts.AboveThreshold(keep="accepted"), NOT_ALL_RIGHT, parts.SFT(max_length=4096)
META = Step(parts.RightAndWrong(), of="judgments"), Step(parts.RewardModel(max_length=4096), name="meta")
RL = parts.GRPO(reward=parts.BestOnTop(), num_generations=4, beta=0.08, max_completion_length=1024, max_length=4096)
VOTES = Step(parts.Sample(n=8, temperature=0.7), name="votes"), Step(parts.RewardModelJudge(), by="meta")

register(
    Recipe(
        name="self_principled_critique",
        title="Inference-Time Scaling for Generalist Reward Modeling",
        paper="2504.02495",
        phases=(
            Phase(*ITEMS, *COLD, *META),
            Phase(*ITEMS, parts.AllPrompts(), RL, *VOTES, parts.SumOfVotes(keep=0.5)),
        ),
    )
)
