"""ReST meets ReAct: self-improvement of an agent that reasons in several steps. Aksitov et al. 2023."""

from backend.environments import OBSERVATION
from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts
from backend.recipes._next_steps import NEXT_STEP

SEARCH = parts.EnvironmentRollout(environment=parts.DocumentSearch(), n=2, temperature=0.5)
AGAIN = parts.Sample(n=4, temperature=1.0, max_tokens=256, stop=(f"\n{OBSERVATION}",), take_imported=False)

register(
    Recipe(
        name="rest_meets_react",
        title="ReST Meets ReAct",
        paper="2312.10003",
        steps=(
            parts.PromptSet(),
            Step(SEARCH, name="episodes"),
            parts.AdditiveRubric(),  # of the answers
            parts.EpisodeSteps(),
            Step(AGAIN, name="steps"),
            parts.PairwiseSwapped(template=NEXT_STEP),  # ranks what could be done in each step
            parts.AboveThreshold(threshold=0.0, max_per_prompt=1),
            parts.EarlierRounds(),  # the batch grows
            parts.SFT(start="base"),
        ),
        metrics=(parts.HeldOutAccuracy(), parts.Length()),
    )
)
