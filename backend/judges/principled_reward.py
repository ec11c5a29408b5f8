"""Score a sample by a scorer that reads principles beside what was asked."""

from collections.abc import Sequence

from pydantic import Field

from backend.judges import fill
from backend.judges.reward_model import RewardModel
from backend.values import Group, Message, Messages, Sample

UNDER = "{prompt}\n\nThe answer is scored by these principles:\n{principles}"


class PrincipledReward(RewardModel):
    """The scorer's number for the sample as the answer to what was asked, under a list of principles.

    SALMON (Sun et al. 2024, arXiv 2310.05910): a scorer that was trained on rows with principles in them
    (`principle_pairs`) is steered by the list, so that another list needs no new preferences. The samples themselves
    are written without it.
    """

    principles: tuple[str, ...] = Field(min_length=1, description="what the scorer is told to score by, one each")

    def shown(self, group: Group, sample: Sample) -> tuple[Messages, str]:
        return under(group.prompt.messages, self.principles), sample.text


def under(messages: Messages, principles: Sequence[str]) -> Messages:
    """Return the chat with the principles after its last question."""
    last = max((n for n, message in enumerate(messages) if message["role"] == "user"), default=len(messages) - 1)
    listed = "\n".join(f"- {principle}" for principle in principles)
    system: Message = {
        "role": messages[last]["role"],
        "content": fill(UNDER, prompt=messages[last]["content"], principles=listed),
    }
    return [*messages[:last], system, *messages[last + 1 :]]
