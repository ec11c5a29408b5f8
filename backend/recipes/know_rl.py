"""KnowRL: a model writes tasks, and is rewarded for a stable verdict on which it could do. Kale and Dhami 2025."""

from backend.recipes import Recipe, Step, register
from backend.recipes import _feasible as feasible
from backend.recipes import _parts as parts

VOTE = parts.MajorityVote(pattern=feasible.VERDICT, accept_at=0.0)
TRAINER = parts.GRPO(
    reward=VOTE, reward_from="verdict", num_generations=8, per_device_train_batch_size=16, max_completion_length=128
)

register(
    Recipe(
        name="know_rl",
        title="KnowRL: Teaching Language Models to Know What They Know",
        paper="2510.11407",
        steps=(
            parts.FewShotPrompts(n_seed=6, n_own=2, template=feasible.WRITE),
            Step(parts.Sample(n=1, max_tokens=256), name="tasks"),
            parts.Ask(template=feasible.CHECK),
            Step(parts.Sample(n=8, max_tokens=128), name="checks"),
            VOTE,
            parts.FromChildren(by="rate", accept_at=0.75),
            Step(parts.Adopt(), of="tasks"),  # consistent ones are examples in later rounds
            Step(parts.AllPrompts(), of="checks"),
            TRAINER,
        ),
        metrics=(parts.SelfKnowledge(),),
    )
)
