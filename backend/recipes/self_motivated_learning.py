"""Self-motivated learning: a reward model of right above wrong samples, then RL by it. Feng et al. 2024.

**Improving Language Model Reasoning with Self-motivated Learning.** Feng, Xu, Qin, Wang, Zhang and others~. 2024. arXiv
2404.07017.

*The paper.* The policy writes rationales; those that reach the right answer rank above those that do not. A reward
model learns that ranking alone, and RL raises its score.

*Different here.*
- Pairs of `right_and_wrong` train TRL's reward model; the paper's ranking loss is not checked~.
- GRPO in place of PPO~. The scorer starts from the policy and is trained anew in each round.
- Number of samples (8), their temperature (1) and the training settings are ours.

*Quoted.* Llama 2 7B improves on several data sets and passes text-davinci-002 on some (abstract).
"""

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
