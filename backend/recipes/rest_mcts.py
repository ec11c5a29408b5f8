r"""ReST-MCTS*: a tree search guided by a scorer of steps makes the data that policy and scorer learn from. 2024.

**ReST-MCTS\*: LLM Self-Training via Process Reward Guided Tree Search.** Zhang, Zhoubian, Hu, Yue, Dong, Tang. 2024.
NeurIPS 2024. arXiv 2406.03816.

*The paper.* A tree search over reasoning steps, guided by a value model that rates partial solutions. From the known
final answers it infers how likely a step leads to a correct answer, without any label of a step. The inferred values
train the value model, and right traces of the tree train the policy; both are used in the next iteration. In the
released code a node gets 3 children, children are chosen by v + 0.7 sqrt(2 ln N / n), the temperature is 0.7, and a
step's target is max(0, u + r (1 - u) / m): u the target of the step before, r 1 or -1 for a step that reaches a right
answer or does not, m the fewest steps to one.

*Different here.*
- The value model is the role `scorer`, which each round trains anew from the base. The first round has none, unless one
  is bound, and searches by visits alone; the paper's first value model is trained on solutions that exist already.
- A step is a line. A completion is sampled to its end: its first line becomes the child, and the rest of it stands for
  the paper's simulation. It counts as a text through the step when targets are inferred, and a right one is a trace, so
  that small budgets suffice. The scorer rates children when they are made, and each counts as one visit.
- The search goes on until its budget of 50 nodes is used up. In the released code it may end with a value of 0.9.
- The loss of the value model is the squared error, as in the released code; its head is over the hidden state instead
  of over the logits. Training settings are ours.
- People may look at steps before they are trained on: a step that they reject takes all texts through it along.

*Quoted.* Better than best-of-N and tree-of-thought within the same search budget, and over several iterations than
ReST-EM and self-rewarding (abstract).
"""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

# The first round has no scorer, unless one is bound: its search goes by visits alone.
TREE = parts.TreeSearch(branch=3, budget=50, temperature=0.7, exploration=0.7, value_by="scorer")
VALUES = parts.StepValue(by="distance")  # from the known answer, no step is labelled
SCORER = Step(parts.StepScorer(start="base"), name="scorer")

register(
    Recipe(
        name="rest_mcts",
        title="ReST-MCTS*: LLM Self-Training via Process Reward Guided Tree Search",
        paper="2406.03816",
        steps=(
            parts.PromptSet(),
            Step(TREE, name="tree"),
            VALUES,
            parts.ValueRows(),
            SCORER,
            Step(parts.TreeTraces(threshold=1.0), of="tree"),
            parts.SFT(),
        ),
        metrics=(parts.HeldOutAccuracy(), parts.PassAtK()),
    )
)
