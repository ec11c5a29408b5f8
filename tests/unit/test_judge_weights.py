"""What people said of all texts where the queue chose some of those they decided, worked out by hand."""

import random
from statistics import fmean, stdev

import pytest

from backend.metrics._intervals import wilson
from backend.pipeline.health import HealthLimits, Light
from backend.pipeline.health.corrected import LabelPair, Population, estimate
from backend.pipeline.health.shapes import HealthEvidence, HealthMeasure, Witness, Word
from backend.pipeline.health.weights import agreement, weighed
from tests.unit.test_judge_health import judged, of, text

TEXTS = tuple(text(n, float(n < 50)) for n in range(100))
"""The judge accepts the first half."""
WRONG = [Word(judged_text, False, is_drawn=False) for judged_text in TEXTS[:10]]
"""Ten that it accepts, which the queue chose, and people reject."""
RIGHT = [Word(judged_text, bool(judged_text.accepted), is_drawn=True) for judged_text in (*TEXTS[40:50], *TEXTS[50:60])]
"""Twenty that the queue drew from the others, on which people agree with the judge."""


def of_words(words: list[Word], why: str = "") -> HealthEvidence:
    witnesses = tuple(Witness(word.text, word.accepts) for word in words if word.is_drawn or word.is_known)
    return of(texts=TEXTS, words=tuple(words), witnesses=witnesses, why=why)


def by_name(words: list[Word], **limits: int) -> dict[str, HealthMeasure]:
    return judged(of_words(words), **limits)[1]


def test_what_was_chosen_speaks_for_itself_and_what_was_drawn_for_all_others() -> None:
    result = weighed(of_words([*WRONG, *RIGHT]), HealthLimits())
    # 90 of 100 texts are left when the twenty are drawn.
    assert [word.weight for word in result.words] == [1.0] * 10 + [4.5] * 20
    assert (result.texts, result.accepted, result.by_draw) == (100, 50, True)
    measures = by_name([*WRONG, *RIGHT], fewest=10)
    # The judge accepts 50, of which ten are known to be wrong; people accept all ten that were drawn of the other 40.
    precision = measures["precision"].number
    assert (precision.value, precision.high, precision.n) == pytest.approx((0.8, 0.8, 20))
    assert precision.low == pytest.approx(0.8 * wilson(10, 10)[0])
    # Observed 0.4 + 0.5; by chance, 0.4 of people's and 0.5 of the judge's words being accepts, one half.
    assert measures["kappa"].number.value == pytest.approx((0.9 - 0.5) / (1 - 0.5))
    # Of 60 values 27 are accepts: expected 2 * 27 * 33 / (60 * 59).
    assert measures["alpha"].number.value == pytest.approx(1 - 0.1 * 60 * 59 / (2 * 27 * 33))
    assert measures["calibration"].number.value == pytest.approx(0.1)
    assert measures["kappa"].of == "blind decisions, weighed by how the queue took them, and gold items"


def test_what_is_known_of_a_verdict_is_no_sample_of_it() -> None:
    known = [Word(judged_text, False, is_drawn=False) for judged_text in TEXTS[:30]]
    number = by_name([*known, *RIGHT], fewest=10)["precision"].number
    # At most the 20 others of the 50 that the judge accepts are right.
    assert (number.value, number.high) == pytest.approx((0.4, 0.4))
    assert number.low == pytest.approx(0.4 * wilson(10, 10)[0])
    after = by_name([*RIGHT, *known], fewest=10)["precision"].number
    assert after.high == pytest.approx(0.4), "the draws knew nothing of these yet, and cannot outdo them"


def test_what_the_queue_chose_alone_turns_no_light_red() -> None:
    texts = tuple(text(n, float(n < 100)) for n in range(1000))
    chosen = [Word(reply, False, is_drawn=False) for reply in texts[:20]]
    none = [Word(reply, False, is_drawn=True) for reply in texts[500:520]]
    health, measures = judged(of(texts=texts, words=(*chosen, *none)))
    assert health.light is Light.unknown
    assert measures["precision"].missing.startswith("0 texts that it accepts and people decided, drawn at random; at l")
    assert measures["kappa"].missing.startswith("No text that the judge accepts was drawn at random.")
    assert measures["calibration"].missing.startswith("0 texts from 0.50 to 1.00 of the scale were drawn")
    assert [(entry.low, entry.n) for entry in health.calibration] == [(0.0, 20)]
    few = [Word(reply, False, is_drawn=True) for reply in (*texts[20:22], *texts[500:518])]
    _, measures = judged(of(texts=texts, words=(*chosen, *few)))
    assert measures["kappa"].light is not Light.red, "two draws leave open that people accept half of what it accepts"


def test_where_all_was_decided_nothing_is_left_to_chance_but_one_word_for_all_says_nothing() -> None:
    texts = TEXTS[30:70]
    words = tuple(Word(reply, n % 4 > 0, is_drawn=True) for n, reply in enumerate(texts))
    _, measures = judged(of(texts=texts, words=words))
    # People accept 15 of each 20.
    assert (measures["kappa"].number.low, measures["precision"].number.high) == (0.0, 0.75)
    always = TEXTS[:40]
    _, measures = judged(
        of(texts=always, words=tuple(Word(alway, n % 4 > 0, is_drawn=True) for n, alway in enumerate(always)))
    )
    assert measures["kappa"].light is Light.unknown, "kappa is 0 whatever people say where the judge accepts all"
    assert measures["precision"].number.value == 0.75


def test_recall_counts_what_was_chosen_among_the_rejected() -> None:
    missed = [Word(judged_text, True, is_drawn=False) for judged_text in TEXTS[90:]]
    drawn = [
        Word(judged_text, bool(judged_text.accepted), is_drawn=True) for judged_text in (*TEXTS[:25], *TEXTS[50:75])
    ]
    recall = by_name([*missed, *drawn])["recall"].number
    # All 50 that the judge accepts, and ten that it missed.
    assert (recall.value, recall.n) == pytest.approx((50 / 60, 35))
    worst, most = wilson(25, 25)[0], 0.2 + 0.8 * wilson(0, 25)[1]
    assert (recall.low, recall.high) == pytest.approx((worst / (worst + most), 1 / (1 + 0.2)))


def test_a_word_is_weighed_by_what_was_known_by_then() -> None:
    result = weighed(of_words([*RIGHT[:10], *WRONG, *RIGHT[10:]]), HealthLimits())
    # 100 texts were left for the first ten draws, which the ten later ones know, too: 5 + 10 / 20. 80 were left then.
    assert [word.weight for word in result.words] == [5.5] * 10 + [0.5] * 10 + [4.0] * 10
    assert sum(word.weight for word in result.words) == 100
    later = weighed(of_words([*RIGHT, *WRONG]), HealthLimits())
    assert [word.weight for word in later.words] == [5.0] * 20 + [0.0] * 10


def test_a_label_that_was_known_speaks_for_itself_beside_draws_and_for_all_without_them() -> None:
    known = [Word(judged_text, False, is_drawn=False, is_known=True) for judged_text in TEXTS[:20]]
    beside = weighed(of_words([*known, *RIGHT]), HealthLimits())
    assert [word.weight for word in beside.words] == [1.0] * 20 + [4.0] * 20
    alone = weighed(of_words(known), HealthLimits())
    assert ([word.weight for word in alone.words], alone.by_draw) == ([1.0] * 20, False)
    assert (alone.of_verdict(True).value, alone.of_verdict(True).high) == pytest.approx((0.0, wilson(0, 20)[1]))


def test_with_fewer_draws_than_the_fewest_rows_what_was_chosen_is_left_out() -> None:
    _, measures = judged(of_words([*WRONG, *RIGHT[:19]], "Keep random_share above 0."))
    reply = "19 blind decisions at random and gold items; at least 20 are needed. Keep random_share above 0."
    assert (measures["kappa"].light, measures["kappa"].missing) == (Light.unknown, reply)


def test_the_interval_of_an_agreement_is_that_of_the_draws() -> None:
    kappa, _ = agreement(weighed(of_words([*WRONG, *RIGHT]), HealthLimits()))
    # With as many accepts as rejects kappa is the difference of the shares that people accept of each.
    assert (kappa.value, kappa.high) == pytest.approx((0.8, 0.8))
    assert kappa.low is not None
    assert kappa.high is not None
    assert kappa.low == pytest.approx(0.8 * wilson(10, 10)[0] - wilson(0, 10)[1])
    mixed = [Word(word.text, word.accepts is (n % 4 > 0), is_drawn=True) for n, word in enumerate(RIGHT)]
    wider, _ = agreement(weighed(of_words([*WRONG, *mixed]), HealthLimits()))
    assert wider.low is not None
    assert wider.high is not None
    assert wider.high - wider.low > kappa.high - kappa.low


def test_a_mixed_queue_is_weighed_without_a_lean() -> None:
    """Every second text is the next wrong one of the judge's, every other is drawn: 15 % of all stay 15 %."""
    chance, result = random.Random(1), []
    for _ in range(400):
        wrong = set(chance.sample(range(100), 15))
        left, turns = list(range(100)), []
        for n in range(40):
            replies = [entry for entry in left if entry in wrong]
            at = min(replies) if n % 2 and replies else chance.choice(left)
            left.remove(at)
            turns.append(LabelPair(float(at in wrong), 0.0, is_drawn=not (n % 2 and replies)))
        result.append(estimate(turns, Population(100, 0.0), 0.0).value or 0.0)
    assert fmean(result) == pytest.approx(0.15, abs=3 * stdev(result) / 20)
    assert stdev(result) / 20 < 0.003, "fine enough to see a lean of one point"
