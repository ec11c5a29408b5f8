"""The true checker of the demo's task: for measuring and simulated reviewers, never inside the self-judged loop."""

from collections.abc import Sequence

from backend.demo import countdown
from backend.engines import Engine
from backend.judges import Verifier, prompt_text
from backend.values import Group, Judgment


class Countdown(Verifier):
    """Score 1 where the expression uses the problem's digits once each and makes its target, else 0."""

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        return [
            self.judgment(
                sample, float(countdown.is_correct(question, sample.text)), countdown.check(question, sample.text)
            )
            for group in groups
            for question in [prompt_text(group.prompt.messages)]
            for sample in group.samples
        ]
