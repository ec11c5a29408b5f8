"""Lee et al. 2025, arXiv 2502.01612: of equally difficult prompts, texts much shorter than the longest are dropped."""

from backend.judges.relative_length import RelativeLength
from backend.values import Group, Verdict
from tests.groups import prompt, sample


def test_a_text_is_as_long_as_its_share_of_the_longest_one_of_all_groups():
    groups = [
        Group(prompt(), (sample(1, " 0123456789 "), sample(2, "01234567"))),
        Group(prompt(id=2), (sample(3, "0123456"), sample(4, "0" * 50, finish_reason="length"))),
    ]
    judgments = RelativeLength(accept_at=0.8).judge(None, groups, seed=0)
    assert [judgment.sample_id for judgment in judgments] == [1, 2, 3, 4]
    assert [judgment.score for judgment in judgments] == [1.0, 0.8, 0.7, None]
    assert [judgment.verdict for judgment in judgments] == [Verdict.accept, Verdict.accept, Verdict.reject, None]
    assert RelativeLength().needs_all_groups
    assert RelativeLength().judge(None, [Group(prompt(), (sample(1, " "),))], seed=0)[0].score is None
