"""INTELLECT-2: GRPO with two-sided clipping on answers that can be checked. Prime Intellect Team 2025.

**INTELLECT-2: A Reasoning Model Trained Through Globally Decentralized Reinforcement Learning.** Prime Intellect Team,
Jaghouar, Mattern and others. 2025. arXiv 2505.07291.

*The paper.* RL of a model of 32 billion parameters over machines of volunteers: completions are written asynchronously,
by weights some steps old, and checked before they are used. The loss is GRPO with a bound on the probability ratio
where the advantage is negative, too (delta = 4), epsilon = 0.2, beta = 0.001, 16 completions of each prompt. Rewards
are checks of answers and code; prompts that are too easy or too hard are filtered out before and during training~.

*Different here.*
- One process writes and trains, so that texts are of the weights that are trained; raise `steps_per_generation` or
  `num_iterations` to train on older ones, which is what the bound is for.
- The reward is the check of the known answer alone; the paper's has a part for a length that is asked for~.
- Nothing filters prompts by difficulty. A group whose answers are all right or all wrong gives no gradient.
- The paper's numbers are taken from TRL's paper index. It has 3e-7 for the learning rate; here it is 1e-6. The losses
  of tokens are put together as TRL does by default (dapo).

*Quoted.* Better than QwQ-32B, from which it starts (abstract, without figures).
"""

from backend.recipes import Recipe, register
from backend.recipes._parts import GRPO, AllPrompts, ExactMatch, HeldOutAccuracy, PromptSet

TRAINER = GRPO(
    reward=ExactMatch(), num_generations=16, per_device_train_batch_size=16, beta=0.001, epsilon=0.2, delta=4.0
)

register(
    Recipe(
        name="decentralized_rl",
        title="INTELLECT-2: A Reasoning Model Trained Through Globally Decentralized Reinforcement Learning",
        paper="2505.07291",
        steps=(PromptSet(), AllPrompts(), TRAINER),
        metrics=(HeldOutAccuracy(),),
    )
)
