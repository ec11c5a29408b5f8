from backend.selectors.keep_all import KeepAll
from backend.values import Example, Group, Verdict
from tests.groups import by_person, prompt, sample, scored, texts


def test_keeps_every_text_as_often_as_it_was_drawn():
    group = Group(prompt(), (sample(1, "a", verdict=Verdict.reject, score=0.0), sample(2, "a"), sample(3, "b")))
    assert KeepAll().select([group], seed=1).examples == [Example(1, 1), Example(1, 2), Example(1, 3)]


def test_weighs_by_score():
    selection = KeepAll(weigh_by="score").select([scored([0.5, 1e-30, 0.0, None, -1.0])], seed=1)
    assert [example.weight for example in selection.examples] == [0.5, 1e-30, 0.0]
    assert selection.dropped == {"no score": 1, "score below 0": 1}


def test_leaves_out_empty_texts_what_people_rejected_and_what_was_cut_off():
    samples = (sample(1, " "), by_person(2, Verdict.reject), sample(3, finish_reason="length"))
    assert KeepAll().select([Group(prompt(), samples)], seed=1).dropped == {
        "empty text": 1,
        "rejected by a person": 1,
        "truncated": 1,
    }
    assert len(KeepAll(drop_truncated=False).select([Group(prompt(), samples)], seed=1).examples) == 1


def test_a_text_that_was_drawn_twice_counts_once_if_wanted():
    group = texts("a", " a ", "\u200b", "b")
    selection = KeepAll(drop_duplicates=True).select([group], seed=0)
    assert ([e.sample_id for e in selection.examples], selection.dropped) == (
        [1, 4],
        {"duplicate text": 1, "empty text": 1},
    )
    # Of another question it is another example, and one that was left out is none that counts.
    assert len(KeepAll(drop_duplicates=True).select([texts("a"), texts("a")], seed=0).examples) == 2
    cut = {"finish_reason": "length"}
    group = Group(prompt(), (sample(1, "a", **cut), sample(2, "a")))
    assert KeepAll(drop_duplicates=True).select([group], seed=0).examples == [Example(1, 2)]
