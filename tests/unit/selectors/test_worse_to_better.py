import pytest

from backend.selectors.worse_to_better import WorseToBetter
from backend.values import Example, Group, Verdict
from tests.groups import by_person, prompt, sample

ASK = "Q {prompt} W {response}"


def rows(part: WorseToBetter, *samples) -> list[Example]:
    return part.select([Group(prompt("2+2?"), samples)], seed=0).examples


def test_each_worse_text_is_turned_into_a_better_one_of_the_same_prompt():
    examples = rows(WorseToBetter(template=ASK), sample(1, "3", score=0.0), sample(2, "4", score=1.0))
    assert examples == [Example(1, 2, messages=[{"role": "user", "content": "Q 2+2? W 3"}])]


def test_of_the_best_the_most_similar_is_taken():
    texts = sample(1, "a b c", score=0.0), sample(2, "x y z", score=1.0), sample(3, "a b d", score=1.0)
    assert [row.sample_id for row in rows(WorseToBetter(template=ASK), *texts)] == [3]
    # What gains most comes first, however far away it is.
    texts = (*texts[:2], sample(3, "a b d", score=0.5))
    examples = rows(WorseToBetter(template=ASK), *texts)
    assert [(row.messages[0]["content"][-5:], row.sample_id) for row in examples] == [("a b c", 2), ("a b d", 2)]


def test_gains_below_the_least_one_count_for_nothing():
    texts = sample(1, score=0.0), sample(2, score=0.4), sample(3, score=1.0)
    examples = rows(WorseToBetter(template=ASK, min_gain=0.7), *texts)
    assert [row.sample_id for row in examples] == [3]


def test_equal_unscored_blank_and_repeated_texts_make_no_row():
    texts = sample(1, "a", score=1.0), sample(2, "a", score=1.0), sample(3), sample(4, "", score=0.0)
    selection = WorseToBetter(template=ASK).select([Group(prompt(), texts)], seed=0)
    assert selection.examples == []
    assert selection.dropped == {"duplicate text": 1, "no score": 1, "empty text": 1, "no better text": 1}


def test_people_stand_above_scores():
    texts = by_person(1, Verdict.accept, score=0.0), by_person(2, Verdict.reject, score=1.0), sample(3, score=0.5)
    examples = rows(WorseToBetter(template=ASK), *texts)
    assert [(row.messages[0]["content"][-1:], row.sample_id) for row in examples] == [("2", 1), ("3", 1)]


def test_the_template_shows_prompt_and_text():
    with pytest.raises(ValueError, match=r"lacks \{response\}"):
        WorseToBetter(template="{prompt}")
