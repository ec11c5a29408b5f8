"""SEC: a bandit draws the categories that the policy learns most from while it is trained. Chen et al. 2025.

**Self-Evolving Curriculum for LLM Reasoning (SEC).** Chen, Lu, Kim, Zhang, Tang, Piché, Gontier, Bengio, Kamalloo.
2025. arXiv 2505.14970.

*The paper.* Which problems are trained on is decided by a bandit while the policy is trained. Each category of
problems, such as a level of difficulty, is an arm. Its reward is the mean absolute advantage of the completions of its
problems, a sign of how much is learned from them; its value follows by TD(0). At each step categories are drawn by the
values, then problems of them.

*Different here.*
- The value moves by Q <- Q + 0.5 (g - Q) and categories are drawn by a softmax of temperature 1: the released scripts
  have a rate of 0.5, and temperatures of 1.0 (Countdown), 0.4 (mathematics) and 0.2 (two dimensions). Values begin with
  0~.
- The category is the column `difficulty` of the imported prompts. With `value_temperature` unset each category is as
  likely, which is the baseline.
- A generation holds a prompt twice only where its category is used up. The values lie beside the new weights, and the
  next round goes on with them. The state of the bandit follows from the rollouts that were written, so that a training
  that was killed draws what it would have drawn.
- GRPO with settings of ours.

*Quoted.* Better on harder problems out of the distribution, and a better balance where several domains are trained at
once (abstract, without figures).
"""

from backend.recipes import Recipe, register
from backend.recipes import _parts as parts

TRAINER = parts.GRPOCategoryBandit(
    reward=parts.ExactMatch(), category_key="difficulty", value_rate=0.5, value_temperature=1.0
)

register(
    Recipe(
        name="self_evolving_curriculum",
        title="Self-Evolving Curriculum for LLM Reasoning",
        paper="2505.14970",
        steps=(parts.PromptSet(), parts.AllPrompts(), TRAINER),
        metrics=(parts.HeldOutAccuracy(), parts.AccuracyByDifficulty()),
    )
)
