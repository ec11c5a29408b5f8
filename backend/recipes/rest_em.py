"""ReST-EM: sample, keep what is right, fine-tune the base model anew in each round. Singh et al. 2023."""

from backend.recipes import Recipe, register
from backend.recipes._parts import SFT, AboveThreshold, ExactMatch, HeldOutAccuracy, PassAtK, PromptSet, Sample

register(
    Recipe(
        name="rest_em",
        title="ReST-EM: Beyond Human Data",
        paper="2312.06585",
        steps=(
            PromptSet(),
            Sample(n=32, temperature=0.7, top_k=40),
            ExactMatch(),
            AboveThreshold(threshold=1.0, max_per_prompt=10, order="random"),
            SFT(start="base"),
        ),
        metrics=(HeldOutAccuracy(), PassAtK(k=8, n=8)),
    )
)
