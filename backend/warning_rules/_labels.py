"""Texts that the judge labelled and of which it is known whether they are right."""

import math
from collections.abc import Iterator

from backend.translations import N_
from backend.values import JSON, Sample, Verdict
from backend.warning_rules import WarningEvidence

WAY = "Give prompts known answers, or let people decide blind."
KNOWN = N_("texts that the judge labelled and of which it is known whether they are right")


def labelled(evidence: WarningEvidence) -> Iterator[tuple[int, Sample, bool, bool]]:
    """Each text with a verdict by the judge of which it is known whether it is right: the number of its group, the
    text, whether it is accepted, and whether it is right."""
    for number, group in enumerate(evidence.round.round_groups):
        for sample in group.samples:
            verdict = evidence.round.machine.get(sample.id, (None, None))[1]
            if verdict is not None and sample.id in evidence.truth:
                yield number, sample, verdict is Verdict.accept, evidence.truth[sample.id]


def error_of(details: JSON, share: str) -> float:
    """Return the standard error of a share that a round above left; of independent texts where it left none."""
    stored = details.get(f"{share}_error")
    return float(stored) if stored is not None else math.sqrt(details[share] * (1 - details[share]) / details["n"])
