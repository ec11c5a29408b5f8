"""Texts that repeat what a training read."""

from collections import defaultdict
from itertools import islice

from pydantic import Field

from backend.sameness import normal
from backend.warning_rules import Finding, WarningEvidence, WarningRule, share

Words = list[str]

MOST_TEXTS, MOST_ROWS = 20_000, 100_000


class Copying(WarningRule):
    """Share of the round's texts that share a run of words with a row that the policy was trained on before.

    Rows of the same prompt do not count: a policy that was trained on an answer is to give it again. Words are those
    between blanks, without case. Rows of rounds above are looked at, and seed rows that they mixed in. Of more than
    `MOST_TEXTS` texts an even draw is looked at, and of more than `MOST_ROWS` rows those of the nearest rounds.
    """

    code = "W32"
    title = "Copying"
    source = "Understanding and Mitigating Copying in Diffusion Models; Data-Copying in Generative Models"
    measures = "share of texts that repeat a long run of words of another prompt's training row"
    counts = "texts of that many words or more"
    way = "It takes long texts, and a round above whose training read rows."

    limit: float = Field(0.01, ge=0, le=1, description="red where the whole interval lies above it")
    run: int = Field(50, ge=8, le=1000, description="words in a row that make a copy")

    def compute(self, evidence: WarningEvidence) -> Finding:
        samples = [one for group in evidence.round.round_groups for one in group.samples]
        said = [(one, normal(one.said).split()) for one in samples]
        said = [(one, words) for one, words in said if len(words) >= self.run]
        if not said:
            return Finding()
        said = said[:: -(-len(said) // MOST_TEXTS)]
        # A run of `run` words holds at least one whole block of half as many that begins at a multiple of them.
        half = self.run // 2
        blocks = defaultdict[tuple[str, ...], list[tuple[int, int]]](list)
        for number, (_, words) in enumerate(said):
            for start in range(0, len(words) - half + 1, half):
                blocks[tuple(words[start : start + half])].append((number, start))
        copies, rows = set[int](), 0
        for row in islice(evidence.learned(), MOST_ROWS):
            rows += 1
            words = normal(row.text).split()
            for start in range(len(words) - half + 1):
                for number, at in blocks.get(tuple(words[start : start + half]), ()):
                    sample, own = said[number]
                    if number in copies or sample.prompt_id == row.prompt_id:
                        continue
                    if _run(own, at, words, start) >= self.run:
                        copies.add(number)
        if not rows:
            return Finding(n=len(said), missing="No round above trained, so there is nothing to copy from.")
        return share(len(copies), len(said), (said[number][0].id for number in sorted(copies)))


def _run(own: Words, at: int, other: Words, start: int) -> int:
    """How many words both share in a row around these places."""
    before = 0
    while at - before > 0 and start - before > 0 and own[at - before - 1] == other[start - before - 1]:
        before += 1
    after = 0
    while at + after < len(own) and start + after < len(other) and own[at + after] == other[start + after]:
        after += 1
    return before + after
