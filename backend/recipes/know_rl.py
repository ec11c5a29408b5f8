"""KnowRL: a model writes tasks, and is rewarded for a stable verdict on which it could do. Kale and Dhami 2025.

**KnowRL: Teaching Language Models to Know What They Know.** Kale, Dhami. 2025. arXiv 2510.11407.

*The paper.* A model writes tasks that it holds for feasible or infeasible, after the example of a seed set (50 of each
kind) and of tasks on which it agreed with itself in earlier iterations. It says of each 8 times whether it could carry
it out, and RL reinforces the verdict that it gives most often: being stable, with no known label. The released code is
made from that of SeRL, with 8 samples of a prompt.

*Different here.*
- What is trained on are the questions about its own tasks, and a verdict is rewarded with 1 if it is the one that most
  of its group give. Writing tasks is not rewarded; how the paper shares the reward between the two is not checked~.
- A task is consistent, and adopted, where at least 75 % of its readable verdicts agree~. People may decide on the tasks
  before. Adopted tasks are examples in later rounds, and are not asked themselves.
- A task does not state for which kind it was written; the seed set should hold as many of both. All words are ours.
- GRPO in place of REINFORCE++. Training settings are ours.
- Being sure and wrong is rewarded as well. Look at `self_knowledge` beside it: import held-out tasks in the words of
  the question, with the known answers feasible and infeasible.

*Quoted.* Gains of up to 28 % in accuracy and 12 % in F1 with LLaMA-3.1-8B and Qwen-2.5-7B (abstract).
"""

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
