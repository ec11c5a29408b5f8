"""A yes-or-no verdict after a written check."""

import re
from pathlib import Path

from pydantic import Field, field_validator

from backend.answers import check_pattern, last_match
from backend.judges._template import Reply, TemplateJudge

TEMPLATE = Path(__file__).with_suffix(".txt").read_text(encoding="utf-8")
VERDICT = r";\s*(?:(?P<accept>Y)|(?P<reject>N))\b"


class WrittenVerdict(TemplateJudge):
    """Score 1 or 0 by the verdict a reply ends with; the label is the share of votes that accept.

    Writing the calculation first is what makes a small model's verdict worth more than its answers. With
    one vote at temperature 0 the verdict is the greedy one.
    """

    votes: int = Field(
        1, ge=1, le=64, description="replies sampled for each sample; the label is the share that accepts"
    )
    temperature: float = Field(0.0, ge=0, le=5, description="0 is greedy; votes differ only above 0")
    top_p: float = Field(
        1.0, gt=0, le=1, description="sample from the likeliest tokens that hold this share of probability"
    )
    template: str = Field(TEMPLATE, description="what the judge is asked; {prompt} and {response} are filled in")
    verdict_pattern: str = Field(
        VERDICT,
        description="regular expression with the groups `accept` and `reject`; its last match in the reply counts",
    )
    accept_at: float = Field(0.5, ge=0, le=1, description="lowest share of accepting votes that is labelled accept")

    @field_validator("verdict_pattern")
    @classmethod
    def _has_groups(cls, pattern: str) -> str:
        missing = {"accept", "reject"} - re.compile(check_pattern(pattern)).groupindex.keys()
        if missing:
            raise ValueError(
                f"The verdict pattern {pattern!r} lacks the groups {', '.join(sorted(missing))}. "
                "Write them as (?P<accept>...) and (?P<reject>...)."
            )
        return pattern

    def parse(self, reply: str, *, is_complete: bool) -> Reply:
        match = last_match(self.verdict_pattern, reply)
        if match is None or (match["accept"] is None) == (match["reject"] is None):
            return Reply(None, reply.strip())
        return Reply(0.0 if match["accept"] is None else 1.0, reply[: match.start()].strip())
