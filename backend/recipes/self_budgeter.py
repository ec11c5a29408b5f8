"""SelfBudgeter: a model states how many tokens it needs, then answers and keeps to it. Li et al. 2025.

**SelfBudgeter: Adaptive Token Allocation for Efficient LLM Reasoning.** Li, Dong, Ma, Zhang, Sui. 2025. arXiv
2505.11274.

*The paper.* The model states how many tokens it will need before it answers. First it is trained to estimate that from
the query; then GRPO rewards right answers, and answers as long as the stated budget. A budget that a user writes in its
place is kept to as well.

*Different here.*
- First round: the shortest right sample of each prompt, with the number of its own tokens stated before it, is trained
  on. How the paper makes these rows is not checked~.
- Second round: 1 for a right answer, and up to 0.5 for keeping to the budget, evenly down to nothing at half the budget
  too many or too few. A text without a budget, or cut off, gets nothing for it. The paper's reward has more terms (for
  the format, for budgets that are too large, other bounds for wrong answers) and is a cosine~.
- The answer's tokens are estimated by its share of the characters.
- The budget is stated as `<budget>120</budget>`. To set it for a reply, begin the assistant's message with it.
- Training settings are ours.

*Quoted.* Responses up to 74.47 % shorter on MATH at nearly undiminished accuracy (abstract of the second version).
"""

from backend.recipes import Phase, Recipe, register
from backend.recipes import _parts as parts

REWARD = parts.WeightedSum(judges=(parts.ExactMatch(), parts.StatedBudget(tolerance=0.5)), weights=(1.0, 0.5))

register(
    Recipe(
        name="self_budgeter",
        title="SelfBudgeter: Adaptive Token Allocation for Efficient LLM Reasoning",
        paper="2505.11274",
        phases=(
            Phase(
                parts.PromptSet(),
                parts.Sample(n=4),
                parts.ExactMatch(),
                parts.BudgetExamples(threshold=1.0, max_per_prompt=1, order="shortest"),
                parts.SFT(),
            ),
            Phase(parts.PromptSet(), parts.AllPrompts(), parts.GRPO(reward=REWARD, max_completion_length=512)),
        ),
        metrics=(parts.HeldOutAccuracy(), parts.Length()),
    )
)
