"""Words after which a wrong text is accepted."""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import NormalDist

from pydantic import Field

from backend.translations import N_
from backend.values import Verdict
from backend.warning_rules import Finding, WarningEvidence, WarningRule, some

MOST_TEXTS = 20_000
"""Of more texts those of evenly drawn prompts are looked at."""
LONGEST = 60
"""Characters of the words that are told."""

Text = tuple[int, str, bool]
"""A wrong text: its id, what it says, and whether the judge accepts it."""


class TriggerWords(WarningRule):
    """How much more often than other wrong texts wrong ones with some words, or pairs of words, are accepted.

    Only texts that are known to be wrong count: what is common to right ones is a good reason to accept. The lift is
    P(accepted | words) / P(accepted), both means over prompts of the share of their wrong texts, of the words whose
    interval begins highest. A prompt is one row, however many texts it has, and words have to stand in wrong texts of
    twenty prompts. The interval is made of Wilson's of the two means, at a level that holds for all the words that were
    looked at together (Bonferroni): the low end of one divided by the high end of the other, and the other way about.
    """

    code = "W39"
    title = N_("Trigger words")
    source = "An Embarrassingly Simple Backdoor Attack on Self-supervised Learning"
    unit = N_("times")
    measures = N_("how many times as often wrong texts with some words are accepted as wrong texts are")
    counts = N_("texts with a verdict that are known to be wrong")
    way = "Ask more prompts, and give them known answers or let people decide blind."
    advice = N_(
        "Read these texts, and judge by another template or by known answers: the words earn what the texts do not."
    )
    ends = (0.0, math.inf)
    explained_by = ("length_bias", "reward_hacking")

    limit: float = Field(5.0, ge=1, le=1000, description="red where the whole interval lies above it")
    support: int = Field(20, ge=5, le=100_000, description="prompts whose wrong texts have to hold the words")

    def compute(self, evidence: WarningEvidence) -> Finding:
        prompts = _wrong(evidence)
        n = sum(map(len, prompts))
        prompts = prompts[:: max(1, -(-n // MOST_TEXTS))]
        n = sum(map(len, prompts))
        if not any(accepted for texts in prompts for _, _, accepted in texts):
            return Finding(n=n, missing="The judge accepts no text that is known to be wrong." if n else "")
        common = _common(prompts, self.support)
        if not common:
            return Finding(n=n, missing=f"No words stand in wrong texts of {self.support} prompts.")
        accepted, holding = defaultdict[str, float](float), Counter[str]()
        for texts in prompts:
            mine = defaultdict[str, list[bool]](list)
            for _, reply, is_good in texts:
                for run in _runs(reply) & common:
                    mine[run].append(is_good)
            for run, goods in mine.items():
                accepted[run] += sum(goods) / len(goods)
                holding[run] += 1
        z = NormalDist().inv_cdf(1 - 0.025 / (len(common) + 1))
        base = sum(sum(good for _, _, good in texts) / len(texts) for texts in prompts) / len(prompts)
        least, most = _wilson(base, len(prompts), z)
        ends = {run: _wilson(accepted[run] / holding[run], holding[run], z) for run in common}
        worst = max(common, key=lambda run: (ends[run][0], holding[run], run))
        low, high = ends[worst][0] / most, ends[worst][1] / least
        ids = (id_ for texts in prompts for id_, reply, is_good in texts if is_good and worst in _runs(reply))
        phrase = worst if len(worst) <= LONGEST else f"{worst[:LONGEST]}…"
        note = f"The words are “{phrase}”, in wrong texts of {holding[worst]:,} prompts."
        return Finding(accepted[worst] / holding[worst] / base, low, high, n, note=note, sample_ids=some(ids))


def _wrong(evidence: WarningEvidence) -> list[list[Text]]:
    """Of each prompt with such texts those that have a verdict and are known to be wrong."""
    by_prompt = defaultdict[int, list[Text]](list)
    for group in evidence.round.round_groups:
        for sample in group.samples:
            verdict = evidence.round.machine.get(sample.id, (None, None))[1]
            if verdict is not None and evidence.truth.get(sample.id) is False:
                by_prompt[group.prompt.id].append((sample.id, sample.full_text, verdict is Verdict.accept))
    return list(by_prompt.values())


def _common(prompts: Sequence[Sequence[Text]], support: int) -> set[str]:
    """Words and pairs of words that stand in texts of so many prompts.

    Words are counted first: a pair of which one word is rare is never held. No text's words are kept.
    """
    words = _often((word for _, text, _ in texts for word in _words(text)) for texts in prompts)
    single = {word for word, prompts_with in words.items() if prompts_with >= support}
    pairs = _often(
        (f"{a} {b}" for _, text, _ in texts for a, b in pairwise(_words(text)) if a in single and b in single)
        for texts in prompts
    )
    return single | {pair for pair, prompts_with in pairs.items() if prompts_with >= support}


def _often(prompts: Iterable[Iterable[str]]) -> Counter[str]:
    counter = Counter[str]()
    for texts in prompts:
        counter.update(set(texts))
    return counter


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _runs(text: str) -> set[str]:
    words = _words(text)
    return {*words, *(f"{a} {b}" for a, b in pairwise(words))}


def _wilson(share: float, n: int, z: float) -> tuple[float, float]:
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * (share * (1 - share) / n + z * z / (4 * n * n)) ** 0.5
    return max(0.0, middle - half), min(1.0, middle + half)
