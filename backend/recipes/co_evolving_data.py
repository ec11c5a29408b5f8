"""C2-Evo, its text half: harder problems of the model's own, SFT and RL on those it half knows. Chen et al. 2025."""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

NEW = parts.AllOf(judges=(parts.PromptRules(), parts.Novelty(below=0.7)))
VOTE = parts.MajorityVote(accept_at=0.0)
ABLE = parts.DifficultyBand(low=0.3, high=0.8)  # of the answers to a problem as many agree with the majority
RL = parts.GRPO(start="taught", reference="taught", reward=VOTE, reward_from="verdict")

register(
    Recipe(
        name="co_evolving_data",
        title="C2-Evo: Co-Evolving Multimodal Data and Model for Self-Improving Reasoning",
        paper="2507.16518",
        steps=(
            parts.EvolvePrompts(direction="harder", take_own=True),
            Step(parts.Sample(n=1, temperature=1.0, max_tokens=256), name="problems"),
            NEW,
            parts.Adopt(),
            Step(parts.Sample(n=8, temperature=1.0), name="answers"),
            VOTE,
            parts.AboveThreshold(keep="accepted", max_per_prompt=1),
            ABLE,
            Step(parts.SFT(), name="taught"),
            Step(parts.AllPrompts(), of="answers"),
            Step(ABLE, of="answers"),
            RL,
        ),
        metrics=(parts.HeldOutAccuracy(), parts.DistinctN()),
    )
)
