"""A first phase that fine-tunes on the prompts' known answers, which people wrote or another model did."""

from backend.recipes import Phase, Step
from backend.recipes import _parts as parts


def taught(makes: str = "") -> Phase:
    """One round of SFT on known answers, from the policy. What comes of it acts as `makes`; unnamed, as the policy."""
    answers = parts.PromptSet(), parts.OwnAnswers(), parts.ByConstruction(accepted=("data",))
    return Phase(*answers, parts.AboveThreshold(keep="accepted"), Step(parts.SFT(), name=makes))
