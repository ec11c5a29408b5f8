"""T1: SFT on trial and error, then RL with many texts a prompt and an entropy bonus. Hou et al. 2025.

**Advancing Language Model Reasoning through Reinforcement Learning and Inference Scaling (T1).** Hou, Lv, Lu, Zhang,
Li, Yao, Li, Tang, Dong. 2025. arXiv 2501.11651.

*The paper.* SFT on synthesized chains of thought with trial and error and self-verification. Then RL on checkable
answers that encourages exploration: many responses of each prompt (64) at a high temperature, an entropy bonus as a
further loss, and a divergence from a reference that moves with the policy. Repetition and garbled text are penalized.

*Different here.*
- The first round makes the chains of thought: the policy is asked to try, fail, try again and check, and what is right
  and shows phrases of going back and of checking is trained on, for the prompt alone. In the paper other models write
  them~.
- Temperature 1.2~; the entropy bonus (0.001), the divergence (0.001) and the share by which the reference moves after
  each step (0.05) are ours: their sizes in the paper are not checked.
- All 64 texts are trained on. Advantages are rewards less the group's mean, which is RLOO's advantage up to a factor of
  63/64.
- No penalty for repetition: put `surface_rules` into a `weighted_sum` with the reward.
- Lengths and steps are ours.

*Quoted.* With Qwen2.5-32B above QwQ-32B-Preview on MATH500, AIME2024 and Omni-math-500 (abstract, without figures).
"""

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
