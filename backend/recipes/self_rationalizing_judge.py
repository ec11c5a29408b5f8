"""Self-rationalization improves LLM as a fine-grained judge. Trivedi et al. 2024. The policy is the judge."""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

register(
    Recipe(
        name="self_rationalizing_judge",
        title="Self-Rationalization for a Fine-Grained Judge",
        paper="2410.05495",
        steps=(
            parts.PromptSet(),
            Step(parts.Imported(), name="items", by="data"),  # what is judged, with the score that is known of it
            parts.Noted(key="score"),
            parts.Ask(template=parts.RUBRIC),
            Step(parts.Sample(n=10, temperature=1.0), name="judgments"),
            parts.AgreesWithLabel(),
            parts.RightAndWrong(pairs_per_prompt=1),
            parts.DPO(beta=0.1, reference="policy"),
        ),
        metrics=(parts.HeldOutAccuracy(), parts.Length()),
    )
)
