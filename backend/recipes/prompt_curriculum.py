"""PCL: a value model trained alongside chooses the prompts of middling difficulty. Gao et al. 2025.

**Prompt Curriculum Learning for Efficient LLM Post-Training (PCL).** Gao, Kim, Sun, Joachims, Wang, Pang, Tan. 2025.
arXiv 2510.01135.

*The paper.* Prompts on which the policy succeeds about half of the time teach most. They are found without sampling: a
value model, trained alongside, predicts the mean reward of a prompt for the policy as it is, and those nearest to the
middle are taken. The rewards of each batch then train the value model.

*Different here.*
- Four candidates for each prompt that is taken~. After each generation the value model takes one step on the squared
  error between its prediction and the mean reward of the prompt's completions~.
- The value model is a copy of the weights that training starts from, with a head of one number over the end of the
  prompt; all of its weights are trained, so that a training needs the memory for two models. It lies beside the new
  weights, in `prompt_value`, and the next round goes on with it.
- The curve `prompt_value/error` is the mean distance between prediction and outcome of the prompts that were taken.
- GRPO with settings of ours.

*Quoted.* Prompts of intermediate difficulty are found 12.1 times (MATH) and 16.9 times (DeepScaleR) as fast as by
filtering rollouts, with the highest performance or clearly less time to a comparable one (abstract).
"""

from backend.recipes import Recipe, register
from backend.recipes import _parts as parts

TRAINER = parts.GRPOPromptValue(reward=parts.ExactMatch(), target=0.5, candidates=4)

register(
    Recipe(
        name="prompt_curriculum",
        title="Prompt Curriculum Learning for Efficient LLM Post-Training",
        paper="2510.01135",
        steps=(parts.PromptSet(), parts.AllPrompts(), TRAINER),
        metrics=(parts.HeldOutAccuracy(),),
    )
)
