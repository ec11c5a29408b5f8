"""Trying a judge's template on people's labels: whether it says of each text what people say."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from backend.engines import Engine
from backend.errors import InvalidInput
from backend.judges._template import TemplateJudge
from backend.pipeline.rewrite.cases import Case
from backend.values import Verdict

_PLACE = re.compile(r"\{[A-Za-z_]\w*\}")


@dataclass(frozen=True)
class JudgeReply:
    """What a judge says of one text. `accepts`: None where no reply could be read, which agrees with nobody."""

    accepts: bool | None
    agrees: bool
    reply: str


def with_template(judge: TemplateJudge, template: str) -> TemplateJudge | None:
    """The judge with another template; None for one that lost a placeholder which the template of before has."""
    if set(_PLACE.findall(judge.template)) - set(_PLACE.findall(template)):
        return None
    try:
        return type(judge).model_validate(judge.model_dump() | {"template": template})
    except (ValidationError, InvalidInput):
        return None


class JudgeTrial:
    """Asks a judge with whichever template; of the same template and text it is asked once.

    `calls`: replies that were asked for. `lost`: templates that were refused since they lost a placeholder.
    """

    def __init__(self, judge: TemplateJudge, engine: Engine, *, seed: int, asked: Callable[[int], None]) -> None:
        self.judge, self.engine, self.seed, self.asked = judge, engine, seed, asked
        self.calls = 0
        self.lost: set[str] = set()
        self._known: dict[tuple[str, int], JudgeReply] = {}

    def outcomes(self, template: str, cases: Sequence[Case]) -> list[JudgeReply] | None:
        """What the judge says of each text, in order; None for a template that cannot be used."""
        judge = with_template(self.judge, template)
        if judge is None:
            self.lost.add(template)
            return None
        missing = [case for case in cases if (template, case.sample_id) not in self._known]
        if missing:
            self._ask(judge, missing)
        return [self._known[template, case.sample_id] for case in cases]

    def _ask(self, judge: TemplateJudge, cases: Sequence[Case]) -> None:
        judgments = judge.judge(self.engine, [case.group for case in cases], seed=self.seed)
        number = len(cases) * judge.calls_per_sample
        self.calls += number
        self.asked(number)
        for case in cases:
            own = [judgment for judgment in judgments if judgment.sample_id == case.sample_id]
            _, verdict = (
                judge.label([judgment for judgment in own if judgment.failure is None]) if own else (None, None)
            )
            accepts = None if verdict is None else verdict is Verdict.accept
            reply = own[0].raw or own[0].rationale if own else ""
            self._known[judge.template, case.sample_id] = JudgeReply(accepts, accepts == case.accepts, reply)
