"""Reject texts that are much shorter than the longest one."""

from collections.abc import Sequence

from pydantic import Field

from backend.engines import Engine
from backend.judges import Verifier
from backend.values import Group, Judgment


class RelativeLength(Verifier):
    """Score a text's characters as a share of those of the longest text of the step, 0 to 1.

    For prompts that are equally difficult, of which a text that is much shorter than others has left something out: the
    length filter of Lee et al. 2025 (arXiv 2502.01612). Texts that were cut off count neither as the longest nor as
    any length: they have no score.
    """

    accept_at: float = Field(0.8, ge=0, le=1, description="lowest share of the longest text that is labelled accept")

    @property
    def needs_all_groups(self) -> bool:
        return True

    @property
    def may_be_silent(self) -> bool:
        return True

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        samples = [sample for group in groups for sample in group.samples]
        whole = [sample for sample in samples if sample.finish_reason != "length"]
        longest = max((len(sample.text.strip()) for sample in whole), default=0)
        judgments = []
        for sample in samples:
            length = len(sample.text.strip())
            if sample.finish_reason == "length" or not longest:
                judgments.append(
                    self.judgment(sample, None, "It was cut off." if longest else "There is no whole text.")
                )
            else:
                reason = f"{length:,} characters, the longest text has {longest:,}."
                judgments.append(self.judgment(sample, round(length / longest, 9), reason))
        return judgments
