"""The share of right answers that people's decisions correct, worked out by hand."""

import pytest

from app.widgets import judge_health
from backend.pipeline.health import CorrectedShare, HealthLimits, corrected
from backend.pipeline.health.corrected import LabelPair, Population, estimate, population, tuned
from backend.pipeline.health.shapes import HealthEvidence, Word
from tests.unit.test_judge_health import of, text

FOUR = [LabelPair(1, 1), LabelPair(0, 1), LabelPair(0, 0), LabelPair(0, 0)]


def test_the_tuning_is_that_of_ppi_plus_plus() -> None:
    # cov(y, f) / var(f) is (0.375 - 0.125 + 0.125 + 0.125) / 1; with 4 of 10 texts drawn, 1 + n / N is 1 + 4 / 6.
    assert tuned(FOUR, 10) == pytest.approx(0.5 / (1 + 4 / 6))
    assert tuned([LabelPair(1, 0), LabelPair(0, 1)], 10) == 0, "a judge that says the opposite is not listened to"
    assert tuned([LabelPair(1, 1), LabelPair(0, 1)], 10) == 0, "nor one that says one thing only"


def test_the_judges_share_moves_by_what_people_say_of_the_texts_that_were_drawn() -> None:
    # 0.3 * 0.6 + (0.7 - 0.3 + 0 + 0) / 4. The interval is of 0.7, -0.3, 0, 0 and the two more, 1 and -0.3: their
    # variance is (1.67 - 6 * (1.1 / 6) ** 2) / 5, and 6 of 10 texts are left.
    result = estimate(FOUR, Population(10, 0.6), 0.3)
    assert result.value == pytest.approx(0.28)
    half = 1.959964 * (0.6 * ((1.67 - 6 * (1.1 / 6) ** 2) / 5) / 4) ** 0.5
    assert (result.low, result.high, result.n) == (0.0, pytest.approx(0.28 + half), 4)


def test_a_text_that_was_chosen_speaks_for_itself_alone() -> None:
    # Of 10 texts the judge accepts 5. People reject one of these, which was chosen; the 9 others are as it says.
    chosen, drawn = LabelPair(0, 1, is_drawn=False), LabelPair(1, 1)
    assert estimate([chosen, drawn], Population(10, 0.5), 1.0).value == pytest.approx(0.4)
    assert estimate([drawn, chosen], Population(10, 0.5), 1.0).value == pytest.approx(0.5), "it was not chosen by then"


def test_a_judge_that_nobody_contradicts_is_not_exact_and_one_of_whom_all_is_known_is() -> None:
    result = estimate([LabelPair(1, 1), LabelPair(0, 0)] * 50, Population(100_000, 0.5), 1.0)
    # The variance is that of 100 zeros, a 1 and a -1: 2 / 101.
    assert (result.low, result.high) == pytest.approx((0.5 - 0.0276, 0.5 + 0.0276), abs=0.0001)
    all_known = estimate([LabelPair(1, 1), LabelPair(0, 0)] * 50, Population(100, 0.5), 1.0)
    assert (all_known.low, all_known.high) == (0.5, 0.5)


def test_what_some_groups_say_of_all_has_a_variance_of_groups() -> None:
    texts = [text(n, float(score), group_id=group) for n, (group, score) in enumerate([(1, 1), (1, 1), (2, 0), (2, 1)])]
    assert population(texts, 0, 4) == Population(4, 0.75)
    # Of 8 groups 2: each is half a text away from its three quarters, (1 - 2 / 8) * 0.5 / (2 * 1) / 2 ** 2.
    assert population(texts, 8, 4) == Population(16, 0.75, pytest.approx(0.75 * 0.5 / 2 / 4))


def test_below_its_fewest_draws_it_is_unknown_and_says_how_to_get_them() -> None:
    texts = tuple(text(n, 1.0) for n in range(50))
    words = tuple(Word(reply, True, is_drawn=n < 19) for n, reply in enumerate(texts[:40]))
    evidence: HealthEvidence = of(texts=texts, words=words, why="Keep random_share above 0.")
    corrected_share = corrected(evidence, HealthLimits())
    assert (
        corrected_share.judge,
        corrected_share.number.value,
        corrected_share.number.n,
        corrected_share.chosen,
        corrected_share.texts,
    ) == (1.0, None, 19, 21, 50)
    assert corrected_share.missing.endswith("at least 20 are needed. Keep random_share above 0.")
    enough = corrected(evidence, HealthLimits(fewest=19))
    assert (enough.missing, enough.number.value) == ("", 1.0)
    assert corrected(of(), HealthLimits()) == CorrectedShare(missing="The judge has accepted or rejected no text yet.")


def test_texts_decided_in_bulk_are_no_part_of_what_is_corrected() -> None:
    texts = tuple(text(n, float(n % 2), by_people=n >= 40) for n in range(60))
    words = tuple(Word(line, bool(line.accepted), is_drawn=True) for line in texts[:30])
    assert corrected(of(texts=texts, words=words), HealthLimits()).texts == 40
    none_left = corrected(of(texts=texts[40:]), HealthLimits())
    assert (none_left.judge, none_left.number.value) == (0.5, None)
    assert "none is left to draw" in none_left.missing
    reply = judge_health.corrected(none_left)
    assert reply.startswith(
        "Share of right answers: the judge says 50.0%; what people’s decisions correct that to is unknown"
    )
    assert "decided in bulk" in reply
    assert "no text yet" in judge_health.corrected(corrected(of(), HealthLimits()))


def test_a_label_that_was_known_is_no_decision() -> None:
    texts = tuple(text(n, 1.0) for n in range(50))
    words = [Word(reply, True, is_drawn=False, is_known=True) for reply in texts[:3]]
    words += [Word(reply, True, is_drawn=n > 0) for n, reply in enumerate(texts[3:24])]
    corrected_share = corrected(of(texts=texts, words=tuple(words)), HealthLimits())
    assert (corrected_share.number.n, corrected_share.chosen, corrected_share.known) == (20, 1, 3)
    assert "corrected by 21 decisions and 3 labels that were known 100.0%" in judge_health.corrected(corrected_share)
