"""Ye and Ng 2024 (Self-J), arXiv 2409.00935: what makes it that method."""

from dataclasses import replace
from pathlib import Path

import pytest

from backend import recipes
from backend.generators.sample import conditioned
from backend.values import Group, Stage, Verdict
from tests.groups import prompt, sample, scored
from tests.integration.loop import RIGHT, Loop, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.rounds_of_scorers import brief, done
from tests.integration.recipes.rounds_of_turns import last_content, scripted, texts
from tests.integration.recipes.turns import Steps, answered
from tests.rows import make_checkpoint

RECIPE = recipes.get("self_judge")
SEEING, WITHOUT, SELECTIVE = (Steps(RECIPE, n) for n in range(3))
ANSWERED = Group(prompt(answer="a b c d"), (sample(1, "a b x y"),))


def test_training_scores_come_from_an_evaluation_that_sees_the_known_answer_moved_by_similarity():
    (asked,) = SEEING.ask(2, ANSWERED)
    assert "known to be good:\n\na b c d" in asked.prompt.messages[0]["content"]
    judged = SEEING.label(4, [answered(asked, "fair\nScore: 8", "poor\nScore: 6", "Score: 10", first=11)])
    # Mean 8; ROUGE-L 0.5 is 5.5 of 1 to 10; half of each is 6.75.
    (text,) = SEEING.parents(5, judged)
    assert text.score == 6.75
    (checked,) = SEEING.label(6, [replace(judged[0], parent=text)])
    assert [completion.verdict for completion in checked.samples] == [Verdict.reject, Verdict.accept, Verdict.reject]
    assert [row.sample_id for row in SEEING.select(7, checked).examples] == [12]
    assert SEEING.places[8].step.makes == "informed"


def test_the_final_judge_learns_from_the_informed_one_without_the_answer():
    (asked,) = WITHOUT.ask(2, ANSWERED)
    assert "a b c d" not in asked.prompt.messages[0]["content"]
    generator = WITHOUT.part(3)
    assert WITHOUT.places[3].step.by == "informed"
    assert "{answer}" in generator.conditions["informed"]
    # What the informed judge is asked is what it was trained on.
    (group,) = SEEING.ask(2, ANSWERED)
    shown = conditioned(asked.prompt.messages, generator.conditions["informed"], "a b c d")
    assert shown == group.prompt.messages
    assert (WITHOUT.places[6].step.makes, WITHOUT.part(6).start) == ("reference_free", "policy")


def test_a_judgment_without_a_score_is_not_learned():
    (asked,) = WITHOUT.ask(2, ANSWERED)
    (judged,) = WITHOUT.label(4, [answered(asked, "hm", "poor\nScore: 1", first=11)])
    assert [row.sample_id for row in WITHOUT.select(5, judged).examples] == [12]


def test_the_best_of_n_is_taken_and_below_a_floor_none():
    judge = SELECTIVE.places[2].step
    assert (judge.by, judge.part.needs_answer, judge.part.accept_at) == ("reference_free", False, 6.0)
    assert [row.sample_id for row in SELECTIVE.select(3, scored([7.0, 9.0, 6.0])).examples] == [2]
    declined = SELECTIVE.select(3, scored([5.9, 2.0, None]))
    assert declined.examples == []
    assert declined.dropped["below threshold"] == 2


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_self_judge_learns_recalibrated_scores_and_then_judges_without_the_answer(tiny: Path) -> None:
    graded = {"grading_an_answer": ("poor\nScore: 2", "fair\nScore: 6", "good\nScore: 9", "hm")}
    engine = scripted(**graded, prompt=tuple(RIGHT.values()))
    _, result = done(Loop(brief("self_judge", 0), engine, tiny))
    scores = {(row[1], row[6]): row[8] for row in result["texts"] if row[0] == 0}
    by_place = [scores[key] for key in sorted(scores)]
    # Of judgments of one answer with the same words one is kept.
    kept = {
        (place, text)
        for place, text, _ in texts(result, 2)
        if "Score" in text and by_place[place] is not None and abs(int(text[-1]) - by_place[place]) <= 1
    }
    assert (
        sorted(last_content(row, "completion") for row in result["rows"][7]) == sorted(text for _, text in kept) != []
    )
    assert all("known to be good" in last_content(row, "prompt") for row in result["rows"][7])

    loop = Loop(brief("self_judge", 1), engine, tiny)
    informed = make_checkpoint(loop.project, engine=scripted(known_to_be_good=("seen\nScore: 9", "hm"), prompt="blind"))
    waiting = loop.run(loop.launch(roles={"informed": informed.id}))
    assert waiting.stage is Stage.train
    rows = rows_of_round(waiting.id)["rows"][5]
    assert rows
    assert {last_content(row, "completion") for row in rows} == {"seen\nScore: 9"}
    assert not any("known to be good" in last_content(row, "prompt") for row in rows)

    loop = Loop(brief("self_judge", 2, answers={"n": 3}), scripted(prompt=("best", "fine", "poor")), tiny)
    engine = scripted(**{"(?s)<<<ANSWER\\nbest": "Score: 9", "(?s)<<<ANSWER\\nfine": "Score: 7", "ANSWER": "Score: 2"})
    judge = make_checkpoint(loop.project, engine=engine)
    waiting = loop.run(loop.launch(roles={"reference_free": judge.id}))
    result = rows_of_round(waiting.id)
    expected = set()
    for place in range(5):
        written = [text for at, text, _ in texts(result, 0) if at == place]
        expected |= {
            (place, reply)
            for reply in ("best", "fine")
            if reply in written and ("best" not in written or reply == "best")
        }
    assert len(result["rows"][3]) == len(expected)
    assert sorted(last_content(row, "completion") for row in result["rows"][3]) == sorted(text for _, text in expected)
