"""SCoRe: Training Language Models to Self-Correct via Reinforcement Learning. Kumar et al. 2024.

**Training Language Models to Self-Correct via Reinforcement Learning (SCoRe).** Kumar, Zhuang, Agarwal, Su, and others.
2024. arXiv 2409.12917.

*The paper.* A model answers, is told in general words that there may be a mistake, and answers again; both answers are
written by the policy as it is trained. A first stage maximizes the reward of the second answer, while a strong
divergence holds the first one alone to the base. A second stage maximizes the rewards of both, and adds alpha (r2 -
r1), alpha > 1, to the reward of the second one. Fine-tuning on stored corrections is the baseline that fails.

*Different here.*
- Advantages are those of GRPO, of each turn within its group; the paper's are of REINFORCE with a baseline.
- The first answer is credited with r1 + r2 in the second stage and with r2 in the first, as the objectives say; the
  bonus counts for the second answer alone, since in the first one's return it would pay for failing first.
- alpha = 10~, divergence 0.1~ in the first stage, on the first turn alone, and 0.01~ in the second, on both. The first
  stage is one round, the second all later ones; group size, learning rate and length are ours.
- The reward is whether the final answer equals the known one. Programs are not run.
- Each round samples both turns once before the training: they are shown to people and counted by `correction_flips`,
  and not trained on. The training logs which share of its chats goes from wrong to right (`turns/fixed`) and back
  (`turns/broken`).
- With LoRA the second stage has the checkpoint it starts from as reference: choose that as `reference`, or train all
  weights.

*Quoted.* Self-correction better by 15.6 points on MATH and 9.1 on HumanEval for Gemini 1.0 Pro and 1.5 Flash
(abstract).
"""

from typing import Any

from backend.recipes import Phase, Recipe, Step, register
from backend.recipes import _parts as parts

ONE = parts.Sample(n=1, temperature=1.0, take_imported=False)
# What the policy does before the training, for people and for correction_flips; the trainer writes both turns itself.
FIRST = parts.PromptSet(), Step(ONE, name="first")
SECOND = parts.Ask(template=parts.AGAIN, follow=True), Step(ONE, name="second")


def stage(**knobs: Any) -> Phase:
    trainer = parts.MultiTurnGRPO(reward=parts.ExactMatch(), reference="base", follow_ups=(parts.AGAIN,), **knobs)
    return Phase(*FIRST, *SECOND, Step(parts.AllPrompts(), of="first"), trainer)


register(
    Recipe(
        name="score",
        title="Self-Correction via Reinforcement Learning (SCoRe)",
        paper="2409.12917",
        phases=(
            stage(turn_weights=(0.0, 1.0), first_turn_beta=0.1),
            stage(turn_weights=(1.0, 1.0), progress_bonus=10.0, beta=0.01),
        ),
        metrics=(parts.HeldOutAccuracy(), parts.CorrectionFlips(turn="second")),
    )
)
