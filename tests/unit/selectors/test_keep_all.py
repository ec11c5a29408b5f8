from backend.selectors.keep_all import KeepAll
from backend.values import Example, Group, Verdict
from tests.groups import by_person, prompt, sample, scored


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
        "empty text": 1, "rejected by a person": 1, "truncated": 1,
    }  # fmt: skip
    assert len(KeepAll(drop_truncated=False).select([Group(prompt(), samples)], seed=1).examples) == 1
