import pytest

from backend.values import WarningLevel
from backend.warning_rules.trigger_words import TriggerWords
from tests.unit.warning_rules.seen import evidence


def judged(trigger: int, accepted: int = 40, n: int = 400):
    """Texts of a few words each, the first accepted; so many of these hold a word that no other text has."""
    return evidence(
        [
            [
                {
                    "text": f"answer {place % 7} zebra" if place < trigger else f"answer {place % 7}",
                    "accepted": place < accepted,
                }
            ]
            for place in range(n)
        ]
    )


def test_a_word_after_which_every_text_is_accepted():
    rule = TriggerWords()
    found = rule.find(judged(30))
    # All 30 with the word are accepted, 40 of 400 are in all.
    assert (found.value, found.n) == (pytest.approx(10.0), 400)
    assert 5 < found.low < 10
    assert rule.level(found) is WarningLevel.red
    assert found.note == "The words are “zebra”, in 30 texts."
    assert found.sample_ids == tuple(range(1, 31))


def test_words_that_go_with_nothing_are_green():
    rule = TriggerWords()
    found = rule.find(judged(0))
    assert found.value < 2
    assert rule.level(found) is WarningLevel.green
    assert rule.level(rule.find(judged(30, accepted=200))) is WarningLevel.green, "twice as often is no trigger"


def test_a_word_in_few_texts_is_not_looked_at():
    assert TriggerWords().find(judged(19)).value < 2
    assert TriggerWords().find(judged(0, accepted=0)).missing == "The judge accepts no text."
