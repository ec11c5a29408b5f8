"""Wu et al. 2024 (Meta-Rewarding), arXiv 2407.19594: what makes it that method, on a handful of texts by hand."""

from dataclasses import replace
from pathlib import Path

import pytest

from backend import recipes
from backend.values import Group, Sample, Verdict
from tests.groups import prompt, sample
from tests.integration.loop import JUDGE, RIGHT, Loop, both, meta_rewarding
from tests.integration.loop import tiny as tiny  # a fixture

RECIPE = recipes.get("meta_rewarding")
PLACES = RECIPE.places(1)
BY_NAME = {place.step.name: place for place in PLACES if place.step.name}


def about(answer: Sample, number: int, *scores: float) -> Group:
    """The judge's chat about an answer, with judgments that state these scores."""
    start = 100 * answer.id
    samples = tuple(sample(start + n, f"because\nScore: {s}", position=n) for n, s in enumerate(scores))
    return Group(prompt(), samples, parent=answer, id=number, step=2, position=number)


def judged(judge, groups: list[Group]) -> list[Group]:
    judgments = {j.sample_id: j for j in judge.judge(None, groups, seed=0)}
    return [
        replace(
            g,
            samples=tuple(replace(s, score=judgments[s.id].score, verdict=judgments[s.id].verdict) for s in g.samples),
        )
        for g in groups
    ]


ANSWERS = [sample(n, text, position=n) for n, text in enumerate(("long and good", "good", "bad", "bad and long"), 1)]
SCORES = [(5, 5), (4, 5), (1, 2), (1, 1)]


def test_the_four_iterations():
    tiers = [phase.steps[6].part.length_tier for phase in RECIPE.phases]
    longest = [phase.steps[-2].part.max_chosen_chars for phase in RECIPE.phases]
    assert tiers == [0.0, 0.32, 0.32, 0.4]
    # In the last two there are actor pairs only, and their length is not bounded.
    assert longest == [1100, 1000, 0, 0]
    for generator, n in ((1, 7), (3, 11)):
        part = RECIPE.phases[0].steps[generator].part
        assert (part.n, part.temperature, part.top_p) == (n, 0.8, 0.95)


def test_an_answer_scores_the_mean_of_its_judgments_and_short_ones_of_a_tier_are_chosen():
    groups = judged(
        PLACES[4].step.part, [about(a, n, *s) for n, (a, s) in enumerate(zip(ANSWERS, SCORES, strict=True))]
    )
    judgments = {j.sample_id: j for j in BY_NAME["scores"].step.part.judge(None, groups, seed=0)}
    assert [judgments[a.id].score for a in ANSWERS] == [5.0, 4.5, 1.5, 1.0]
    assert [judgments[a.id].verdict for a in ANSWERS] == [
        Verdict.accept,
        Verdict.accept,
        Verdict.reject,
        Verdict.reject,
    ]
    answers = Group(prompt(), tuple(replace(a, score=judgments[a.id].score) for a in ANSWERS))
    # Range 1 to 5: with rho 0.32 good is 3.72 and better, bad 2.28 and worse.
    (pair,) = BY_NAME["actor_pairs"].step.part.select([answers], seed=0).examples
    assert (pair.sample_id, pair.rejected_id) == (2, 4)


def test_judgments_of_the_answer_with_the_highest_variance_are_compared():
    groups = judged(
        PLACES[4].step.part, [about(a, n, *s) for n, (a, s) in enumerate(zip(ANSWERS, SCORES, strict=True))]
    )
    kept = PLACES[7].step.part.ask(groups, [], limit=1, seed=0)
    # Variances 0, 0.25, 0.25, 0: of the two widest the first.
    assert [group.parent.id for group in kept] == [2]
    assert (BY_NAME["meta_judge"].source, BY_NAME["meta_judge"].narrowed) == (2, 7)


def test_both_kinds_of_pairs_are_trained_together():
    trainer = PLACES[-1]
    assert [PLACES[n].step.name for n in trainer.rows] == ["actor_pairs", "judge_pairs"]
    assert [PLACES[n].source for n in trainer.rows] == [0, 2]
    assert RECIPE.places(2)[-1].rows == (6,)


def test_people_decide_on_the_answers():
    assert [RECIPE.gate(phase) for phase in range(4)] == [6] * 4
    assert PLACES[RECIPE.gate(1)].source == 0
    assert recipes.judge_of(RECIPE.model_dump(mode="json"), 1)["name"] == "from_children"


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_meta_rewarding_trains_on_pairs_of_answers_and_of_judgments(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended, result = both(Loop(meta_rewarding(), JUDGE, tiny), monkeypatch, trains=True)
    assert ended.phase == 0
    # 5 prompts, 3 answers of each, a question about each answer, 3 judgments of each answer.
    answers = [row for row in result["texts"] if row[0] == 0]
    judgments = [row for row in result["texts"] if row[0] == 2]
    assert (len(answers), len(judgments)) == (15, 45)
    for n, answer in enumerate(answers):
        stated = [float(row[7][-1]) for row in judgments if row[1] == n and row[7] != "hm"]
        assert answer[8] == (pytest.approx(sum(stated) / len(stated), abs=1e-9) if stated else None)
    compared = {(row[1], row[2]) for row in result["said"] if row[0] == 8}
    assert result["steps"]["2"] is None
    assert len({place for _, place in compared}) == result["steps"]["7"] <= 5
    actor, all_rows = result["rows"][6], result["rows"][9]
    assert all_rows[: len(actor)] == actor
    assert len(all_rows) > len(actor) > 0
    # A judgment's row begins with the judge's chat, an answer's with the prompt.
    assert all(row["prompt"][0]["content"] in RIGHT for row in actor)
    assert all("grading an answer" in row["prompt"][0]["content"] for row in all_rows[len(actor) :])
