"""Judge a text by what it quotes."""

import re
from collections.abc import Sequence

from pydantic import Field

from backend.engines import Engine
from backend.judges import Verifier, prompt_text
from backend.values import Group, Judgment, Sample

QUOTED = re.compile(r'"([^"]+)"')


class QuotesPrompt(Verifier):
    """The share of a text's quotations that stand word for word in the prompt; 0 for a text with too few.

    Blanks and case do not count. No known answer and no model is needed.
    """

    least: int = Field(1, ge=1, description="fewest quotations of a text that can be right")

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        return [
            self._look(sample, plain(prompt_text(group.prompt.messages)))
            for group in groups
            for sample in group.samples
        ]

    def _look(self, sample: Sample, asked: str) -> Judgment:
        quoted = QUOTED.findall(sample.text)
        if len(quoted) < self.least:
            return self.judgment(sample, 0.0, f"{len(quoted)} quotations, at least {self.least}.")
        found = [one for one in quoted if plain(one) in asked]
        said = f"{len(found)} of {len(quoted)} quotations stand in the prompt."
        return self.judgment(sample, len(found) / len(quoted), said)


def plain(text: str) -> str:
    return " ".join(text.lower().split())
