"""The verdict that a critique states: a text whose task is to say whether another text is right."""

import re
from collections.abc import Sequence
from pathlib import Path

from pydantic import Field, field_validator

from backend.answers import check_pattern
from backend.answers.thinking import spoken
from backend.engines import Engine
from backend.judges import Verifier
from backend.judges.written_verdict import WrittenVerdict
from backend.values import Group, Judgment, Sample

TEMPLATE = Path(__file__).with_suffix(".txt").read_text(encoding="utf-8")
VERDICT = r"(?i)\bverdict\W{1,12}(?:(?P<accept>right|correct)|(?P<reject>wrong|incorrect))\b"
STEP = r"(?i)\bfirst\s+wrong\s+step\W{1,12}(?:step\s+)?(?P<step>[0-9]{1,4})\b"


class ReadCritique(Verifier):
    """Score 1 for a critique that calls what it is about right, 0 for one that calls it wrong; None without a verdict.

    The rationale holds the number of the first wrong step, where the critique names one. A critique that says right and
    names a wrong step contradicts itself and has no verdict, nor has one that was cut off. The score is the critique's
    own word: it stands after questions that ask for a critique, and `from_children` takes it to the text it is about.
    """

    verdict_pattern: str = Field(
        VERDICT,
        description="regular expression with the groups `accept` and `reject`; its last match is the verdict",
    )
    step_pattern: str = Field(
        STEP,
        description="regular expression with the group `step`; its last match is the number of the first wrong step",
    )

    @field_validator("verdict_pattern")
    @classmethod
    def _is_a_verdict(cls, pattern: str) -> str:
        WrittenVerdict(verdict_pattern=pattern)  # type: ignore[call-arg]  # the others have defaults
        return pattern

    @field_validator("step_pattern")
    @classmethod
    def _has_its_group(cls, pattern: str) -> str:
        if "step" not in re.compile(check_pattern(pattern)).groupindex:
            raise ValueError(f"The step pattern {pattern!r} lacks the group step. Write it as (?P<step>...).")
        return pattern

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        reader = WrittenVerdict(verdict_pattern=self.verdict_pattern)  # type: ignore[call-arg]
        return [self._read(reader, sample) for group in groups for sample in group.samples]

    def _read(self, reader: WrittenVerdict, sample: Sample) -> Judgment:
        score = reader.parse(sample.text, is_complete=sample.finish_reason == "stop").score
        if score is None:
            return self.judgment(sample, None, "The critique states no clear verdict.")
        step = next(reversed([*re.finditer(self.step_pattern, spoken(sample.text))]), None)
        where = f", first at step {step['step']}" if step else ""
        if score == 1.0:
            is_clear = step is None
            return self.judgment(sample, 1.0 if is_clear else None, f"It says right{where and ', but wrong'}{where}.")
        return self.judgment(sample, 0.0, f"It says wrong{where}.")
