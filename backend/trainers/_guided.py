"""What trainers share in which somebody else helps the policy with some of its texts: those are marked."""

from collections.abc import Sequence
from typing import Any

from backend.trainers._reward import Components
from backend.trainers._verdict_reward import VerdictReward
from backend.values import Sample


class MarkedReward(VerdictReward):
    """A line of `samples.jsonl` of a text that was helped with has `guided`, a share above 0 that says how much."""

    shares: Sequence[float] = ()
    """Of each text of the newest generation, in TRL's order."""

    def _keep(
        self,
        texts: Sequence[Sample],
        rewards: Sequence[float | None],
        components: Sequence[Components],
        words: Sequence[str],
        step: int,
        log_metric: Any,
    ) -> None:
        super()._keep(texts, rewards, components, words, step, log_metric)
        for line, share in zip(self.pending[-len(texts) :], self.shares, strict=True):
            line |= {"guided": round(share, 4)} if share else {}
        log_metric("guided/texts", sum(share > 0 for share in self.shares) / len(self.shares))


def asking(base: Any) -> Any:
    """Return the trainer that tells its rollout function which rows are asked: TRL hands it their prompts alone."""

    class AskingTrainer(base):  # type: ignore[misc]
        def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
            self.asked = [example["row"] for example in inputs]
            output: dict[str, Any] = super()._generate_and_score_completions(inputs)
            return output

    return AskingTrainer
