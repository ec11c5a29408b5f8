"""What is trained on of a tree: whole right texts."""

from backend.selectors.tree_traces import TreeTraces
from backend.values import Example, Verdict
from tests.groups import by_person
from tests.trees import A1, A2, A, B, step, traces
from tests.unit.judges.test_step_value import ASKED, under


def test_whole_texts_that_end_right_are_answers_to_the_prompt() -> None:
    result = traces()
    assert result.examples == [
        Example(1, 2, messages=ASKED.messages, completion="thus\nthen\n#### 4"),
        Example(1, 3, messages=ASKED.messages, completion="so\n#### 4"),
    ]
    assert result.dropped == {"below threshold": 1}


def test_the_best_steps_come_first_and_bad_steps_drop_a_text() -> None:
    # Mean values of their steps: 1 and (0.5 + 1) / 2.
    result = traces(max_per_prompt=1)
    assert [example.sample_id for example in result.examples] == [2]
    assert result.dropped == {"below threshold": 1, "over max_per_prompt": 1}
    assert [example.sample_id for example in traces(min_value=0.6).examples] == [2]
    assert TreeTraces().needs_all_groups


def test_people_decide_on_steps_and_so_on_texts_through_them() -> None:
    bad = by_person(1, Verdict.reject, "so\n", score=0.5, extra=A.extra)
    assert [example.sample_id for example in traces(under(None, bad, B), under(bad, A1)).examples] == [2]
    good = by_person(4, Verdict.accept, "#### 7", score=0.25, extra=A2.extra)
    assert [example.sample_id for example in traces(under(A, good)).examples] == [4]
    edited = by_person(9, Verdict.accept, "mine\n", kind="edit")
    assert traces(under(None, edited)).dropped == {"no whole text after the step": 1}


def test_cut_texts_and_repeated_ones_are_dropped() -> None:
    cut = step(5, "thus\n", 1.0, "then", extra={"is_whole": False})
    twin = step(6, "thus\n", 1.0, "then\n#### 4")
    assert traces(under(None, B, cut, twin)).dropped == {"truncated": 1, "duplicate text": 1}
