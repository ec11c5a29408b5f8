"""ReST-MCTS*: a tree search guided by a scorer of steps makes the data that policy and scorer learn from. 2024."""

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
