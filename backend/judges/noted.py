"""Read what was noted on a sample: what the file that brought it says of it, or the generator that made it."""

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from backend.engines import Engine
from backend.judges import Verifier
from backend.values import Group, Judgment, Sample, SampleKind

KEYS = ("chosen", "label", "score")


class Noted(Verifier):
    """Score 1 for what a file calls chosen or true, 0 for rejected or false, a rating as it is; None where nothing is.

    So `best_versus_worst` makes exactly the imported pairs, and `unpaired` exactly the imported labels. A sample that
    the model made has none of these notes and gets no verdict; `value` is what a search noted of a step.
    """

    key: str = Field(
        "", description="the note that is read, such as `score`; empty: `chosen`, else `label`, else `score`"
    )
    lowest: float | None = Field(None, description="lowest score that is noted; empty: people score from 0 to 1")
    highest: float | None = Field(None, description="highest score that is noted; empty: people score from 0 to 1")

    @property
    def score_range(self) -> tuple[float, float] | None:
        return None if self.lowest is None or self.highest is None else (self.lowest, self.highest)

    @property
    def may_be_silent(self) -> bool:
        return True

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        return [self._read(sample) for group in groups for sample in group.samples]

    def _read(self, sample: Sample) -> Judgment:
        key = next((k for k in ([self.key] if self.key else KEYS) if _number(sample.extra.get(k)) is not None), None)
        if key is None:
            what = repr(self.key) if self.key else "chosen, label or score"
            return self.judgment(sample, None, f"Nothing is noted on this sample as {what}.")
        source = "The file says" if sample.kind == SampleKind.imported else "Noted when it was made:"
        return self.judgment(sample, _number(sample.extra[key]), f"{source} {key}: {sample.extra[key]}.")


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, bool | int | float) else None
