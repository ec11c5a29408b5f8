from dataclasses import replace

import pytest

from backend.values import WarningLevel
from backend.warning_rules.vote_collapse import VoteCollapse
from tests.unit.warning_rules.seen import evidence


def answered(texts: list[str], answers: list[str]):
    warning_evidence = evidence([[{"text": text}, {"text": text}, {"text": "other"}] for text in texts])
    groups = [
        replace(group, prompt=replace(group.prompt, answer=answer))
        for group, answer in zip(warning_evidence.round.round_groups, answers, strict=True)
    ]
    return replace(warning_evidence, round=replace(warning_evidence.round, round_groups=groups))


def test_one_text_on_many_prompts_beyond_what_answers_share():
    texts = ["it is 7"] * 20 + [f"it is {n}" for n in range(20)]
    answers = ["1"] * 4 + [str(n) for n in range(100, 136)]
    finding = VoteCollapse().find(answered(texts, answers))
    # 7 on 21 of 40 prompts, and the most frequent answer on 4 of 40.
    assert finding.value == pytest.approx(21 / 40 - 4 / 40)
    assert VoteCollapse().level(finding) is WarningLevel.red
    assert VoteCollapse().stops


def test_yes_to_half_of_all_prompts_is_no_collapse_where_half_are_yes():
    finding = VoteCollapse().find(answered(["yes", "no"] * 20, ["yes", "no"] * 20))
    assert finding.value == 0.0
    assert VoteCollapse().level(finding) is WarningLevel.green


def test_the_answer_counts_and_not_the_words_around_it():
    texts = [f"By way number {n} I find that the answer is 7." for n in range(40)]
    view = answered(texts, [str(n) for n in range(100, 140)])
    finding = VoteCollapse().find(view)
    assert finding.value == pytest.approx(1 - 1 / 40)
    about = [replace(group, parent=group.samples[0]) for group in view.round.round_groups]
    assert VoteCollapse().find(replace(view, round=replace(view.round, round_groups=about))).value is None
    in_trees = [replace(group, step=4) for group in view.round.round_groups]
    grown = replace(view, round=replace(view.round, round_groups=in_trees), tree_steps=frozenset([4]))
    assert VoteCollapse().find(grown).value is None


def test_a_tie_is_no_vote():
    warning_evidence = evidence([[{"text": "#### 7"}, {"text": f"#### {n}"}] for n in range(100, 140)])
    groups = [
        replace(round_group, prompt=replace(round_group.prompt, answer="1"))
        for round_group in warning_evidence.round.round_groups
    ]
    finding = VoteCollapse().find(replace(warning_evidence, round=replace(warning_evidence.round, round_groups=groups)))
    assert (finding.value, finding.n) == (None, 40)
    assert "more of its texts" in finding.missing
