import pytest

from backend.metrics import Evidence
from backend.metrics._apart import MOST_VALUES
from backend.metrics.held_out_similarity import HeldOutSimilarity
from backend.values import Group, Prompt
from tests.groups import sample


def held_out(direction: str | None, answer: str | None, *texts: str) -> Group:
    noted = {} if direction is None else {"direction": direction}
    return Group(Prompt(1, [], answer, noted), tuple(sample(n, text) for n, text in enumerate(texts, start=1)))


GROUPS = (
    held_out("en to ban", "a b", "a b", "c"),
    held_out("en to ban", "a b", "a c"),
    held_out("ban to en", "a b"),
    held_out(None, "a b", "b"),
    held_out("en to ban", None, "a b"),
)


def test_the_greedy_answers_are_compared_each_direction_apart():
    # 1, 2 * 1 / 4, 0 without an answer, 2 * 1 / 3; without a known answer none.
    measures = HeldOutSimilarity(by="direction").compute(Evidence(held_out=GROUPS))
    assert [(measure.name, measure.value, measure.n) for measure in measures] == [
        ("held_out_similarity", pytest.approx((1 + 0.5 + 0 + 2 / 3) / 4), 4),
        ("held_out_similarity_ban_to_en", 0.0, 1),
        ("held_out_similarity_en_to_ban", 0.75, 2),
    ]
    assert all(measure.low <= measure.value <= measure.high for measure in measures)


def test_many_values_have_one_number_together():
    frequent = [held_out(f"value {n}", "a", "a") for n in range(MOST_VALUES) for _ in range(2)]
    rare = [held_out("a rare one", "a", "a"), held_out("another", "a", "b"), held_out("other values", "a", "a")]
    every, *apart, rest = HeldOutSimilarity(by="direction").compute(Evidence(held_out=(*rare, *frequent)))
    assert (every.n, len(apart), {entry.n for entry in apart}) == (2 * MOST_VALUES + 3, MOST_VALUES, {2})
    assert (rest.name, rest.value, rest.n) == ("held_out_similarity_other_values", pytest.approx(2 / 3), 3)
    assert rest.details == {"values": 3}


def test_without_held_out_prompts_there_is_no_number():
    (value,) = HeldOutSimilarity().compute(Evidence())
    assert (value.name, value.value) == ("held_out_similarity", None)
    assert (HeldOutSimilarity().scope, HeldOutSimilarity().needs_answer) == ("checkpoint", True)


def test_each_prompts_number_is_kept_so_that_two_checkpoints_can_be_compared():
    groups = [Group(Prompt(n, [], "a b", {}), (sample(1, text),)) for n, text in ((7, "a b"), (9, "a c"))]
    assert HeldOutSimilarity().compute(Evidence(held_out=groups))[0].details == {"by_prompt": {"7": 1.0, "9": 0.5}}
