"""STaR: Bootstrapping Reasoning With Reasoning. Zelikman et al. 2022."""

from backend.recipes import Recipe, Step, register
from backend.recipes._parts import SFT, AboveThreshold, Ask, ExactMatch, HeldOutAccuracy, PromptSet, Sample

HINT = "{prompt}\n\nThe right answer is {answer}. Write out the steps that lead to it, then the answer."

register(
    Recipe(
        name="star",
        title="STaR: Bootstrapping Reasoning With Reasoning",
        paper="2203.14465",
        steps=(
            PromptSet(),
            Step(Sample(n=1, temperature=0.0), name="first"),
            ExactMatch(),
            AboveThreshold(threshold=1.0),
            Ask(template=HINT, about="failed", strip=True),  # the answer is a hint, which training does not see
            Step(Sample(n=1, temperature=0.0), name="hinted"),
            ExactMatch(),
            AboveThreshold(threshold=1.0),
            SFT(start="base"),
        ),
        metrics=(HeldOutAccuracy(),),
    )
)
