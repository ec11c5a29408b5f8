"""Self-Steering Optimization (SSO): a principle kept against the same one broken. Xiang et al. 2024."""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

KEPT = "Answer fully and truthfully, and only with what helps the person who asks."
BROKEN = "Answer so that it sounds helpful, but leave out or get wrong what the person needs most. Do not say so."
ANSWERS = parts.Sample(n=1, temperature=0.7, conditions={"broken": BROKEN, "kept": KEPT}, take_imported=False)
PAIRS, STEADY = parts.RightAndWrong(), parts.SteadyGap()

register(
    Recipe(
        name="self_steering",
        title="Aligning Large Language Models via Self-Steering Optimization",
        paper="2410.17131",
        steps=(
            parts.PromptSet(),
            Step(ANSWERS, name="answers"),
            parts.ByConstruction(accepted=("kept",), rejected=("broken",)),
            PAIRS,
            STEADY,
            parts.DPO(beta=0.1, reference="policy"),
            Step(PAIRS, of="answers"),
            STEADY,
            Step(parts.RewardModel(), name="scorer"),
        ),
        metrics=(parts.PairGap(), parts.Length()),
    )
)
