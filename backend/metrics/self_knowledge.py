"""Whether a checkpoint knows what it can do: its verdicts on held-out tasks against known ones."""

import re
from collections import Counter

from pydantic import Field

from backend.metrics import Evidence, Metric
from backend.metrics._intervals import share
from backend.metrics._verify import answered
from backend.values import MetricValue


class SelfKnowledge(Metric):
    """Precision, recall and F1 = 2 TP / (2 TP + FP + FN) of one verdict, such as infeasible, with Wilson's intervals.

    The held-out prompts are tasks with the question whether the checkpoint could carry them out; their known answer is
    one of the two words, and prompts with another one are left out. A greedy answer says the word that it holds last;
    one that holds neither is counted in `unreadable`, and is a miss where the word was the known answer. No interval is
    given for F1.
    """

    word: str = Field("infeasible", min_length=1, description="the verdict whose precision and recall are computed")
    other: str = Field("feasible", min_length=1, description="the opposite verdict")

    @property
    def scope(self) -> str:
        return "checkpoint"

    @property
    def needs_answer(self) -> bool:
        return True

    def compute(self, evidence: Evidence) -> list[MetricValue]:
        counts: Counter[tuple[bool, bool | None]] = Counter()
        for group in evidence.held_out:
            known = self._said(group.prompt.answer or "")
            if known is not None:
                counts[known, self._said(answered(group, 0, 0).samples[0].text)] += 1
        hits, positive = counts[True, True], counts[True, True] + counts[False, True]
        there = sum(number for (known, _), number in counts.items() if known)
        details = {"prompts": counts.total(), "unreadable": counts[True, None] + counts[False, None]}
        f1 = 2 * hits / (positive + there) if positive + there else None
        return [
            MetricValue("self_knowledge_f1", f1, n=counts.total(), details=details),
            share("self_knowledge_precision", hits, positive),
            share("self_knowledge_recall", hits, there),
        ]

    def _said(self, text: str) -> bool | None:
        """Whether the last of the two words in a text is the one that is looked for; None where there is neither."""
        words = "|".join(re.escape(word) for word in (self.word, self.other))
        matches = re.findall(rf"(?<!\w)(?:{words})(?!\w)", text, re.IGNORECASE)
        return matches[-1].casefold() == self.word.casefold() if matches else None
