"""Rules about the look of a text: how long it is, what form it has, how often it repeats itself."""

import re
from collections.abc import Iterator, Sequence
from typing import Self

from pydantic import Field, field_validator, model_validator

from backend import answers
from backend.engines import Engine
from backend.judges import Verifier
from backend.values import Group, Judgment, Sample


class SurfaceRules(Verifier):
    """Score 1 for a text that keeps all rules, else 0; the rationale names each rule that it breaks.

    The rules know no language: they count words (runs without blanks), characters and tokens, and look for patterns.
    """

    min_words: int = Field(0, ge=0, description="fewest words")
    max_words: int = Field(0, ge=0, description="most words; 0 means any number")
    min_chars: int = Field(1, ge=0, description="fewest visible characters")
    max_chars: int = Field(0, ge=0, description="most characters; 0 means any number")
    max_tokens: int = Field(0, ge=0, description="most tokens; 0 means any number")
    must_match: str = Field(
        "", description="regular expression that has to be found in the text, such as its format; empty: none"
    )
    must_not_match: tuple[str, ...] = Field((), description="regular expressions that must not be found in the text")
    repeated_words: int = Field(4, ge=1, le=32, description="length in words of the runs that are counted as repeated")
    max_repetition: float = Field(
        1.0, ge=0, le=1, description="largest share of such runs that occurred before in the text; 1 allows any"
    )
    allow_truncated: bool = Field(True, description="whether a text that was cut off may keep the rules")

    @field_validator("must_match")
    @classmethod
    def _compiles(cls, pattern: str) -> str:
        return answers.check_pattern(pattern)

    @field_validator("must_not_match")
    @classmethod
    def _all_compile(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(answers.check_pattern, patterns))

    @model_validator(mode="after")
    def _can_be_kept(self) -> Self:
        for unit in ("words", "chars"):
            least, most = getattr(self, f"min_{unit}"), getattr(self, f"max_{unit}")
            if most and least > most:
                raise ValueError(f"No text has at least {least} and at most {most} {unit}. Change one of them.")
        return self

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        return [self._look(sample) for group in groups for sample in group.samples]

    def _look(self, sample: Sample) -> Judgment:
        broken = list(self._broken(sample))
        return self.judgment(sample, float(not broken), "; ".join(broken) or "All rules are kept.")

    def _broken(self, sample: Sample) -> Iterator[str]:
        text = sample.text
        words, shown = text.split(), sum(not sign.isspace() for sign in text)
        yield from _too_few("words", len(words), self.min_words)
        yield from _too_many("words", len(words), self.max_words)
        yield from _too_few("characters", shown, self.min_chars)
        yield from _too_many("characters", len(text), self.max_chars)
        yield from _too_many("tokens", sample.num_tokens, self.max_tokens)
        if self.must_match and not re.search(self.must_match, text):
            yield f"{self.must_match} is not found"
        for pattern in self.must_not_match:
            if re.search(pattern, text):
                yield f"{pattern} is found"
        share = repetition(words, self.repeated_words)
        if share > self.max_repetition:
            yield f"{share:.0%} of runs of {self.repeated_words} words repeated, at most {self.max_repetition:.0%}"
        if sample.finish_reason == "length" and not self.allow_truncated:
            yield "it was cut off"


def repetition(words: Sequence[str], length: int) -> float:
    """The share of runs of so many words that occurred before: 1 - distinct / all, 0 where there is no such run."""
    runs = [tuple(words[start : start + length]) for start in range(len(words) - length + 1)]
    return 1 - len(set(runs)) / len(runs) if runs else 0.0


def _too_few(unit: str, count: int, least: int) -> Iterator[str]:
    if count < least:
        yield f"{count} {unit}, at least {least}"


def _too_many(unit: str, count: int, most: int) -> Iterator[str]:
    if most and count > most:
        yield f"{count} {unit}, at most {most}"
