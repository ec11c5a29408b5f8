"""Easy prompts that fill the training set."""

from pydantic import Field

from backend.values import Verdict
from backend.warning_rules import Finding, WarningEvidence, WarningRule, some
from backend.warning_rules._bootstrap import Sums, bootstrap, total


class TailNarrowing(WarningRule):
    """Gini coefficient of the accepted texts over the judged prompts: 0 where all have as many.

    The interval is that of prompts drawn anew.
    """

    code = "W09"
    title = "Tail narrowing"
    source = "Mitigating Tail Narrowing in LLM Self-Improvement via Socratic-Guided Sampling"
    unit = "Gini coefficient"
    measures = "inequality of the accepted texts over the prompts"
    counts = "prompts with a verdict"
    way = "Ask more prompts, with several samples each."
    explained_by = ("no_coverage",)

    limit: float = Field(0.6, ge=0, le=1, description="red where the whole interval lies above it")

    def compute(self, evidence: WarningEvidence) -> Finding:
        counts, prompts = [], []
        for group in evidence.round.round_groups:
            said = [evidence.round.machine.get(one.id, (None, None))[1] for one in group.samples]
            if any(one is not None for one in said):
                counts.append(said.count(Verdict.accept))
                prompts.append(group.prompt.id)
        if not any(counts):
            return Finding(n=len(counts), missing="Nothing was accepted." if counts else "")
        # How many prompts have 0, 1, 2, ... accepted texts: sums that can be drawn anew.
        rows: list[Sums] = [tuple(float(one == k) for k in range(max(counts) + 1)) for one in counts]
        low, high = bootstrap(rows, gini)
        ids = (id_ for id_, count in zip(prompts, counts, strict=True) if not count)
        return Finding(gini(total(rows)), low, high, len(counts), prompt_ids=some(ids))


def gini(numbers: Sums) -> float | None:
    """Return the Gini coefficient where numbers[k] prompts have k: the mean difference of two, over twice the mean."""
    n, all_ = sum(numbers), sum(k * number for k, number in enumerate(numbers))
    if not all_:
        return None
    apart = sum(a * b * abs(j - k) for j, a in enumerate(numbers) for k, b in enumerate(numbers))
    return apart / (2 * n * all_)
