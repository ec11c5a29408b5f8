"""Training rows that hold what is measured on."""

from collections import defaultdict

from pydantic import Field

from backend.sameness import normal
from backend.values import Prompt
from backend.warning_rules import Finding, WarningEvidence, WarningRule, some

Words = list[str]


class HeldOutLeak(WarningRule):
    """Share of the held-out prompts that stand word by word in a training row: an exact count.

    The last user message is looked for, in what is asked and in what is answered. Prompts of fewer than four words
    are found only where a row asks exactly them.
    """

    code = "W37"
    title = "Held-out prompts leak into training"
    source = "Boundless Socratic Learning with Language Games"
    measures = "share of held-out prompts that stand in training rows"
    counts = "held-out prompts"
    way = "Give the round a held-out set."
    shortest: int = Field(4, ge=2, le=100, description="words from which a prompt is looked for within longer texts")

    limit: float = Field(0.0, ge=0, le=1, description="red above it")
    stops: bool = Field(True, description="rounds that follow by themselves stop while it is red")

    def compute(self, evidence: WarningEvidence) -> Finding:
        wanted = {prompt.id: normal(_asked(prompt)).split() for prompt in evidence.held_out}
        wanted = {id_: words for id_, words in wanted.items() if words}
        if not wanted:
            return Finding()
        begins = defaultdict[tuple[str, ...], list[int]](list)
        whole = defaultdict[tuple[str, ...], list[int]](list)
        for id_, words in wanted.items():
            whole[tuple(words)].append(id_)
            if len(words) >= self.shortest:
                begins[tuple(words[: self.shortest])].append(id_)
        found, samples, rows = set[int](), dict[int, None](), 0
        for row in evidence.rows():
            rows += 1
            here = {*whole.get(tuple(normal(row.question).split()), ())}
            for text in (row.question, row.text):
                here |= self._within(normal(text).split(), begins, wanted)
            found |= here
            if here and row.sample_id is not None:
                samples[row.sample_id] = None
        if not rows:
            return Finding(n=len(wanted), missing="Nothing was trained on, so nothing can have leaked.")
        n = len(wanted)
        ids = some(sorted(found))
        return Finding(len(found) / n, n=n, sample_ids=some(samples), prompt_ids=ids)

    def _within(self, words: Words, begins: dict[tuple[str, ...], list[int]], wanted: dict[int, Words]) -> set[int]:
        found = set()
        for start in range(len(words) - self.shortest + 1):
            for id_ in begins.get(tuple(words[start : start + self.shortest]), ()):
                if words[start : start + len(wanted[id_])] == wanted[id_]:
                    found.add(id_)
        return found


def _asked(prompt: Prompt) -> str:
    return next((one["content"] for one in reversed(prompt.messages) if one["role"] == "user"), "")
