"""Training rows that hold what is measured on."""

from collections import defaultdict

from pydantic import Field

from backend.overlap import WholeTexts
from backend.sameness import normal
from backend.translations import N_
from backend.values import Prompt
from backend.warning_rules import About, Finding, WarningEvidence, WarningRule, some


class HeldOutLeak(WarningRule):
    """Share of the held-out prompts that stand word by word in a training row: an exact count.

    The last user message is looked for, in what is asked and in what is answered. Prompts of fewer than four words
    are found only where a row asks exactly them.
    """

    code = "W37"
    title = N_("Held-out prompts leak into training")
    source = "Boundless Socratic Learning with Language Games"
    speaks_of = About.rows
    measures = N_("share of held-out prompts that stand in training rows")
    counts = N_("held-out prompts")
    way = "Give the round a held-out set."
    advice = N_("Take these prompts out of one of the two sets, and measure anew: the held-out accuracy is too high.")
    ends = (0.0, 1.0)
    shortest: int = Field(4, ge=2, le=100, description="words from which a prompt is looked for within longer texts")

    limit: float = Field(0.0, ge=0, le=1, description="red above it")
    stops: bool = Field(True, description="rounds that follow by themselves stop while it is red")

    def compute(self, evidence: WarningEvidence) -> Finding:
        whole = defaultdict[tuple[str, ...], list[int]](list)
        for prompt in evidence.held_out:
            if words := normal(_asked(prompt)).split():
                whole[tuple(words)].append(prompt.id)
        n = sum(map(len, whole.values()))
        if not n:
            return Finding()
        index = WholeTexts(whole, self.shortest)
        run_ids, samples, rows = set[int](), dict[int, None](), 0
        for row in evidence.rows():
            rows += 1
            question = normal(row.question).split()
            here = {*whole.get(tuple(question), ())}
            for words in (question, normal(row.text).split()):
                here.update(index.within(words))
            run_ids |= here
            if here and row.sample_id is not None:
                samples[row.sample_id] = None
        if not rows:
            return Finding(n=n, missing="Nothing was trained on, so nothing can have leaked.")
        return Finding(len(run_ids) / n, n=n, sample_ids=some(samples), prompt_ids=some(sorted(run_ids)))


def _asked(prompt: Prompt) -> str:
    return next((message["content"] for message in reversed(prompt.messages) if message["role"] == "user"), "")
