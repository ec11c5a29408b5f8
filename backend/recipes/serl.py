"""SeRL: a policy writes prompts, and is rewarded for agreeing with itself on them. Fang et al. 2025."""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

VOTE = parts.MajorityVote(accept_at=0.0)  # whoever has most votes; nobody where two share the top
TRAINER = parts.GRPO(
    reward=VOTE,
    reward_from="verdict",
    num_generations=16,
    per_device_train_batch_size=16,
    learning_rate=5e-7,
    beta=1e-4,
    scale_rewards="batch",
)

register(
    Recipe(
        name="serl",
        title="SeRL: Self-Play Reinforcement Learning for Large Language Models with Limited Data",
        paper="2505.20347",
        steps=(
            parts.FewShotPrompts(n_seed=6, n_own=2),
            Step(parts.Sample(n=1, temperature=0.6, top_p=0.9), name="proposals"),
            parts.AllOf(judges=(parts.PromptRules(), parts.Novelty(below=0.7))),
            parts.Adopt(),
            Step(parts.Sample(n=16), name="answers"),
            VOTE,
            parts.AllPrompts(),
            parts.DifficultyBand(low=0.2, high=0.8),
            TRAINER,
        ),
        metrics=(parts.HeldOutAccuracy(),),
    )
)
