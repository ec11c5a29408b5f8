"""The measures of a judge, each from its own rows."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations

from backend.pipeline.health import numbers
from backend.pipeline.health.lights import few_of, few_pairs, measure
from backend.pipeline.health.limits import Limits
from backend.pipeline.health.people import DECISIONS, with_people
from backend.pipeline.health.shapes import Evidence, Judged, Measure

PAIRS = "pairs of texts of one prompt"


def all_of(evidence: Evidence, limits: Limits) -> list[Measure]:
    """Every measure, those that compare with people first."""
    return [*with_people(evidence, limits), *of_itself(evidence, limits), *leanings(evidence, limits)]


def of_itself(evidence: Evidence, limits: Limits) -> list[Measure]:
    """What needs no people: ends of the scale, ties, replies without a verdict, votes that differ."""
    texts = evidence.texts
    scores = [one.score for one in texts if one.score is not None]
    ends = evidence.judge.score_range if evidence.judge else None
    low, high = ends or (min(scores, default=0.0), max(scores, default=0.0))
    most = max(sum(score <= low for score in scores), sum(score >= high for score in scores))
    unparsed = sum(one.is_unparsed for one in texts)
    voted = [one for one in texts if one.votes > 1 and one.spread is not None]
    ties, noise = _pairs(texts, _is_tied), _pairs(voted, _is_nearer)
    once = "The judge gives one reply a text. Raise its votes, with a temperature above 0."
    votes, judged = "texts with several votes", "texts with a score"
    return [
        measure(
            "saturation",
            "Scores at one end of the scale",
            judged,
            numbers.share(most, len(scores)),
            limits,
            few=few_of(len(scores), judged, limits, SAMPLE),
        ),
        measure("ties", "Tied pairs", PAIRS, numbers.ratio(ties), limits, few=few_pairs(ties, PAIRS, limits, SAMPLE)),
        measure(
            "unparsed",
            "Texts without a verdict in any reply",
            "judged texts",
            numbers.share(unparsed, unparsed + len(scores)),
            limits,
            few=few_of(unparsed + len(scores), "judged texts", limits, SAMPLE),
        ),
        measure(
            "spread",
            "Mean spread of its votes",
            votes,
            numbers.average([one.spread or 0.0 for one in voted]),
            limits,
            is_share=False,
            few=few_of(len(voted), votes, limits, once),
        ),
        measure(
            "noise",
            "Pairs nearer than its votes are",
            f"{PAIRS} with several votes",
            numbers.ratio(noise),
            limits,
            few=few_pairs(noise, f"{PAIRS} with several votes", limits, once),
        ),
    ]


SAMPLE = "Take more prompts, or several samples of each."


def _pairs(texts: Sequence[Judged], is_so: object) -> list[tuple[int, int]]:
    """Of each group how many pairs are so, of how many with two scores."""
    groups: dict[int, list[Judged]] = defaultdict(list)
    for one in texts:
        if one.score is not None:
            groups[one.group_id].append(one)
    assert callable(is_so)
    said = [[bool(is_so(a, b)) for a, b in combinations(some, 2)] for some in groups.values()]
    return [(sum(one), len(one)) for one in said]


def _is_tied(a: Judged, b: Judged) -> bool:
    return a.score == b.score


def _is_nearer(a: Judged, b: Judged) -> bool:
    """Whether the scores differ by less than the votes of one text do."""
    return abs((a.score or 0.0) - (b.score or 0.0)) < ((a.spread or 0.0) + (b.spread or 0.0)) / 2


def leanings(evidence: Evidence, limits: Limits) -> list[Measure]:
    """What draws the judge beside the worth of a text: seats, length, its own hand."""
    return [*_seats(evidence, limits), _length(evidence, limits), _self_preference(evidence, limits)]


def _seats(evidence: Evidence, limits: Limits) -> list[Measure]:
    flips, firsts = [], []
    for games in evidence.compared:
        won = {(one.first, one.second): one.winner for one in games}
        pairs = [(won[a, b], won.get((b, a))) for a, b in won if a < b]
        known = [(one, other) for one, other in pairs if one is not None and other is not None]
        flips.append((sum(one != other for one, other in known), len(known)))
        named = [one for one in games if one.winner is not None]
        firsts.append((sum(one.winner == one.first for one in named), len(named)))
    name = evidence.judge.name if evidence.judge else ""
    how = "Take more prompts, or a judge that names a winner more often."
    if not evidence.compared:
        how = f"The judge {name} does not compare each two texts in both orders; pairwise_swapped does."
    both, named_one = "pairs with a winner in both orders", "comparisons with a winner"
    found = [
        measure(
            "flips",
            "Pairs whose winner changes with the seats",
            both,
            numbers.ratio(flips),
            limits,
            few=few_pairs(flips, both, limits, how),
        ),
        measure(
            "position",
            "Won by the text shown first",
            named_one,
            numbers.ratio(firsts),
            limits,
            few=few_pairs(firsts, named_one, limits, how),
            is_two_sided=True,
        ),
    ]
    return found


def _length(evidence: Evidence, limits: Limits) -> Measure:
    said = [one for one in evidence.witnesses if one.text.score is not None]
    strata = [
        [(one.text.score or 0.0, float(one.text.num_tokens)) for one in said if one.accepts is verdict]
        for verdict in (True, False)
    ]
    found = numbers.rank_correlation(strata)
    return measure(
        "length",
        "Rank correlation of score and length among equals in people’s verdict",
        DECISIONS,
        found,
        limits,
        is_share=False,
        few=few_of(found.n, DECISIONS, limits, evidence.why),
        undefined="All texts of a verdict have the same score or the same length.",
    )


def _self_preference(evidence: Evidence, limits: Limits) -> Measure:
    """How much more often than people the judge accepts its own texts, less how much more often it accepts others'."""
    gaps: dict[bool, list[float]] = {True: [], False: []}
    for one in evidence.witnesses:
        if one.text.accepted is not None and one.text.author_id is not None:
            gaps[one.text.author_id == evidence.judge_id].append(float(one.text.accepted) - float(one.accepts))
    least = min(len(gaps[True]), len(gaps[False]))
    of = "texts of each of two authors, one of them the judge, that people decided"
    why = "Judge texts of two checkpoints in one round, one of them with the judge’s own weights."
    return measure(
        "self_preference",
        "Advantage of its own texts over others’, beyond people’s",
        DECISIONS,
        numbers.difference(gaps[True], gaps[False]),
        limits,
        is_share=False,
        few=few_of(least, of, limits, evidence.why or why),
    )
