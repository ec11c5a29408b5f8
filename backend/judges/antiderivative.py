"""Check the answer to an integral by numbers (LADDER: Simonds and Yoshiyama 2025, arXiv 2503.00735)."""

import math
import random
from collections.abc import Sequence

from pydantic import Field, field_validator

from backend import answers
from backend.answers import functions
from backend.engines import Engine
from backend.judges import Verifier, prompt_text
from backend.values import Group, Judgment, Sample

INTEGRAND = r"(?im)\bintegrate:?\s+(\S(?:.*?\S)??)(?:\s+with\s+respect\s+to\s+x|\s+dx)?[^\S\n]*+(?:[.?][^\S\n]*+)?$"
ANSWER = r"(?is)<answer>((?:(?!<answer>).)*?)</answer>"
PANELS = 16
"""Panels of Simpson's rule over one interval."""
TRIES = 20
"""Places that are tried for each that is needed."""
SMALL = 1e-6
"""Where the integral is no larger it tells nothing: any constant would agree with it."""


class Antiderivative(Verifier):
    """Score 1 where the derivative of the answer is the function that the prompt asks to integrate, else 0.

    Both are formulas in x, in Python's or sympy's notation. At `points` places of [-10, 10], drawn by chance, the
    integral over an interval of the length `width` around it, by Simpson's rule, is compared with the difference of the
    answer at its ends: all have to agree within the share `tolerance`. A place near a singularity, one where the
    integral is 0, and one where the answer has no real value are drawn anew. A prompt without a function that can be
    calculated gives no score; an answer that is no formula, such as the integral itself, is wrong. No known answer is
    needed.
    """

    integrand_pattern: str = Field(
        INTEGRAND, description="regular expression whose last match holds the function to integrate, in its first group"
    )
    pattern: str = Field(
        ANSWER, description="regular expression whose last match holds the answer, in group `answer` or the first"
    )
    points: int = Field(5, ge=1, le=100, description="places at which both are compared")
    width: float = Field(0.1, gt=0, le=1, description="length of the interval around a place")
    tolerance: float = Field(0.01, gt=0, lt=1, description="largest difference, as a share of the larger value")

    @field_validator("integrand_pattern", "pattern")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        return answers.check_pattern(pattern)

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        return [judgment for group in groups for judgment in self._of_group(group, seed)]

    def _of_group(self, group: Group, seed: int) -> list[Judgment]:
        match = answers.last_match(self.integrand_pattern, prompt_text(group.prompt.messages))
        asked = match[1].strip() if match else ""
        function = functions.read(asked) if asked else None
        known = self.integrals(function, random.Random(f"{seed} {asked}")) if function else []
        if len(known) < self.points:
            why = f"{asked!r} could not be integrated numerically." if asked else "The prompt asks for no integral."
            return [self.judgment(sample, None, why) for sample in group.samples]
        return [self._compare(sample, known) for sample in group.samples]

    def _compare(self, sample: Sample, known: Sequence[tuple[float, float]]) -> Judgment:
        written = answers.extract(sample.text, self.pattern)
        function = functions.read(written) if written else None
        if function is None:
            return self.judgment(sample, 0.0, f"{written!r} is no formula." if written else "There is no answer.")
        half, agreed = self.width / 2, 0
        for place, integral in known:
            try:
                difference = function(place + half) - function(place - half)
            except (ArithmeticError, ValueError):
                continue  # such as log(x) at a negative place
            if not math.isfinite(difference):
                continue  # a constant beyond all numbers less itself is none, and no comparison would hold
            if abs(difference - integral) > self.tolerance * max(abs(difference), abs(integral)):
                reason = f"Around {place:.4g} it gives {difference:.6g}, and the integral is {integral:.6g}."
                return self.judgment(sample, 0.0, reason)
            agreed += 1
            if agreed == self.points:
                return self.judgment(sample, 1.0, f"It agrees with the integral at {agreed} places.")
        return self.judgment(sample, 0.0, f"It has a value at {agreed} places only.")

    def integrals(self, function: functions.Function, chance: random.Random) -> list[tuple[float, float]]:
        """Places drawn by chance, with the integral around each, but those near a singularity."""
        places = (chance.uniform(-10.0, 10.0) for _ in range(self.points * TRIES))
        return [(place, integral) for place in places if (integral := self._integral(function, place)) is not None]

    def _integral(self, function: functions.Function, place: float) -> float | None:
        """By Simpson's rule; None near a singularity, where half as many panels give something else."""
        step = self.width / PANELS
        try:
            values = [function(place - self.width / 2 + n * step) for n in range(PANELS + 1)]
            whole, half = _simpson(values, step), _simpson(values[::2], 2 * step)
        except (ArithmeticError, ValueError):
            return None
        is_smooth = math.isfinite(whole) and abs(whole - half) <= self.tolerance / 10 * abs(whole)
        return whole if is_smooth and abs(whole) > SMALL else None


def _simpson(values: Sequence[float], step: float) -> float:
    inner = 4 * math.fsum(values[1:-1:2]) + 2 * math.fsum(values[2:-1:2])
    return step / 3 * (values[0] + inner + values[-1])
