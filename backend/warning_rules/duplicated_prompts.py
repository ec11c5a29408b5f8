"""Training rows that a prompt has many times."""

from collections import Counter

from pydantic import Field

from backend.sameness import normal
from backend.warning_rules import Finding, WarningEvidence, WarningRule, some


class DuplicatedPrompts(WarningRule):
    """The most training rows with the same answer that one prompt has: an exact count. Blanks and case do not count."""

    code = "W32"
    title = "A prompt has the same training row many times"
    source = "Understanding and Mitigating Copying in Diffusion Models"
    unit = "rows"
    measures = "training rows with the same answer that one prompt has"
    counts = "training rows"
    way = "Keep more rows."

    limit: float = Field(5, ge=1, description="red above it")

    def compute(self, evidence: WarningEvidence) -> Finding:
        seen, n = Counter[tuple[int, int]](), 0
        samples = dict[tuple[int, int], int]()
        for row in evidence.rows():
            n += 1
            key = (row.prompt_id, hash(normal(row.text)))
            seen[key] += 1
            samples.setdefault(key, row.sample_id or 0)
        most = [(key, count) for key, count in seen.most_common() if count > self.limit]
        value = float(max(seen.values(), default=0))
        ids = (samples[key] for key, _ in most if samples[key])
        return Finding(value if n else None, n=n, sample_ids=some(ids), prompt_ids=some(key[0] for key, _ in most))
