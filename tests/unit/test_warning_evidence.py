"""What the rules that warn are told: which texts are right, and numbers that are numbers."""

import math
from collections.abc import Iterator
from typing import Any

import pytest

from backend.db import tables
from backend.jobs import JobProgress
from backend.judges.exact_match import ExactMatch
from backend.judges.run_tests import RunTests
from backend.metrics import Evidence
from backend.metrics.judge_quality import JudgeQuality
from backend.pipeline import warn
from backend.pipeline.stage import StageContext
from backend.pipeline.warn import rules_of
from backend.pipeline.warning_evidence import ReadOnce, truth_of, with_finite_scores
from backend.recipes import Recipe
from backend.recipes import _parts as parts
from backend.values import Group, Verdict
from backend.warning_rules import TrainedText
from tests.groups import prompt, sample


def stage(verifier: Any, judge: Any = None) -> Any:
    judging = judge or parts.AdditiveRubric()
    steps = (parts.PromptSet(), parts.Sample(n=2), judging, parts.AboveThreshold(), parts.SFT())
    recipe = Recipe(name="x", title="X", steps=steps, metrics=(JudgeQuality(verifier=verifier),))
    round_ = tables.Round(id=1, recipe=recipe.model_dump(mode="json"), phase=0)
    return StageContext(0, 0, round_, recipe, JobProgress(0, 0))


def answered(**changes: Any) -> Group:
    texts = (sample(1, "#### 4"), sample(2, "#### 5"), sample(3, "I give up"))
    return Group(prompt(answer="4"), texts, **changes)


def test_an_unreadable_text_is_neither_right_nor_wrong() -> None:
    assert truth_of(stage(ExactMatch()), Evidence(round_groups=[answered()]), frozenset()) == {1: True, 2: False}


def test_texts_that_answer_no_prompt_have_no_verifiers_truth() -> None:
    about = Evidence(round_groups=[answered(parent=sample(9))], blind={2: Verdict.accept})
    assert truth_of(stage(ExactMatch()), about, frozenset()) == {2: True}
    grown = Evidence(round_groups=[answered(step=3)])
    assert truth_of(stage(ExactMatch()), grown, frozenset([3])) == {}


def test_programs_are_not_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(*args: Any, **more: Any) -> Any:
        raise AssertionError("a program was run")

    monkeypatch.setattr(RunTests, "judge", run)
    evidence = Evidence(round_groups=[answered()], machine={1: (1.0, Verdict.accept), 2: (0.0, Verdict.reject)})
    assert truth_of(stage(RunTests()), evidence, frozenset()) == {}
    assert truth_of(stage(RunTests(), RunTests()), evidence, frozenset()) == {1: True, 2: False}


def test_a_score_that_is_no_finite_number_is_no_score() -> None:
    group = Group(prompt(), (sample(1, score=math.nan), sample(2, score=2.0)))
    evidence = with_finite_scores(
        Evidence(
            round_groups=[group],
            machine={1: (math.inf, Verdict.accept), 2: (2.0, None)},
            pairs=[(group.samples[0], group.samples[1])],
        )
    )
    assert [completion.score for completion in evidence.round_groups[0].samples] == [None, 2.0]
    assert evidence.machine == {1: (None, Verdict.accept), 2: (2.0, None)}
    assert [entry.score for entry in evidence.pairs[0]] == [None, 2.0]


def test_training_rows_are_read_once_where_they_fit() -> None:
    reads = []

    def read() -> Iterator[TrainedText]:
        reads.append(1)
        yield from (TrainedText(n, "q", "four") for n in range(3))

    fits, large = ReadOnce(read, most=15), ReadOnce(read, most=14)
    assert [len([*fits()]) for _ in range(3)] == [3, 3, 3]
    assert len(reads) == 1
    assert [len([*large()]) for _ in range(2)] == [3, 3]
    assert len(reads) == 3
    broken_off = ReadOnce(read)
    next(broken_off())
    assert len([*broken_off()]) == 3


def test_what_cannot_be_gathered_fails_no_round(monkeypatch: pytest.MonkeyPatch) -> None:
    def gathered(*args: Any) -> Any:
        raise KeyError("answer")

    monkeypatch.setattr(warn, "gathered", gathered)
    rules = rules_of({"copying": {"is_on": False}})
    result = warn._looked(stage(ExactMatch()), rules, Evidence(), [])
    assert len(result) == len(rules) - 1
    assert {(str(level), reason[:31]) for _, _, level, reason in result} == {
        ("unknown", "This rule failed: KeyError: 'an")
    }
