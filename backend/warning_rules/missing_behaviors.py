"""Reasoning without the habits that reinforcement learning builds on."""

import re
from dataclasses import replace

from pydantic import Field

from backend.judges.behavior_tags import BEHAVIORS
from backend.translations import N_
from backend.warning_rules import Finding, WarningEvidence, WarningRule, share

WORDS = 20


class MissingBehaviors(WarningRule):
    """Share of the texts that show the rarest of four behaviors: checking, going back, subgoals, working backwards.

    They are found by English phrases, those of the judge `behavior_tags`, in texts of twenty words or more. Told only
    of recipes that train by reinforcement learning, and amber at most: there is a remedy, and no fault.
    """

    code = "W04"
    title = N_("Behaviors that make loops work are missing")
    source = "Cognitive Behaviors that Enable Self-Improving Reasoners, arXiv 2503.01307"
    measures = N_("share of texts that show the rarest of four behaviors")
    counts = N_("texts of twenty words or more that answer prompts")
    way = "Ask more prompts, and let the policy write its reasoning."
    advice = N_(
        "Train first by SFT on texts that show the behavior, right or wrong, and then by reinforcement learning."
    )
    ends = (0.0, 1.0)
    is_never_red = True
    is_below = True

    limit: float = Field(0.05, ge=0, le=1, description="amber where the whole interval lies below it")

    def compute(self, evidence: WarningEvidence) -> Finding:
        texts = [
            sample.full_text
            for group in evidence.answers
            for sample in group.samples
            if len(sample.full_text.split()) >= WORDS
        ]
        if not evidence.is_online:
            return Finding(n=len(texts), missing="It is told of recipes that train by reinforcement learning.")
        if not texts:
            return Finding()
        shown = {name: sum(bool(re.search(p, text)) for text in texts) for name, p in BEHAVIORS.items()}
        rarest = min(shown, key=lambda name: shown[name])
        estimate = share(shown[rarest], len(texts))
        note = f"The rarest is {rarest}."
        return replace(estimate, note=note, details={"shown": shown})
