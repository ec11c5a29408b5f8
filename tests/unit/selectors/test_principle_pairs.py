from collections import Counter
from dataclasses import replace

import pytest

from backend.judges.pairwise_swapped import PairwiseSwapped, drawn
from backend.judges.principled_reward import under
from backend.selectors.principle_pairs import PrinciplePairs
from backend.values import Group
from tests.groups import prompt, scored

NAMES, OPPOSITES = ("brief", "kind", "true"), ("not brief", "not kind", "not true")
GROUPS = [replace(scored([0.0, 1.0], id=n), position=n) for n in range(1, 61)]


def rows(part: PrinciplePairs):
    return part.select(GROUPS, seed=0).examples


def test_each_row_holds_the_principle_that_the_judge_drew():
    part = PrinciplePairs(principles=NAMES)
    for group, row in zip(GROUPS, rows(part), strict=True):
        assert row.messages == under(prompt().messages, (drawn(NAMES, group),))
        assert (row.sample_id, row.rejected_id) == (2, 1)
    assert len({row.messages[-1]["content"] for row in rows(part)}) == 3
    judge = PairwiseSwapped(template="{prompt}{a}{b}{principle}", principles=NAMES, draw_by="prompt")
    for group in GROUPS:
        # Whatever the seed of the batch.
        assert judge._drawn(group, 1) == judge._drawn(group, 2) == drawn(NAMES, group)
    assert (judge.fixed_principles, part.written_principles) == (NAMES, NAMES)
    assert judge.model_copy(update={"draw_by": "seed"}).fixed_principles == ()


def test_a_negated_row_prefers_the_other_text():
    records = rows(PrinciplePairs(principles=NAMES, negations=OPPOSITES))
    negated = [row for row in records if "- not " in row.messages[-1]["content"]]
    assert Counter((row.sample_id, row.rejected_id) for row in negated) == {(1, 2): len(negated)}
    assert {(row.sample_id, row.rejected_id) for row in records if row not in negated} == {(2, 1)}
    assert 15 < len(negated) < 45
    for group, row in zip(GROUPS, records, strict=True):
        assert drawn(NAMES, group) in row.messages[-1]["content"]


def test_the_share_of_negated_rows_may_be_none_or_all():
    for share, sides in ((0.0, (2, 1)), (1.0, (1, 2))):
        records = rows(PrinciplePairs(principles=NAMES, negations=OPPOSITES, negated_share=share))
        assert {(row.sample_id, row.rejected_id) for row in records} == {sides}


def test_equal_scores_make_no_row_and_a_stripped_question_is_left_out():
    part = PrinciplePairs(principles=NAMES)
    assert part.select([scored([1.0, 1.0])], seed=0).dropped == {"equal scores": 1}
    group: Group = replace(scored([0.0, 1.0]), trained=[{"role": "user", "content": "root"}])
    (row,) = part.select([group], seed=0).examples
    assert row.messages[0]["content"].startswith("root\n")


def test_each_principle_has_its_opposite():
    with pytest.raises(ValueError, match="1 negations for 3 principles"):
        PrinciplePairs(principles=NAMES, negations=("x",))
