"""Distill Not Only Data but Also Rewards: SFT on a teacher, then RL by a reward model of it. Zhang et al. 2025.

**Distill Not Only Data but Also Rewards: Can Smaller Language Models Surpass Larger Ones?** Zhang, Wang, Fang, Du,
Huang, Wang, Lin, Pechenizkiy, Zhang, Rajmohan, Zhang. 2025. arXiv 2502.19557.

*The paper.* A teacher gives responses, but no grades, which would be biased. Pseudo-rewards come from the structure of
the teacher's and the student's responses, a reward model learns them, and RL follows it after a warm-up by SFT on the
teacher's responses.

*Different here.*
- Pseudo-rewards: texts by the teacher (the role `teacher`, bound at launch) are good and texts by the student are bad.
  A pair is made only of texts whose answers differ. How the paper uses the structure of responses in detail is not
  checked~.
- Two responses of the teacher at one temperature; the paper draws at several temperatures.
- The first round is the warm-up; each later one asks the teacher again, trains the reward model anew from the policy,
  and then the policy.
- GRPO in place of PPO. Numbers of samples and training settings are ours.

*Quoted.* None: the abstract claims better results than SFT on GSM8K and MMLU-PRO, and students that surpass their
teacher, without figures.
"""

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
