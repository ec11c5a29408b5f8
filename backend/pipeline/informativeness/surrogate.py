"""A surrogate of the judge: a logistic regression that predicts its verdicts.

Its features are of prompt, sample and rationale. A verdict that it finds improbable is a sign that the judge
contradicts its own habit. It is fitted on the verdicts of one round, and knows no task and no right answer.
"""

import math
import re
from collections import Counter
from collections.abc import Sequence

import numpy
from numpy.typing import NDArray

from backend.pipeline.informativeness.signs import JudgedSample
from backend.values import Sign, Verdict

FITTED_ON = 20_000
"""Most samples that it is fitted on, drawn by the round's seed: bounds its time. Set by hand, not measured."""
FEWEST = 100
"""Fewest verdicts of either kind to fit on: about seven for each feature. Set by hand, not measured."""
MOST_DEVIATIONS, LARGEST_LOGIT = 8, 30
"""Features are clipped to so many standard deviations, and logits to this size: exp does not overflow, and one odd text
does not decide the fit. Set by hand, not measured."""
ITERATIONS, RIDGE = 12, 1e-3
"""Steps of Newton's method, which converges in fewer than ten here, and the penalty that keeps weights finite where a
feature decides alone (Bishop 2006, *Pattern Recognition and Machine Learning*, 4.3.3 and 4.3.2). Set by hand."""
NO_DEVIATION = 1e-9
"""Added to standard deviations: a feature that is the same everywhere divides nothing by zero."""

WORD = re.compile(r"\w+")
FEATURES = (
    Sign.vote,
    Sign.top,
    Sign.others,
    Sign.logprob,
    Sign.grounded,
    Sign.covered,
    Sign.counted,
    Sign.reason_end,
    Sign.reason_in,
    Sign.reason_grounded,
    Sign.reason_covers,
    Sign.length,
    Sign.reason_length,
    Sign.cut_off,
)
VOTE_SHARE, IS_TOP = FEATURES.index(Sign.vote), FEATURES.index(Sign.top)
Matrix = NDArray[numpy.float64]


def features(group: Sequence[JudgedSample]) -> list[list[float]]:
    """Return the features of the samples of one group, a row for each, in the order of `FEATURES`."""
    votes = Counter(sample.answer for sample in group)
    accepted = Counter(sample.answer for sample in group if sample.verdict is Verdict.accept)
    prompt = WORD.findall(group[0].prompt.casefold())
    known, most, end = set(prompt), max(votes.values()), prompt[-1] if prompt else ""
    rows = []
    for sample in group:
        words, reason = WORD.findall(sample.text.casefold()), WORD.findall(sample.rationale.casefold())
        text_words, reasons = set(words), set(reason)
        elsewhere = len(group) - votes[sample.answer]
        rows.append(
            [
                votes[sample.answer] / len(group),
                float(votes[sample.answer] == most),
                (accepted.total() - accepted[sample.answer] + 0.5) / (elsewhere + 1),
                sample.logprob / max(1, sample.num_tokens),
                share(words, known),
                share(prompt, text_words),
                float(not Counter(words) - Counter(prompt)),
                float(bool(reason) and reason[-1] == end),
                float(bool(reason) and reason[-1] in known),
                share(reason, known | text_words),
                share(prompt, reasons),
                math.log1p(len(sample.text)),
                math.log1p(len(sample.rationale)),
                float(sample.is_cut_off),
            ]
        )
    return rows


def share(words: Sequence[str], among: set[str]) -> float:
    """The share of words that are among these; 0 of none."""
    return sum(word in among for word in words) / max(1, len(words))


def probability_of_other_verdict(
    columns: Matrix, verdicts: Sequence[Verdict | None], *, seed: int
) -> tuple[Matrix, list[Sign]]:
    """Return for each sample the probability of the other verdict, and the feature that speaks for it most.

    0 for samples without a verdict, and for all where there are too few verdicts of either kind.
    """
    accepts = numpy.array([verdict is Verdict.accept for verdict in verdicts])
    judged = numpy.flatnonzero(numpy.array([verdict is not None for verdict in verdicts]))
    number = int(accepts.sum())
    if number < FEWEST or len(judged) - number < FEWEST:
        return numpy.zeros(len(columns)), [Sign.habit] * len(columns)
    some = numpy.random.default_rng(seed).permutation(judged)[:FITTED_ON]
    mean, deviation = columns[some].mean(0), columns[some].std(0) + NO_DEVIATION
    scaled = numpy.clip((columns - mean) / deviation, -MOST_DEVIATIONS, MOST_DEVIATIONS)
    weights = fitted(numpy.column_stack([numpy.ones(len(some)), scaled[some]]), accepts[some].astype(float))
    weighted = scaled * weights[1:]
    accepting = logistic(weighted.sum(1) + weights[0])
    against = numpy.where(accepts, -1.0, 1.0)[:, None] * weighted
    other = numpy.where(accepts, 1 - accepting, accepting)
    other[numpy.array([verdict is None for verdict in verdicts])] = 0.0
    return other, [FEATURES[n] for n in against.argmax(1)]


def logistic(logits: Matrix) -> Matrix:
    """1 / (1 + exp(-logit))."""
    probabilities: Matrix = 1 / (1 + numpy.exp(-numpy.clip(logits, -LARGEST_LOGIT, LARGEST_LOGIT)))
    return probabilities


def fitted(rows: Matrix, accepted: Matrix) -> Matrix:
    """Return the weights of a logistic regression with a ridge penalty, by Newton's method."""
    weights, size = numpy.zeros(rows.shape[1]), len(rows)
    for _ in range(ITERATIONS):
        chance = logistic(rows @ weights)
        gradient = rows.T @ (chance - accepted) / size + RIDGE * weights
        hessian = (rows * (chance * (1 - chance))[:, None]).T @ rows / size + RIDGE * numpy.eye(rows.shape[1])
        weights = weights - numpy.linalg.solve(hessian, gradient)
    return weights
