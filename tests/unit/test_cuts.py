"""The judge's cut as people's decisions move it, worked out by hand."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from backend import recipes
from backend.judges.additive_rubric import AdditiveRubric
from backend.pipeline.cuts import (
    Cut,
    ScoredDecision,
    best,
    by_chance,
    figures,
    in_words,
    is_judged,
    moved,
    relabelled,
    selector_at,
)
from backend.pipeline.health.shapes import HealthEvidence, Word
from backend.registry import import_all
from backend.selectors import Selector
from backend.selectors.above_threshold import AboveThreshold
from backend.services.recipes import steps_edit
from backend.values import Group, LabelSource, Verdict
from tests.groups import by_person, prompt, sample
from tests.unit.test_judge_health import text

STRICT = ((5.0, 5, 0), (3.0, 6, 1), (1.0, 0, 8))
"""A judge that is too strict at 4: of each score how many texts people accept and reject."""


def rows(table: tuple[tuple[float, int, int], ...]) -> list[ScoredDecision]:
    return [ScoredDecision(score, n < good) for score, good, bad in table for n in range(good + bad)]


def evidence(table: tuple[tuple[float, int, int], ...], *, chosen: int = 0) -> HealthEvidence:
    """Words on texts drawn at random, then on so many that were chosen: scored 3, and people reject them."""
    words = [
        Word(text(n, scored_decision.score), scored_decision.accepts, is_drawn=True)
        for n, scored_decision in enumerate(rows(table))
    ]
    words += [Word(text(1000 + n, 3.0), False, is_drawn=False) for n in range(chosen)]
    others = tuple(text(2000 + n, 3.0) for n in range(400))
    return HealthEvidence(AdditiveRubric(), texts=(*(word.text for word in words), *others), words=tuple(words))


def test_the_figures_are_those_of_the_table() -> None:
    some = rows(STRICT)
    # At 4: 5 of 11 good texts, no bad one. At 3: all 11 good ones, and 1 of 9 bad ones.
    by_rule = {rule: figures(rule, (1.0, 3.0, 4.0, 5.0), some) for rule in ("f1", "youden", "accuracy")}
    assert [by_rule["f1"][cut] for cut in (4, 3)] == pytest.approx([10 / 16, 22 / 23])
    assert [by_rule["youden"][cut] for cut in (4, 3)] == pytest.approx([5 / 11, 8 / 9])
    assert [by_rule["accuracy"][cut] for cut in (4, 3, 1)] == pytest.approx([14 / 20, 19 / 20, 11 / 20])
    assert figures("accuracy", (4, 5), [ScoredDecision(5, True, 3.0), ScoredDecision(5, False)])[4] == 0.75


@pytest.mark.parametrize("rule", ["f1", "youden", "accuracy"])
def test_the_cut_moves_to_where_the_judge_agrees_best_with_people(rule: str) -> None:
    assert moved(rule, 4.0, evidence(STRICT), 20, 1) == Cut(rule, 4.0, 3.0, 20)
    assert best(rule, 4.0, rows(((5.0, 5, 0), (1.0, 0, 5)))) == 4.0, "of equals the nearest, which is the old one"


def test_texts_that_were_chosen_speak_for_themselves_alone() -> None:
    # Each of 40 texts at random speaks for 11, so 30 rejected ones that the queue chose do not outweigh them.
    assert moved("accuracy", 4.0, evidence((*STRICT, *STRICT), chosen=30), 20, 1).new == 3.0
    alone = rows(((5.0, 5, 0), (3.0, 6, 31), (1.0, 0, 8)))
    assert best("accuracy", 4.0, alone) == 4.0


def test_the_cut_stays_where_decisions_say_too_little() -> None:
    few = moved("f1", 4.0, evidence(STRICT), 21, 1)
    assert (few.new, few.why) == (4.0, "20 blind decisions at random; at least 21 are needed.")
    assert moved("f1", 4.0, evidence(((5.0, 20, 0),)), 20, 1).why == "People said one and the same of all of them."
    chance = moved("accuracy", 4.0, evidence(((5.0, 10, 0), (3.0, 3, 2), (1.0, 0, 10))), 20, 1)
    assert (chance.new, "chance alone shows as much" in chance.why) == (4.0, True), "5 texts do not tell 3 from 2"


def test_as_much_by_chance_is_counted_in_resamples_in_which_no_cut_is_better() -> None:
    # At 3 net k of 20 texts are gained. A resample gains as much again where it draws these 2k times or more of 20.
    shares = [by_chance("accuracy", 4.0, rows(((5.0, 2, 0), (3.0, k, 0), (1.0, 0, 18 - k))), 1) for k in (2, 3, 4)]
    assert shares == pytest.approx([0.133, 0.067, 0.032], abs=0.03)
    two, four = (evidence(((5.0, 2, 0), (3.0, k, 0), (1.0, 0, 18 - k))) for k in (2, 4))
    assert (moved("accuracy", 4.0, two, 20, 1).new, moved("accuracy", 4.0, four, 20, 1).new) == (4.0, 3.0)


def test_the_best_of_many_cuts_is_held_against_the_best_of_many() -> None:
    # 20 texts of 20 scores, of which people accept every second one whatever the score.
    some = [ScoredDecision(float(n), n % 2 == 0) for n in range(20)]
    lucky = [ScoredDecision(float(n), n % 2 == 0 or n in (13, 15)) for n in range(20)]
    assert [best("accuracy", 19.0, scored_decision) != 19.0 for scored_decision in (some, lucky)] == [True, True]
    assert all(by_chance("accuracy", 19.0, scored_decision, 1) > 0.05 for scored_decision in (some, lucky))


def test_texts_that_could_not_be_drawn_or_have_no_score_are_spoken_for_by_none() -> None:
    # At 4 the judge is wrong on 6 drawn texts and at 3 on 1; 8 chosen ones that people reject score 3. With 400 other texts
    # each of the 20 drawn ones speaks for 21; where the others could not be drawn, or have no score, for itself alone.
    health_evidence = evidence(STRICT, chosen=8)
    others = [text(3000 + n, 3.0, by_people=True) for n in range(200)] + [text(4000 + n, None) for n in range(200)]
    drawn = tuple(reply for reply in health_evidence.texts if reply.id < 2000)
    assert moved("accuracy", 4.0, replace(health_evidence, texts=(*drawn, *others)), 20, 1).new == 4.0
    assert moved("accuracy", 4.0, health_evidence, 20, 1).new == 3.0


def test_a_selection_that_a_moved_cut_does_not_reach_says_why() -> None:
    cut = Cut("f1", 0.5, 0.7, 24)
    by_threshold = "above_threshold keeps what scores at least 1, which is not the judge’s cut"
    moved_by = "the judge’s cut moved from 0.5 to 0.7 by 24 decisions at random, by f1"
    noted = cut.noted(AboveThreshold(threshold=1.0))
    assert (noted["unused"], in_words(noted)) == (
        by_threshold,
        f"{moved_by}; it changes nothing in this selection: {by_threshold}",
    )
    assert in_words(cut.noted(AboveThreshold(threshold=0.5))) == in_words(cut.noted()) == moved_by
    assert "unused" not in Cut("f1", 0.5, 0.5, 3, "few").noted(AboveThreshold(threshold=1.0))
    listed = Path("docs/how-to/let-decisions-count.md").read_text(encoding="utf-8")
    import_all()
    result: list[Any] = [cls() for name, cls in Selector.registry.items() if name != "principle_pairs"]
    reached = {entry.name for entry in result if not entry.ignores_cut(0.5)}
    assert len(reached) == 5
    assert all(f"`{name}`" in listed for name in reached)


def test_only_the_judges_own_labels_and_a_threshold_that_is_its_cut_move() -> None:
    group = Group(
        prompt(),
        (
            sample(1, score=3.0, verdict=Verdict.reject, source=LabelSource.judge),
            by_person(2, Verdict.reject, score=3.0),
            sample(3),
            sample(4, score=1.0, source=LabelSource.judge),
        ),
    )
    cut = Cut("f1", 4.0, 3.0, 20)
    verdicts = [completion.verdict for completion in relabelled(group, cut).samples]
    assert verdicts == [Verdict.accept, Verdict.reject, None, Verdict.reject]
    assert relabelled(group, Cut("f1", 4.0, 4.0, 20)) is group
    thresholds = [selector_at(AboveThreshold(threshold=n), cut) for n in (4.0, 4.5)]
    assert [threshold.threshold for threshold in thresholds if isinstance(threshold, AboveThreshold)] == [3.0, 4.5]


@pytest.mark.parametrize(("judge", "labels"), [("read_score", True), ("project_questions", False)])
def test_a_judge_that_answers_questions_after_people_leaves_the_cut_to_them(judge: str, labels: bool) -> None:
    recipe = steps_edit.as_steps(recipes.get("self_rewarding").model_dump(mode="json"))
    steps = recipe["steps"]
    steps[4:4] = [{"part": {"name": judge}, "kind": "judge"}, dict(steps[3])]
    places = recipes.read(recipe).places(0)
    assert is_judged(places[3:5], places[5].source) is labels
