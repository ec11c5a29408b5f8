"""The share of right answers: what the judge's accepts say of all texts, corrected by what people said of some.

The prediction-powered mean (Angelopoulos et al. 2023, arXiv 2301.09633) with the tuning of PPI++ (Angelopoulos, Duchi
and Zrnic 2023, arXiv 2311.01453, section 6). With f for the judge's accept (1 or 0) of all N texts, and y for people's
of n of them that were drawn at random:

    mean = t * mean(f over all texts) + mean(y - t * f over those drawn)
    variance = t^2 * var(f over all texts) / N + var(y - t * f over those drawn) / n
    t = cov(y, f) / ((1 + n / N) * var(f)), both over those drawn, and from 0 to 1

Here all texts of a round are judged and counted, so that the first term of the variance falls away unless only some of
the groups were looked at, and the second is that of drawing without putting back.

Texts that the queue chose by informativeness are no random sample, and are not taken for one. Each that was decided
speaks for itself alone; a text that was drawn at random speaks for all that had not been decided by then, since it was
drawn from these (Des Raj 1956, JASA 51; see weights.py).
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from backend.metrics._intervals import Z
from backend.pipeline.health.limits import HealthLimits
from backend.pipeline.health.shapes import CorrectedShare, Estimate, HealthEvidence, JudgedText, Word

DRAWN = "blind decisions on texts drawn at random"
NOT_LABELLED = "The judge has accepted or rejected no text yet."
NONE_LEFT = (
    "All texts that the judge accepted or rejected were decided in bulk, or by people who had seen its word: none is "
    "left to draw at random."
)


@dataclass(frozen=True)
class LabelPair:
    """Of one text, whether people accept it (y) and whether the judge does (f), each 1 or 0."""

    y: float
    f: float
    is_drawn: bool = True


@dataclass(frozen=True)
class Population:
    """All texts: how many, the judge's share of accepts, and the variance of that share where it is of some groups."""

    texts: int
    share: float
    variance: float = 0.0


def corrected(evidence: HealthEvidence, limits: HealthLimits) -> CorrectedShare:
    """The corrected share; unknown, with what is missing, below the fewest texts that were drawn."""
    words, texts = speaking(evidence)
    pairs = [LabelPair(float(word.accepts), float(bool(word.text.accepted)), word.is_drawn) for word in words]
    if not texts:
        labelled = [bool(text.accepted) for text in evidence.texts if text.accepted is not None]
        if not labelled:
            return CorrectedShare(missing=NOT_LABELLED)
        return CorrectedShare(sum(labelled) / len(labelled), missing=NONE_LEFT)
    drawn, known = sum(word.is_drawn for word in words), sum(word.is_known for word in words)
    all_of_them = population(texts, evidence.drawn_of, max((len(texts), len(pairs))))
    chosen = len(pairs) - drawn - known
    if drawn < limits.fewest:
        missing = f"{drawn:,} {DRAWN}; at least {limits.fewest:,} are needed. {evidence.why}".strip()
        return CorrectedShare(all_of_them.share, Estimate(n=drawn), chosen, all_of_them.texts, None, missing, known)
    tuning = tuned([pair for pair in pairs if pair.is_drawn], all_of_them.texts)
    number = estimate(pairs, all_of_them, tuning)
    return CorrectedShare(all_of_them.share, number, chosen, all_of_them.texts, tuning, known=known)


def speaking(evidence: HealthEvidence) -> tuple[list[Word], list[JudgedText]]:
    """The words on texts that the judge labelled, and the texts for which they may speak.

    What people decided in bulk, or after they had seen the judge's word, could not be drawn any more: it is in neither.
    """
    words = [word for word in evidence.words if word.text.accepted is not None]
    named = {word.text.id for word in words}
    return words, [
        text for text in evidence.texts if text.accepted is not None and (not text.by_people or text.id in named)
    ]


def population(texts: Sequence[JudgedText], drawn_of: int, least: int) -> Population:
    """The texts as a whole; where they are those of some groups, what these say of all `drawn_of` groups."""
    groups: dict[int, list[float]] = defaultdict(list)
    for text in texts:
        groups[text.group_id].append(float(bool(text.accepted)))
    share = sum(sum(group) for group in groups.values()) / len(texts)
    number = len(groups)
    if not drawn_of or number < 2:
        return Population(least, share)
    mean_size = len(texts) / number
    residuals = sum((sum(group) - share * len(group)) ** 2 for group in groups.values())
    variance = (1 - number / drawn_of) * residuals / (number * (number - 1)) / mean_size**2
    return Population(max(least, round(mean_size * drawn_of)), share, max(0.0, variance))


def tuned(drawn: Sequence[LabelPair], texts: int) -> float:
    """PPI++'s tuning: the less the judge's word says of people's, the less of it is used; 0 where it never differs."""
    n = len(drawn)
    mean_y, mean_f = sum(row.y for row in drawn) / n, sum(row.f for row in drawn) / n
    spread = sum((row.f - mean_f) ** 2 for row in drawn)
    if not spread:
        return 0.0
    together = sum((row.y - mean_y) * (row.f - mean_f) for row in drawn)
    return min(1.0, max(0.0, together / spread / (1 + n / max(1, texts - n))))


def estimate(pairs: Sequence[LabelPair], of: Population, tuning: float) -> Estimate:
    """The corrected mean with its 95 % interval, of pairs in the order in which they came.

    The interval is computed as if two more texts had been drawn, of which people contradict the judge on one each way,
    as Agresti and Coull's interval of a share adds successes and failures: a judge whom nobody has contradicted yet is
    not exact. The value is of the pairs alone.
    """
    begun, starts = tuning * of.share, run_starts([share.is_drawn for share in pairs])
    rests = [share.y - tuning * share.f for share in pairs]
    known = [0.0, *accumulate(rests)]

    def turn(start: int, rest: float) -> float:
        return begun + (known[start] + (of.texts - start) * rest) / of.texts

    drawn = [(start, rest) for start, rest, share in zip(starts, rests, pairs, strict=True) if share.is_drawn]
    n, runs = len(drawn), Counter(start for start, _ in drawn)
    shares = [turn(*share) for share in drawn]
    value = sum(shares) / n
    wide = [*shares, *(turn(drawn[-1][0], rest) for rest in (1.0, -tuning))]
    middle = sum(wide) / len(wide)
    spread = sum((share - middle) ** 2 for share in wide) / (len(wide) - 1)
    # Draws of a run are drawn without putting back; what was drawn before it is known, and is not drawn again anyway.
    left = sum(size * max(0.0, 1 - size / max(1, of.texts - start)) for start, size in runs.items()) / n
    half = Z * math.sqrt(left * spread / n + tuning**2 * of.variance)
    inside = min(1.0, max(0.0, value))
    return Estimate(inside, max(0.0, min(inside, value - half)), min(1.0, max(inside, value + half)), n)


def run_starts(drawn: Iterable[bool]) -> list[int]:
    """Of each word the number of words before its run: draws that came one after another are one run, and each other
    word is one."""
    starts, was_drawn = list[int](), False
    for n, is_drawn in enumerate(drawn):
        starts.append(starts[-1] if is_drawn and was_drawn else n)
        was_drawn = is_drawn
    return starts
