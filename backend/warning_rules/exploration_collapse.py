"""Texts to a prompt that become the same."""

import math

from pydantic import Field

from backend.translations import N_
from backend.values import Group
from backend.warning_rules import Finding, WarningEvidence, WarningRule, some
from backend.warning_rules._bootstrap import Sums, bootstrap, ratio, total

FIRST = "It is known from the second round of a line on."


class ExplorationCollapse(WarningRule):
    """Share of the texts to a prompt that say something new, divided by that of the first round above.

    A text says something new where no text before it in its group is the same but for blanks. Only groups of as many
    texts can be compared, since more texts repeat each other more. The interval is that of groups drawn anew; the
    first round's number counts as known.
    """

    code = "W06"
    title = N_("Exploration collapses")
    source = "Collapse of Self-trained Language Models; B-STaR, arXiv 2412.17256"
    unit = N_("times")
    measures = N_("share of different texts to a prompt, as a multiple of that of the first round of the line")
    counts = N_("prompts with two texts or more")
    way = "Ask more prompts, with two samples or more each."
    advice = N_("Raise the temperature, add prompts, mix rows of earlier rounds in, or start from an earlier round.")
    ends = (0.0, math.inf)
    is_below = True

    limit: float = Field(0.7, gt=0, le=1, description="red where the whole interval lies below it")

    def compute(self, evidence: WarningEvidence) -> Finding:
        groups = [group for group in evidence.round.round_groups if len(group.samples) > 1]
        if not groups:
            return Finding()
        rows: list[Sums] = [(float(len(_texts(group))), float(len(group.samples))) for group in groups]
        distinct, texts = total(rows)
        size, n = texts / len(groups), len(groups)
        details = {"distinct": distinct / texts, "size": size}
        before = evidence.before(str(self.name), "distinct", "size")
        if not before:
            return Finding(n=n, details=details, missing=FIRST)
        first = before[0]
        if abs(first["size"] - size) > 0.05 * size:
            reason = (
                f"The first round wrote {first['size']:.3g} texts to a prompt and this one {size:.3g}, and more texts "
                "repeat each other more. Set the same number of samples."
            )
            return Finding(n=n, details=details, missing=reason)
        low, high = bootstrap(rows, lambda sums: (ratio(sums) or 0.0) / first["distinct"])
        same = [group for group in groups if len(_texts(group)) < len(group.samples)]
        same.sort(key=lambda group: (len(_texts(group)) / len(group.samples), group.samples[0].id))
        ids = (group.samples[0].id for group in same)
        return Finding(distinct / texts / first["distinct"], low, high, n, details=details, sample_ids=some(ids))


def _texts(group: Group) -> set[str]:
    return {" ".join(sample.full_text.split()) for sample in group.samples}
