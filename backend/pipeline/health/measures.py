"""The measures of a judge, each from its own rows."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from backend.pipeline.health import numbers
from backend.pipeline.health.lights import few_of, few_pairs, measure
from backend.pipeline.health.limits import HealthLimits
from backend.pipeline.health.people import DECISIONS, with_people
from backend.pipeline.health.shapes import HealthEvidence, HealthMeasure, JudgedText, Light
from backend.translations import N_

PAIRS = "pairs of texts of one prompt"


def all_of(evidence: HealthEvidence, limits: HealthLimits) -> list[HealthMeasure]:
    """Every measure, those that compare with people first."""
    return [*with_people(evidence, limits), *of_itself(evidence, limits), *leanings(evidence, limits)]


def of_itself(evidence: HealthEvidence, limits: HealthLimits) -> list[HealthMeasure]:
    """What needs no people: ends of the scale, ties, replies without a verdict, votes that differ."""
    texts = evidence.texts
    scores = [text.score for text in texts if text.score is not None]
    ends = evidence.judge.score_range if evidence.judge else None
    low, high = ends or (min(scores, default=0.0), max(scores, default=0.0))
    most = max(sum(score <= low for score in scores), sum(score >= high for score in scores))
    unparsed = sum(text.is_unparsed for text in texts)
    voted = [text for text in texts if text.votes > 1 and text.spread is not None]
    noise = _pairs(voted, _is_nearer)
    once = "The judge gives one reply a text. Raise its votes, with a temperature above 0."
    votes, judged = "texts with several votes", "texts with a score"
    return [
        measure(
            "saturation",
            "Scores at one end of the scale",
            judged,
            numbers.share(most, len(scores)),
            limits,
            few=_no_scores(texts) or few_of(len(scores), judged, limits, SAMPLE),
        ),
        _ties(evidence, limits),
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
            numbers.average([text.spread or 0.0 for text in voted]),
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


NEEDED = N_("Training needs texts of a prompt whose scores differ: a tied pair gives nothing.")
BY_NATURE = N_("No limit: the judge gives two scores, which tie by nature, and training needs none to differ.")


def _ties(evidence: HealthEvidence, limits: HealthLimits) -> HealthMeasure:
    """Ties, which count against a judge whose scores are two only where what is trained on needs differences."""
    texts = evidence.texts
    ties = _pairs(texts, _is_tied)
    few = _no_scores(texts) or few_pairs(ties, PAIRS, limits, SAMPLE)
    tied = measure("ties", "Tied pairs", PAIRS, numbers.ratio(ties), limits, few=few)
    if evidence.needs_differences:
        return replace(tied, note=NEEDED)
    ends, scores = evidence.judge.score_range if evidence.judge else None, {text.score for text in texts} - {None}
    if len(scores) != 2 or (ends is not None and scores != {*ends}):
        return tied
    return replace(
        tied, light=tied.light if tied.light is Light.unknown else Light.unlimited, amber=None, note=BY_NATURE
    )


def _no_scores(texts: Sequence[JudgedText]) -> str:
    """What texts lack that have verdicts and no score at all."""
    has_verdicts = any(text.accepted is not None for text in texts)
    if not has_verdicts or any(text.score is not None for text in texts):
        return ""
    return "The judge gives verdicts and no scores."


def _pairs(texts: Sequence[JudgedText], is_so: object) -> list[tuple[int, int]]:
    """Of each group how many pairs are so, of how many with two scores."""
    groups: dict[int, list[JudgedText]] = defaultdict(list)
    for text in texts:
        if text.score is not None:
            groups[text.group_id].append(text)
    assert callable(is_so)
    flags = [[bool(is_so(a, b)) for a, b in combinations(some, 2)] for some in groups.values()]
    return [(sum(group_flags), len(group_flags)) for group_flags in flags]


def _is_tied(a: JudgedText, b: JudgedText) -> bool:
    return a.score == b.score


def _is_nearer(a: JudgedText, b: JudgedText) -> bool:
    """Whether the scores differ by less than the votes of one text do."""
    return abs((a.score or 0.0) - (b.score or 0.0)) < ((a.spread or 0.0) + (b.spread or 0.0)) / 2


def leanings(evidence: HealthEvidence, limits: HealthLimits) -> list[HealthMeasure]:
    """What draws the judge beside the worth of a text: seats, length, its own hand."""
    return [*_seats(evidence, limits), _length(evidence, limits), _self_preference(evidence, limits)]


def _seats(evidence: HealthEvidence, limits: HealthLimits) -> list[HealthMeasure]:
    flips, firsts = [], []
    for games in evidence.compared:
        won = {(game.first, game.second): game.winner for game in games}
        pairs = [(won[a, b], won.get((b, a))) for a, b in won if a < b]
        known = [(first, other) for first, other in pairs if first is not None and other is not None]
        flips.append((sum(first != other for first, other in known), len(known)))
        named = [game for game in games if game.winner is not None]
        firsts.append((sum(game.winner == game.first for game in named), len(named)))
    name = evidence.judge.name if evidence.judge else ""
    how = "Take more prompts, or a judge that names a winner more often."
    if not evidence.compared:
        how = f"The judge {name} does not compare each two texts in both orders; pairwise_swapped does."
    both, named_one = "pairs with a winner in both orders", "comparisons with a winner"
    measures = [
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
    return measures


def _length(evidence: HealthEvidence, limits: HealthLimits) -> HealthMeasure:
    scored = [witness for witness in evidence.witnesses if witness.text.score is not None]
    strata = [
        [
            (witness.text.score or 0.0, float(witness.text.num_tokens))
            for witness in scored
            if witness.accepts is verdict
        ]
        for verdict in (True, False)
    ]
    correlation = numbers.rank_correlation(strata)
    return measure(
        "length",
        "Rank correlation of score and length among equals in people’s verdict",
        DECISIONS,
        correlation,
        limits,
        is_share=False,
        few=few_of(correlation.n, DECISIONS, limits, evidence.why),
        undefined="All texts of a verdict have the same score or the same length.",
    )


def _self_preference(evidence: HealthEvidence, limits: HealthLimits) -> HealthMeasure:
    """How much more often than people the judge accepts its own texts, less how much more often it accepts others'."""
    gaps: dict[bool, list[float]] = {True: [], False: []}
    for witness in evidence.witnesses:
        if witness.text.accepted is not None and witness.text.author_id is not None:
            gaps[witness.text.author_id == evidence.judge_id].append(
                float(witness.text.accepted) - float(witness.accepts)
            )
    least = min(len(gaps[True]), len(gaps[False]))
    of = "texts of each of two authors, one of them the judge, that people decided"
    why = "Judge texts of two checkpoints in one round, one of them with the judge’s own weights."
    authors = {text.author_id for text in evidence.texts}
    if evidence.why and len(authors) > 1:  # with one author no decision helps, however it is drawn
        why = evidence.why
    return measure(
        "self_preference",
        "Advantage of its own texts over others’, beyond people’s",
        DECISIONS,
        numbers.difference(gaps[True], gaps[False]),
        limits,
        is_share=False,
        few=few_of(least, of, limits, why),
    )
