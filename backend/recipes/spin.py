"""SPIN: Self-Play Fine-Tuning. Chen et al. 2024."""

from backend.recipes import Recipe, Step, register
from backend.recipes._parts import DPO, AnchoredPairs, DistinctN, HeldOutAccuracy, Length, OwnAnswers, PromptSet, Sample

OPPONENT = Sample(n=1, temperature=1.0, top_p=1.0, max_tokens=256, take_imported=False)

register(
    Recipe(
        name="spin",
        title="Self-Play Fine-Tuning (SPIN)",
        paper="2401.01335",
        steps=(
            PromptSet(),
            Step(OPPONENT, name="opponent"),
            Step(OwnAnswers(), by="data"),
            AnchoredPairs(chosen_from=("data",), rejected_from=("policy",), require_higher=False),
            DPO(beta=0.1, reference="policy"),  # the opponent is both what is trained and what it is compared with
        ),
        earlier_rounds=True,
        earlier_rounds_limit=1,
        metrics=(HeldOutAccuracy(), Length(), DistinctN()),
    )
)
