"""Training rows that a prompt has many times."""

import math
from array import array

from pydantic import Field

from backend.sameness import normal
from backend.translations import N_
from backend.warning_rules import About, Finding, TrainedText, WarningEvidence, WarningRule, some


class DuplicatedPrompts(WarningRule):
    """The most training rows of one prompt that are the same: an exact count.

    Rows are the same whose messages, answer, rejected text and label are, without blanks and case: pairs of one chosen
    text with several rejected ones are different rows.
    """

    code = "W32"
    title = N_("A prompt has the same training row many times")
    source = "Understanding and Mitigating Copying in Diffusion Models"
    unit = N_("rows")
    speaks_of = About.rows
    measures = N_("training rows of one prompt that are the same")
    counts = N_("training rows")
    way = "Keep more rows."
    advice = N_("Lower max_per_prompt, or keep texts that are the same once.")
    ends = (0.0, math.inf)

    limit: float = Field(5, ge=1, description="red above it")

    def compute(self, evidence: WarningEvidence) -> Finding:
        import numpy

        # Numbers of eight bytes, since a training may read millions of rows.
        keys, prompts, samples = array("q"), array("q"), array("q")
        for row in evidence.rows():
            keys.append(_key(row))
            prompts.append(row.prompt_id)
            samples.append(row.sample_id or 0)
        if not keys:
            return Finding()
        _, first, counts = numpy.unique(numpy.asarray(keys), return_index=True, return_counts=True)
        most = [int(first[at]) for at in (-counts).argsort(kind="stable") if counts[at] > self.limit]
        ids = (samples[at] for at in most if samples[at])
        return Finding(
            float(counts.max()), n=len(keys), sample_ids=some(ids), prompt_ids=some(prompts[at] for at in most)
        )


def _key(row: TrainedText) -> int:
    return hash((row.prompt_id, normal(row.context), normal(row.text), normal(row.rejected), row.label))
