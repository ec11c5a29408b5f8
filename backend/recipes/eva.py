"""eva: Evolving Alignment via Asymmetric Self-Play. Ye et al. 2024. Prompts of the widest reward gap are evolved."""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

SIX = parts.Sample(n=6, temperature=0.7)
RATED = Step(parts.RewardModelJudge(), by="scorer")
CREATE = parts.MostInformative(by="reward_gap", top_share=0.25), parts.EvolvePrompts(direction="harder", about="each")
RULES = parts.AllOf(judges=(parts.PromptRules(), parts.Novelty(below=0.9)))
NEW = Step(parts.Sample(n=4, temperature=1.0), name="evolved"), RULES, parts.Adopt()

register(
    Recipe(
        name="eva",
        title="Evolving Alignment via Asymmetric Self-Play (eva)",
        paper="2411.00062",
        steps=(
            parts.PromptSet(take_own=True),
            Step(SIX, name="answers"),
            RATED,
            *CREATE,
            *NEW,
            Step(SIX, name="new_answers"),
            RATED,
            parts.BestVersusWorst(),
            Step(parts.BestVersusWorst(), of="answers"),  # the originals stay in the mix
            parts.DPO(),
        ),
        metrics=(parts.HeldOutAccuracy(), parts.DistinctN()),
    )
)
