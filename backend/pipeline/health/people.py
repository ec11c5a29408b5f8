"""The measures that compare a judge with people.

Agreement, precision, recall and calibration are those of all texts: each word counts by how many texts it speaks for
(weights.py). The order of pairs, and scores, are of what was drawn at random and of known labels.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import combinations
from typing import Any

from backend.metrics import _agreement
from backend.pipeline.health import numbers, weights
from backend.pipeline.health.corrected import speaking
from backend.pipeline.health.lights import MORE, few_of, few_pairs, measure
from backend.pipeline.health.limits import HealthLimits
from backend.pipeline.health.shapes import CalibrationBin, Estimate, HealthEvidence, HealthMeasure, JudgedText, Witness
from backend.pipeline.health.weights import Weighed, Weighted

ROWS_PER_BIN, MOST_BINS = 20, 10
FEWEST_IN_BIN = 5
"""So many draws a bin needs before what the queue chose in it counts."""
DECISIONS = "blind decisions at random and gold items"
WEIGHED = "blind decisions, weighed by how the queue took them, and gold items"
SCORES = "Let people score texts on the Review page, not only accept and reject."
TWO_SCORES = "The judge gives two scores at most, which say no more than its verdicts."
SAME = "People and judge said one and the same of every text."


def with_people(evidence: HealthEvidence, limits: HealthLimits) -> list[HealthMeasure]:
    """Agreement, precision and recall at the cut, order of pairs, calibration."""
    deciding = [witness for witness in evidence.witnesses if witness.text.accepted is not None]
    scored = [
        (witness.score, witness.text.score)
        for witness in deciding
        if witness.score is not None and witness.text.score is not None
    ]
    weighed = weights.weighed(evidence, limits)
    words, of = weighed.words, WEIGHED if weighed.by_draw else DECISIONS
    kappa, alpha = weights.agreement(weighed)
    accepted, good = (
        [witness for witness in words if witness.text.accepted],
        [witness for witness in words if witness.accepts],
    )
    by_accepts, by_people = "texts that it accepts and people decided", "texts that people accept"
    few = few_of(len(words), of, limits, evidence.why)
    unseen = few or _unseen(weighed)
    agreement: dict[str, Any] = {"below": True, "is_share": False, "few": unseen, "undefined": SAME}
    figure = _agreement.alpha(scored, is_interval=True)
    return [
        measure("kappa", "Cohen’s kappa with people, verdicts", of, kappa, limits, **agreement),
        measure("alpha", "Krippendorff’s alpha with people, verdicts", of, alpha, limits, **agreement),
        measure(
            "alpha_scores",
            "Krippendorff’s alpha with people, scores",
            "texts that people scored",
            Estimate(figure.value, figure.low, figure.high, figure.n),
            limits,
            below=True,
            is_share=False,
            few=few_of(len(scored), "texts that people scored", limits, _to_score(evidence, enough=not few)),
        ),
        measure(
            "precision",
            "Precision at the cut",
            by_accepts,
            weighed.of_verdict(True),
            limits,
            below=True,
            few=few or _few_drawn(accepted, by_accepts, limits),
        ),
        measure(
            "recall",
            "Recall at the cut",
            by_people,
            weights.recall(weighed),
            limits,
            below=True,
            few=few or _few_drawn(good, by_people, limits) or unseen,
        ),
        _order(evidence, deciding, limits),
        _calibration(evidence, weighed, limits, of),
    ]


def _to_score(evidence: HealthEvidence, *, enough: bool) -> str:
    """How people come to score texts. enough: so many decided that drawing more is not what is lacking."""
    if evidence.texts and len({text.score for text in evidence.texts} - {None}) <= 2:
        return TWO_SCORES
    return SCORES if enough else evidence.why or SCORES


def _few_drawn(words: Sequence[Weighted], of: str, limits: HealthLimits) -> str:
    """What a share of these words lacks: those that the queue chose say nothing of others, however many they are."""
    of = of if all(witness.is_drawn for witness in words) else f"{of}, drawn at random"
    return few_of(sum(witness.is_drawn for witness in words), of, limits, MORE)


def _unseen(weighed: Weighed) -> str:
    """The verdict of the judge of which no text was drawn; empty where there is none."""
    for accepted, verb in ((True, "accepts"), (False, "rejects")):
        if weighed.of_verdict(accepted).value is None and weighed.accepted is not None:
            return f"No text that the judge {verb} was drawn at random. {MORE}"
    return ""


def _order(evidence: HealthEvidence, witnesses: Sequence[Witness], limits: HealthLimits) -> HealthMeasure:
    """Pairs of which people accept one, or put one first: the judge orders a pair as they do where its score is higher.

    A tie counts as half of a pair, as in the area under a ROC curve, so that a judge by chance has one half.
    """
    groups: dict[int, list[Witness]] = defaultdict(list)
    for witness in witnesses:
        groups[witness.text.group_id].append(witness)
    ordered: dict[int, list[float]] = defaultdict(list)
    for group_id, some in groups.items():
        pairs = [(a, b) if a.accepts else (b, a) for a, b in combinations(some, 2) if a.accepts != b.accepts]
        known = [(a.text.score, b.text.score) for a, b in pairs]
        ordered[group_id] += [_is_above(a, b) for a, b in known if a is not None and b is not None]
    for group_id, a, b in evidence.better:
        ordered[group_id].append(_is_above(a, b))
    parts = [(sum(values), len(values)) for values in ordered.values()]
    how = "Let people decide on several texts of a prompt, or compare them in the review modes group and pair."
    of, how = "pairs that people ordered", evidence.why or how
    return measure(
        "order",
        "Pairs ordered as people do",
        of,
        numbers.ratio(parts),
        limits,
        below=True,
        few=few_pairs(parts, of, limits, how, max(limits.fewest, numbers.FEWEST_GROUPS)),
    )


def _is_above(a: float, b: float) -> float:
    return 0.5 if a == b else float(a > b)


def _calibration(evidence: HealthEvidence, weighed: Weighed, limits: HealthLimits, of: str) -> HealthMeasure:
    scores = on_scale(evidence, [witness.text for witness in weighed.words])
    known = [(score, witness) for score, witness in zip(scores, weighed.words, strict=True) if score is not None]
    accepted = [witness.accepts for witness in weighed.words]
    n = sum(witness.is_drawn for _, witness in known)
    bins = bins_of(n)
    estimate = numbers.calibration_error(scores, accepted, bins, weighed.turns)
    few = few_of(n, of, limits, evidence.why) or _few_in_bin(known, bins)
    if evidence.judge is not None and evidence.judge.score_range is None:
        few = f"The scores of the judge {evidence.judge.name} have no ends, so they are no shares to compare with."
    return measure("calibration", "Expected calibration error", of, estimate, limits, few=few)


def _few_in_bin(known: Sequence[tuple[float, Weighted]], bins: int) -> str:
    """What a bin lacks in which the queue chose texts."""
    for at in range(bins):
        inside = [witness for score, witness in known if numbers.place(score, bins) == at]
        drawn = sum(witness.is_drawn for witness in inside)
        if drawn < min(FEWEST_IN_BIN, len(inside)):
            between = f"{at / bins:.2f} to {(at + 1) / bins:.2f} of the scale"
            return f"{drawn} texts from {between} were drawn at random; at least {FEWEST_IN_BIN} are needed. {MORE}"
    return ""


def on_scale(evidence: HealthEvidence, texts: Sequence[JudgedText]) -> list[float | None]:
    """The judge's score of each text, drawn to 0 to 1; None where it gave none, or its scale has no ends."""
    if evidence.judge is None or evidence.judge.score_range is None:
        return [None] * len(texts)
    low, high = evidence.judge.score_range
    return [None if text.score is None else min(1.0, max(0.0, (text.score - low) / (high - low))) for text in texts]


def bins_of(n: int) -> int:
    return max(2, min(MOST_BINS, n // ROWS_PER_BIN))


def curve(evidence: HealthEvidence, limits: HealthLimits) -> tuple[CalibrationBin, ...]:
    """The calibration curve; empty below the fewest rows.

    A bin is left out in which the queue chose texts and drew fewer than five.
    """
    weighed = weights.weighed(evidence, limits)
    scored = zip(on_scale(evidence, [witness.text for witness in weighed.words]), weighed.words, strict=True)
    known = [(score, witness) for score, witness in scored if score is not None]
    drawn = sum(witness.is_drawn for _, witness in known)
    if drawn < limits.fewest:
        return ()
    number, bins = bins_of(drawn), []
    _, texts = speaking(evidence)
    places = Counter(numbers.place(score, number) for score in on_scale(evidence, texts) if score is not None)
    for at in range(number):
        inside = [(score, witness) for score, witness in known if numbers.place(score, number) == at]
        if not inside or sum(witness.is_drawn for _, witness in inside) < min(FEWEST_IN_BIN, len(inside)):
            continue
        mean = sum(score * witness.weight for score, witness in inside) / sum(witness.weight for _, witness in inside)
        all_of_them = max(len(inside), round(places[at] * weighed.texts / max(1, len(texts))))
        good = weights.share([witness for _, witness in inside], None if weighed.accepted is None else all_of_them)
        assert good.value is not None
        assert good.low is not None
        assert good.high is not None
        bins.append(CalibrationBin(at / number, (at + 1) / number, len(inside), mean, good.value, good.low, good.high))
    return tuple(bins)
