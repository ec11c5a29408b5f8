from backend.selectors.keep_texts import KeepTexts
from backend.values import Example, Group, Verdict
from tests.groups import by_person, prompt, sample, texts


def test_keeps_every_text_whatever_its_score():
    group = Group(prompt(), (sample(1, "a", score=0.0, verdict=Verdict.reject), sample(2, "b")))
    found = KeepTexts().select([group], seed=0)
    assert found.examples == [Example(1, 1), Example(1, 2)]
    assert (found.dropped, found.unit) == ({}, "samples")


def test_people_have_the_last_word():
    cut = {"finish_reason": "length"}
    group = Group(prompt(), (
        by_person(1, Verdict.reject, "a"), sample(2, "a"), by_person(3, Verdict.accept, "b", **cut), sample(4, "c", **cut),
    ))  # fmt: skip
    found = KeepTexts().select([group], seed=0)
    # The text that was rejected once is rejected wherever it stands.
    assert found.examples == [Example(1, 3)]
    assert found.dropped == {"rejected by a person": 2, "truncated": 1}
    assert len(KeepTexts(drop_truncated=False).select([group], seed=0).examples) == 2


def test_drops_what_is_empty_or_said_twice():
    group = texts("a", " a ", "\u200b", "b")
    found = KeepTexts().select([group], seed=0)
    assert ([e.sample_id for e in found.examples], found.dropped) == ([1, 4], {"duplicate text": 1, "empty text": 1})
    assert len(KeepTexts(drop_duplicates=False).select([group], seed=0).examples) == 3


def test_the_same_text_may_answer_two_questions():
    assert len(KeepTexts().select([texts("a"), texts("a")], seed=0).examples) == 2
