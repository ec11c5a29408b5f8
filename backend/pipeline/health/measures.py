"""The measures of a judge, each from its own rows."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import combinations

from backend.metrics import _agreement
from backend.metrics._agreement import Figure
from backend.metrics._intervals import wilson
from backend.pipeline.health import numbers
from backend.pipeline.health.limits import Limits
from backend.pipeline.health.shapes import Bin, Evidence, Judged, Light, Measure, Number, Witness

ROWS_PER_BIN, MOST_BINS = 20, 10
DECISIONS, PAIRS = "blind decisions at random and gold items", "pairs of texts of one prompt"


def all_of(evidence: Evidence, limits: Limits) -> list[Measure]:
    """Every measure, those that compare with people first."""
    return [*with_people(evidence, limits), *of_itself(evidence, limits), *leanings(evidence, limits)]


def with_people(evidence: Evidence, limits: Limits) -> list[Measure]:
    """Agreement, precision and recall at the cut, order of pairs, calibration."""
    said = [one for one in evidence.witnesses if one.text.accepted is not None]
    words = [(_word(one.accepts), _word(one.text.accepted)) for one in said]
    scored = [(one.score, one.text.score) for one in said if one.score is not None and one.text.score is not None]
    both = sum(one.accepts and bool(one.text.accepted) for one in said)
    accepts, good = sum(bool(one.text.accepted) for one in said), sum(one.accepts for one in said)
    few = _few(len(said), DECISIONS, limits, evidence.why)
    return [
        measure(
            "kappa",
            "Cohen’s kappa with people, verdicts",
            DECISIONS,
            _of(_agreement.cohen(words)),
            limits,
            below=True,
            is_share=False,
            few=few,
            undefined="People and judge said one and the same of every text.",
        ),
        measure(
            "alpha",
            "Krippendorff’s alpha with people, verdicts",
            DECISIONS,
            _of(_agreement.alpha(words)),
            limits,
            below=True,
            is_share=False,
            few=few,
            undefined="People and judge said one and the same of every text.",
        ),
        measure(
            "alpha_scores",
            "Krippendorff’s alpha with people, scores",
            "texts that people scored",
            _of(_agreement.alpha(scored, is_interval=True)),
            limits,
            below=True,
            is_share=False,
            few=_few(len(scored), "texts that people scored", limits, evidence.why or SCORES),
        ),
        measure(
            "precision",
            "Precision at the cut",
            "texts that it accepts and people decided",
            numbers.share(both, accepts),
            limits,
            below=True,
            few=few or _few(accepts, "texts that it accepts and people decided", limits, MORE),
        ),
        measure(
            "recall",
            "Recall at the cut",
            "texts that people accept",
            numbers.share(both, good),
            limits,
            below=True,
            few=few or _few(good, "texts that people accept", limits, MORE),
        ),
        _order(evidence, said, limits),
        _calibration(evidence, said, limits),
    ]


SCORES = "Let people score texts on the Review page, not only accept and reject."
MORE = "Decide on more items that the queue draws at random."


def _word(accepts: bool | None) -> str:
    return "accept" if accepts else "reject"


def _of(figure: Figure) -> Number:
    return Number(figure.value, figure.low, figure.high, figure.n)


def _order(evidence: Evidence, said: Sequence[Witness], limits: Limits) -> Measure:
    """Pairs of which people accept one, or put one first: the judge orders a pair as they do where its score is higher.

    A tie counts as half of a pair, as in the area under a ROC curve, so that a judge by chance has one half.
    """
    groups: dict[int, list[Witness]] = defaultdict(list)
    for one in said:
        groups[one.text.group_id].append(one)
    ordered: dict[int, list[float]] = defaultdict(list)
    for group_id, some in groups.items():
        pairs = [(a, b) if a.accepts else (b, a) for a, b in combinations(some, 2) if a.accepts != b.accepts]
        known = [(a.text.score, b.text.score) for a, b in pairs]
        ordered[group_id] += [_is_above(a, b) for a, b in known if a is not None and b is not None]
    for group_id, a, b in evidence.better:
        ordered[group_id].append(_is_above(a, b))
    parts = [(sum(one), len(one)) for one in ordered.values()]
    how = "Let people decide on several texts of a prompt, or compare them in the review modes group and pair."
    of, how = "pairs that people ordered", evidence.why or how
    return measure(
        "order",
        "Pairs ordered as people do",
        of,
        numbers.ratio(parts),
        limits,
        below=True,
        few=_few_pairs(parts, of, limits, how, max(limits.fewest, numbers.FEWEST_GROUPS)),
    )


def _is_above(a: float, b: float) -> float:
    return 0.5 if a == b else float(a > b)


def _calibration(evidence: Evidence, said: Sequence[Witness], limits: Limits) -> Measure:
    scores, accepted = on_scale(evidence, said)
    found = numbers.calibration_error(scores, accepted, bins_of(len(scores)))
    few = _few(len(scores), DECISIONS, limits, evidence.why)
    if evidence.judge is not None and evidence.judge.score_range is None:
        few = f"The scores of the judge {evidence.judge.name} have no ends, so they are no shares to compare with."
    return measure("calibration", "Expected calibration error", DECISIONS, found, limits, few=few)


def on_scale(evidence: Evidence, said: Sequence[Witness]) -> tuple[list[float], list[bool]]:
    """The judge's scores drawn to 0 to 1, and whether people accept; empty where its scale has no ends."""
    if evidence.judge is None or evidence.judge.score_range is None:
        return [], []
    low, high = evidence.judge.score_range
    known = [(one.text.score, one.accepts) for one in said if one.text.score is not None]
    return [min(1.0, max(0.0, (score - low) / (high - low))) for score, _ in known], [good for _, good in known]


def bins_of(n: int) -> int:
    return max(2, min(MOST_BINS, n // ROWS_PER_BIN))


def curve(evidence: Evidence, limits: Limits) -> tuple[Bin, ...]:
    """The calibration curve; empty below the fewest rows."""
    scores, accepted = on_scale(evidence, evidence.witnesses)
    if len(scores) < limits.fewest:
        return ()
    number, found = bins_of(len(scores)), []
    for at in range(number):
        inside = [(s, good) for s, good in zip(scores, accepted, strict=True) if numbers.place(s, number) == at]
        if inside:
            n, good = len(inside), sum(good for _, good in inside)
            mean = sum(score for score, _ in inside) / n
            found.append(Bin(at / number, (at + 1) / number, n, mean, good / n, *wilson(good, n)))
    return tuple(found)


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
            few=_few(len(scores), judged, limits, SAMPLE),
        ),
        measure("ties", "Tied pairs", PAIRS, numbers.ratio(ties), limits, few=_few_pairs(ties, PAIRS, limits, SAMPLE)),
        measure(
            "unparsed",
            "Texts without a verdict in any reply",
            "judged texts",
            numbers.share(unparsed, unparsed + len(scores)),
            limits,
            few=_few(unparsed + len(scores), "judged texts", limits, SAMPLE),
        ),
        measure(
            "spread",
            "Mean spread of its votes",
            votes,
            numbers.average([one.spread or 0.0 for one in voted]),
            limits,
            is_share=False,
            few=_few(len(voted), votes, limits, once),
        ),
        measure(
            "noise",
            "Pairs nearer than its votes are",
            f"{PAIRS} with several votes",
            numbers.ratio(noise),
            limits,
            few=_few_pairs(noise, f"{PAIRS} with several votes", limits, once),
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
            few=_few_pairs(flips, both, limits, how),
        ),
        measure(
            "position",
            "Won by the text shown first",
            named_one,
            numbers.ratio(firsts),
            limits,
            few=_few_pairs(firsts, named_one, limits, how),
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
        few=_few(found.n, DECISIONS, limits, evidence.why),
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
        few=_few(least, of, limits, evidence.why or why),
    )


def _few(n: int, of: str, limits: Limits, how: str) -> str:
    return f"{n:,} {of}; at least {limits.fewest:,} are needed. {how}".strip() if n < limits.fewest else ""


def _few_pairs(
    parts: Sequence[tuple[float, int]], of: str, limits: Limits, how: str, groups: int = numbers.FEWEST_GROUPS
) -> str:
    """What pairs lack, given as those of each prompt: there are too few of them, or they are of too few prompts."""
    n, prompts = sum(number for _, number in parts), sum(number > 0 for _, number in parts)
    lacking = f"{n:,} {of}, of {prompts:,} prompts; {groups:,} prompts are needed. {how}".strip()
    return _few(n, of, limits, how) or (lacking if prompts < groups else "")


def measure(
    name: str,
    title: str,
    of: str,
    number: Number,
    limits: Limits,
    *,
    few: str,
    below: bool = False,
    is_share: bool = True,
    undefined: str = "",
    is_two_sided: bool = False,
) -> Measure:
    """The measure with its light; unknown below its fewest rows, where its value is not defined, and where it has a
    limit and no interval."""
    amber, red = (getattr(limits, f"{name}_{light}", None) for light in ("amber", "red"))
    if few or number.value is None:
        why = few or f"{undefined or 'It is not defined for these rows.'} {MORE}"
        return Measure(name, title, of, Number(n=number.n), Light.unknown, amber, red, below, is_share, why)
    is_limited = amber is not None or red is not None
    if is_limited and (number.low is None or number.high is None):
        why = f"It has no interval on these {number.n:,} rows, so nothing tells it from chance. {MORE}"
        return Measure(name, title, of, Number(n=number.n), Light.unknown, amber, red, below, is_share, why)
    light = Light.ok if is_limited else Light.unlimited
    for limit, color in ((amber, Light.amber), (red, Light.red)):
        if limit is not None and is_beyond(number, limit, below=below, is_two_sided=is_two_sided):
            light = color
    return Measure(name, title, of, number, light, amber, red, below, is_share)


def is_beyond(number: Number, limit: float, *, below: bool, is_two_sided: bool = False) -> bool:
    """Whether the whole interval is beyond the limit. Two-sided limits lie as far on the other side of one half."""
    if number.low is None or number.high is None:
        return False
    if is_two_sided:
        return number.low > limit or number.high < 1 - limit
    return number.high < limit if below else number.low > limit
