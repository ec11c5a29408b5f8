"""SPIN-Diffusion in its text form: SPIN until own texts cannot be told from the data. Yuan et al. 2024."""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

OPPONENT = parts.Sample(n=1, temperature=1.0, top_p=1.0, max_tokens=256, take_imported=False)

register(
    Recipe(
        name="spin_diffusion",
        title="Self-Play Fine-Tuning of Diffusion Models for Text-to-Image Generation (SPIN-Diffusion)",
        paper="2402.10210",
        steps=(
            parts.PromptSet(),
            Step(OPPONENT, name="opponent"),
            Step(parts.OwnAnswers(), by="data"),
            parts.AnchoredPairs(chosen_from=("data",), rejected_from=("policy",), require_higher=False),
            parts.DPO(beta=0.1, reference="policy"),
        ),
        earlier_rounds=True,
        earlier_rounds_limit=1,
        schedule=parts.StopOnWarning(warnings=("cannot_be_told_apart",)),
        metrics=(parts.HeldOutAccuracy(), parts.TwoSampleAccuracy(), parts.PairGap()),
    )
)
