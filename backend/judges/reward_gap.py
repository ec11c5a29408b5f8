"""Score how much better a sample is than the earlier answer that it was asked to improve."""

from collections.abc import Sequence

from backend.engines import Engine
from backend.judges import fill
from backend.judges.reward_model import RewardModel
from backend.values import Group, Judgment, Messages, Sample

GAP = "Earlier answer:\n{reference}\n\nNew answer:\n{response}"


class RewardGap(RewardModel):
    """The scorer's number for the gap between a sample and the last answer in its chat, the reference.

    PIT (Wang et al. 2024, arXiv 2310.00898): above the number of a text beside itself where the sample is
    the better one. The scorer is one that was trained on `gap_pairs`; it reads the chat before the reference, and both
    texts. Questions of `ask` with `follow` have such a chat; where no answer stands in the chat there is no score.
    """

    @property
    def may_be_silent(self) -> bool:
        return True

    def shown(self, group: Group, sample: Sample) -> tuple[Messages, str]:
        parts = parted(group.prompt.messages)
        assert parts is not None
        return parts[0], gap(parts[1], sample.text)

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        without = [group for group in groups if parted(group.prompt.messages) is None]
        judgments = super().judge(
            engine, [group for group in groups if parted(group.prompt.messages) is not None], seed=seed
        )
        lost = [sample for group in without for sample in group.samples]
        reason = "The chat holds no answer to compare with."
        return judgments + [Judgment(sample.id, str(self.name), 0, None, None, reason, "") for sample in lost]


def parted(messages: Messages) -> tuple[Messages, str] | None:
    """Return the chat before its last answer, and that answer; None where there is none."""
    last = max((n for n, message in enumerate(messages) if message["role"] == "assistant"), default=None)
    return None if last is None else (messages[:last], messages[last]["content"])


def gap(reference: str, response: str) -> str:
    """Return what a scorer of gaps reads as the answer: both texts."""
    return fill(GAP, reference=reference, response=response)
