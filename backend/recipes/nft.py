"""Negative-aware fine-tuning (NFT). Chen et al. 2025."""

from backend.recipes import Recipe, register
from backend.recipes._parts import (
    ExactMatch,
    HeldOutAccuracy,
    NegativeAwareSFT,
    PassAtK,
    PromptSet,
    Sample,
    SignedExamples,
)

register(
    Recipe(
        name="nft",
        title="Negative-aware Fine-Tuning (NFT)",
        paper="2505.18116",
        steps=(
            PromptSet(),
            Sample(n=16, temperature=1.0, top_p=1.0, take_imported=False),  # the policy's own, as it is trained
            ExactMatch(),
            SignedExamples(mixed_only=True),
            NegativeAwareSFT(epsilon=1.0, prompt_weight="one_minus_rate"),
        ),
        metrics=(HeldOutAccuracy(), PassAtK(k=8, n=8)),
    )
)
