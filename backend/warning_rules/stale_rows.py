"""Training rows that a policy of long ago wrote."""

from pydantic import Field

from backend.metrics._intervals import mean
from backend.warning_rules import Finding, WarningEvidence, WarningRule, some


class StaleRows(WarningRule):
    """How many rounds ago the texts of the training rows were written, on average; 0 for the round's own.

    Rows without a text of the loop, such as seed rows, have no age.
    """

    code = "W42"
    title = "Stale samples"
    source = "Efficient Online Reinforcement Learning Fine-Tuning Need Not Retain Offline Data; INTELLECT-2, 2505.07291"
    unit = "rounds"
    measures = "mean age of the texts that the training read"
    counts = "training rows with a text of the loop"
    way = "Train on more rows."

    limit: float = Field(2.0, ge=0, le=1000, description="red where the whole interval lies above it")

    def compute(self, evidence: WarningEvidence) -> Finding:
        aged = [
            (row.age, row.sample_id) for row in evidence.rows() if row.age is not None and row.sample_id is not None
        ]
        if not aged:
            return Finding()
        value, low, high = mean([age for age, _ in aged])
        oldest = sorted(aged, key=lambda one: (-one[0], one[1]))
        return Finding(value, low, high, len(aged), sample_ids=some(id_ for age, id_ in oldest if age > self.limit))
