"""A judge as TRL's reward, whose verdicts on the newest generation can be asked for."""

from collections.abc import Mapping, Sequence
from typing import Any

from backend.trainers._reward import Reward
from backend.values import Judgment, Messages, Sample, Verdict


class VerdictReward(Reward):
    """Keeps the texts of the newest generation, in TRL's order, what each answers, and the judge's verdict on each."""

    texts: Sequence[Sample] = ()
    verdicts: Sequence[Verdict | None] = ()

    def _note(
        self,
        texts: Sequence[Sample],
        judgments: Mapping[int, list[Judgment]],
        rewards: Sequence[float | None],
        step: int,
        log_metric: Any,
    ) -> None:
        self.texts = texts
        self.verdicts = [self.judge.label(judgments[text.id])[1] for text in texts]
        super()._note(texts, judgments, rewards, step, log_metric)

    @property
    def prompts(self) -> list[Messages]:
        """What each text answers."""
        return [self._prompt(text.prompt_id).messages for text in self.texts]
