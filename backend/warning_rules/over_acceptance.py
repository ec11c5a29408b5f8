"""A judge that accepts wrong texts where the policy is weakest."""

from collections import Counter

from pydantic import Field

from backend.translations import N_
from backend.warning_rules import Finding, WarningEvidence, WarningRule, share
from backend.warning_rules._labels import WAY, labelled


class OverAcceptance(WarningRule):
    """Share of right texts among those that the judge accepts of hard prompts: of those with few right texts.

    Only prompts with as many known texts as `fewest` count: of one or two texts, those of a hard prompt are all wrong.
    """

    code = "W21"
    title = N_("Over-acceptance on hard prompts")
    source = "Critique Ability of Large Language Models"
    measures = N_("share of right texts among the accepted ones of hard prompts (precision)")
    counts = N_("accepted texts of hard prompts of which it is known whether they are right")
    way = WAY
    advice = N_(
        "Let people decide on the accepted texts of hard prompts, raise the judge's votes, or leave these prompts out."
    )
    ends = (0.0, 1.0)
    is_below = True
    explained_by = ("position_bias", "no_separation", "length_bias", "reward_hacking", "label_noise")

    limit: float = Field(0.5, ge=0, le=1, description="red where the whole interval lies below it")
    hard: float = Field(0.34, ge=0, le=1, description="largest share of right texts of a hard prompt")
    fewest: int = Field(4, ge=2, le=1000, description="fewest known texts from which a prompt is called hard")

    def compute(self, evidence: WarningEvidence) -> Finding:
        known = list(labelled(evidence))
        texts = Counter(group for group, *_ in known)
        right = Counter(group for group, *_, is_right in known if is_right)
        accepted = [
            (sample.id, is_right)
            for group, sample, is_accepted, is_right in known
            if is_accepted and texts[group] >= self.fewest and right[group] <= self.hard * texts[group]
        ]
        good = sum(is_right for _, is_right in accepted)
        return share(good, len(accepted), (id_ for id_, is_right in accepted if not is_right))
