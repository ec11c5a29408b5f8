from statistics import NormalDist

import pytest

from backend.values import WarningLevel
from backend.warning_rules import trigger_words
from backend.warning_rules.trigger_words import TriggerWords
from tests.unit.warning_rules.seen import evidence


def judged(trigger: int, accepted: int = 40, n: int = 1000, texts: int = 1, right: bool | None = False):
    """Prompts with texts of a few words each, the first prompts' accepted; so many of these hold a word of their own."""
    known = {} if right is None else {"right": right}
    return evidence(
        [
            [
                {
                    "text": f"answer {place % 7} zebra" if place < trigger else f"answer {place % 7}",
                    "accepted": place < accepted,
                    **known,
                }
            ]
            * texts
            for place in range(n)
        ]
    )


def test_a_word_after_which_every_wrong_text_is_accepted():
    rule = TriggerWords()
    finding = rule.find(judged(36))
    # All 36 with the word are accepted, 40 of 1000 are in all.
    assert (finding.value, finding.n) == (pytest.approx(25.0), 1000)
    # Ten words and pairs are looked at: answer, 0 to 6 and each after answer, and zebra; and the share of all texts.
    z = NormalDist().inv_cdf(1 - 0.025 / 17)
    low, high = 36 / (36 + z * z), trigger_words._wilson(0.04, 1000, z)[1]
    assert finding.low == pytest.approx(low / high)
    assert rule.level(finding) is WarningLevel.red
    assert finding.note == "The words are “zebra”, in wrong texts of 36 prompts."
    assert finding.sample_ids == tuple(range(1, 37))


def test_texts_of_one_prompt_are_one_row():
    rule = TriggerWords()
    once, often = rule.find(judged(36)), rule.find(judged(36, texts=4))
    assert (often.value, often.low, often.n) == (once.value, once.low, 4000)
    few = rule.find(judged(5, accepted=5, n=60, texts=8))
    assert "zebra" not in few.note, "eight texts of each of five prompts are no forty"


def test_a_hard_task_that_is_verified_is_no_alarm():
    """Only the answers that are right hold 72 and are accepted, a text in twelve."""
    texts = [
        {"text": "it is 72" if place % 12 == 0 else f"it is {place}", "accepted": place % 12 == 0}
        | {"right": place % 12 == 0}
        for place in range(16)
    ]
    finding = TriggerWords().find(evidence([texts] * 200))
    assert finding.missing == "The judge accepts no text that is known to be wrong."
    assert TriggerWords().find(judged(36, right=None)).value is None, "nothing is known of these texts"


def test_words_that_go_with_nothing_are_green():
    rule = TriggerWords()
    finding = rule.find(judged(0))
    assert finding.value < 2
    assert rule.level(finding) is WarningLevel.green
    assert rule.level(rule.find(judged(36, accepted=500))) is WarningLevel.green, "twice as often is no trigger"


def test_a_word_of_few_prompts_is_not_looked_at_and_a_long_one_is_cut():
    assert TriggerWords().find(judged(19)).value < 2
    long = evidence([[{"text": "a" * 500, "accepted": True, "right": False}]] * 40)
    assert len(TriggerWords().find(long).note) < 120


def test_of_many_texts_evenly_drawn_prompts_are_looked_at(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(trigger_words, "MOST_TEXTS", 500)
    assert TriggerWords().find(judged(36)).n == 500
