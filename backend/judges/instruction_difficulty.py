"""Score an answer by how little its question helps to foresee it."""

import math
from collections.abc import Sequence

from pydantic import Field

from backend.engines import Ability, Engine
from backend.judges import Judge
from backend.values import Group, Judgment, Messages, Reading, Sample, Verdict


class InstructionDifficulty(Judge):
    """The instruction-following difficulty IFD = s(A | Q) / s(A) of an answer (Li et al. 2023, arXiv 2308.12032).

    s is the mean negative log-probability of the answer's tokens, in nats, after the question and after an empty
    question. Near 1 the question says nothing of the answer: there is much to learn. Near 0 the answer follows from
    it. The question is the one that training rows get, without passages or hints. An answer without tokens, or one
    that is certain in itself, has no score.
    """

    accept_at: float = Field(0.0, ge=0, description="lowest score that is labelled accept")

    @property
    def asks_for(self) -> Ability:
        return Ability.read

    @property
    def calls_per_sample(self) -> int:
        return 2

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        engine = self.bound(engine)
        asked = [(group.trained or group.prompt.messages, sample) for group in groups for sample in group.samples]
        texts = [sample.text for _, sample in asked]
        chats = [chat for chat, _ in asked]
        readings = engine.read([*chats, *map(without_question, chats)], [*texts, *texts])
        given, alone = readings[: len(asked)], readings[len(asked) :]
        return [self._judgment(sample, *two) for (_, sample), *two in zip(asked, given, alone, strict=True)]

    def _judgment(self, sample: Sample, given: Reading, alone: Reading) -> Judgment:
        failure = given.failure or alone.failure
        score = None if failure else difficulty(given, alone)
        verdict = None if score is None else Verdict.accept if score >= self.accept_at else Verdict.reject
        reason = "There is no token to read." if score is None else f"IFD of {len(given.logprobs)} tokens: {score:.3f}."
        return Judgment(sample.id, str(self.name), 0, score, verdict, reason, "", failure=failure)


def difficulty(given: Reading, alone: Reading) -> float | None:
    """Return s(A | Q) / s(A); None where there is no token, or where s(A) is 0."""
    if not given.logprobs or not alone.logprobs:
        return None
    loss, base = (-math.fsum(reading.logprobs) / len(reading.logprobs) for reading in (given, alone))
    return loss / base if base > 0 else None


def without_question(chat: Messages) -> Messages:
    """The chat with an empty question alone: a chat template needs one."""
    return [{"role": "user", "content": ""}]
