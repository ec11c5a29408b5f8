"""T1: SFT on trial and error, then RL with many texts a prompt and an entropy bonus. Hou et al. 2025."""

from backend.recipes import Phase, Recipe, register
from backend.recipes import _parts as parts

TRY = "Try out ways to solve this. Say where one fails, try another, check the result before you answer.\n\n{prompt}"
KINDS = {name: parts.BEHAVIORS[name] for name in ("backtracking", "verification")}
TAGS = parts.BehaviorTags(behaviors=KINDS, accept_at=1.0)  # both of them
DEMONSTRATIONS = (
    parts.PromptSet(),
    parts.Sample(n=8, max_tokens=1024, conditions={"trial": TRY}),
    parts.AllOf(judges=(parts.ExactMatch(), TAGS)),
    parts.AboveThreshold(keep="accepted", max_per_prompt=2, order="random"),
    parts.SFT(),
)
TRAINER = parts.GRPO(
    reward=parts.ExactMatch(),
    num_generations=64,
    temperature=1.2,
    per_device_train_batch_size=16,
    gradient_accumulation_steps=16,
    max_completion_length=512,
    scale_rewards="none",
    entropy_coef=0.001,
    beta=0.001,
    sync_ref_model=True,
    ref_model_sync_steps=1,
    ref_model_mixup_alpha=0.05,
)

register(
    Recipe(
        name="oversampled_rl",
        title="Advancing Language Model Reasoning through Reinforcement Learning and Inference Scaling",
        paper="2501.11651",
        phases=(Phase(*DEMONSTRATIONS), Phase(parts.PromptSet(), parts.AllPrompts(), TRAINER)),
        metrics=(parts.HeldOutAccuracy(), parts.DistinctN()),
    )
)
