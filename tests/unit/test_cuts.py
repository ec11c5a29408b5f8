"""The judge's cut as people's decisions move it, worked out by hand."""

import pytest

from backend.judges.additive_rubric import AdditiveRubric
from backend.pipeline.cuts import Cut, Decided, best, figure, moved, relabelled, selector_at
from backend.pipeline.health.shapes import Evidence, Word
from backend.selectors.above_threshold import AboveThreshold
from backend.values import Group, LabelSource, Verdict
from tests.groups import by_person, prompt, sample
from tests.unit.test_judge_health import text

STRICT = ((5.0, 5, 0), (3.0, 6, 1), (1.0, 0, 8))
"""A judge that is too strict at 4: of each score how many texts people accept and reject."""


def rows(table: tuple[tuple[float, int, int], ...]) -> list[Decided]:
    return [Decided(score, n < good) for score, good, bad in table for n in range(good + bad)]


def evidence(table: tuple[tuple[float, int, int], ...], *, chosen: int = 0) -> Evidence:
    """Words on texts drawn at random, then on so many that were chosen: scored 3, and people reject them."""
    said = [Word(text(n, one.score), one.accepts, is_drawn=True) for n, one in enumerate(rows(table))]
    said += [Word(text(1000 + n, 3.0), False, is_drawn=False) for n in range(chosen)]
    others = tuple(text(2000 + n, 3.0) for n in range(400))
    return Evidence(AdditiveRubric(), texts=(*(one.text for one in said), *others), words=tuple(said))


def test_the_figures_are_those_of_the_table() -> None:
    some = rows(STRICT)
    # At 4: 5 of 11 good texts, no bad one. At 3: all 11 good ones, and 1 of 9 bad ones.
    assert [figure("f1", cut, some) for cut in (4, 3)] == pytest.approx([10 / 16, 22 / 23])
    assert [figure("youden", cut, some) for cut in (4, 3)] == pytest.approx([5 / 11, 8 / 9])
    assert [figure("accuracy", cut, some) for cut in (4, 3)] == pytest.approx([14 / 20, 19 / 20])
    assert figure("accuracy", 4, [Decided(5, True, 3.0), Decided(5, False)]) == 0.75


@pytest.mark.parametrize("rule", ["f1", "youden", "accuracy"])
def test_the_cut_moves_to_where_the_judge_agrees_best_with_people(rule: str) -> None:
    assert moved(rule, 4.0, evidence(STRICT), 20, 1) == Cut(rule, 4.0, 3.0, 20)
    assert best(rule, 4.0, rows(((5.0, 5, 0), (1.0, 0, 5)))) == 4.0, "of equals the nearest, which is the old one"


def test_texts_that_were_chosen_speak_for_themselves_alone() -> None:
    # Each of 20 texts at random speaks for 20 others, so 30 rejected ones that the queue chose do not outweigh them.
    assert moved("accuracy", 4.0, evidence(STRICT, chosen=30), 20, 1).new == 3.0
    alone = rows(((5.0, 5, 0), (3.0, 6, 31), (1.0, 0, 8)))
    assert best("accuracy", 4.0, alone) == 4.0


def test_the_cut_stays_where_decisions_say_too_little() -> None:
    few = moved("f1", 4.0, evidence(STRICT), 21, 1)
    assert (few.new, few.why) == (4.0, "20 blind decisions at random; at least 21 are needed.")
    assert moved("f1", 4.0, evidence(((5.0, 20, 0),)), 20, 1).why == "People said one and the same of all of them."
    chance = moved("accuracy", 4.0, evidence(((5.0, 10, 0), (3.0, 3, 2), (1.0, 0, 10))), 20, 1)
    assert (chance.new, "of resamples only" in chance.why) == (4.0, True), "5 texts do not tell 3 from 2"


def test_only_the_judges_own_labels_and_a_threshold_that_is_its_cut_move() -> None:
    group = Group(prompt(), (
        sample(1, score=3.0, verdict=Verdict.reject, source=LabelSource.judge),
        by_person(2, Verdict.reject, score=3.0), sample(3), sample(4, score=1.0, source=LabelSource.judge),
    ))  # fmt: skip
    cut = Cut("f1", 4.0, 3.0, 20)
    said = [one.verdict for one in relabelled(group, cut).samples]
    assert said == [Verdict.accept, Verdict.reject, None, Verdict.reject]
    assert relabelled(group, Cut("f1", 4.0, 4.0, 20)) is group
    thresholds = [selector_at(AboveThreshold(threshold=n), cut) for n in (4.0, 4.5)]
    assert [one.threshold for one in thresholds if isinstance(one, AboveThreshold)] == [3.0, 4.5]
