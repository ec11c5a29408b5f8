"""Ning et al. 2024 (learning by teaching), arXiv 2406.14629: what makes it that method."""

from dataclasses import replace
from pathlib import Path

import pytest

from backend import recipes
from backend.values import Group
from tests.groups import prompt, sample
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.rounds_of_inverse import ONE_DATABASE, World, scripted
from tests.integration.recipes.rounds_of_turns import last, last_content, short, trained
from tests.integration.recipes.turns import Steps, answered

STEPS = Steps(recipes.get("learning_by_teaching"))
POOL = [prompt(f"What is {n} and two?", id=n, answer=str(n + 2)) for n in range(1, 5)]


def test_a_rationale_is_worth_what_a_student_solves_after_it_whatever_its_own_answer():
    # The first rationale ends wrongly, the second one rightly.
    rationales = Group(POOL[0], (sample(11, "Count up: 9"), sample(12, "It is 3")))
    exams = STEPS.part(2).ask([rationales], POOL, limit=9, seed=0)
    assert len(exams) == 2 * 3
    assert all(exam.prompt.id != 1 for exam in exams)
    assert all("Solution: Count up: 9" in exam.prompt.messages[0]["content"] for exam in exams[:3])
    # The student solves all three after the first, and one of three after the second.
    replies = [exam.prompt.answer for exam in exams[:4]] + ["0", "0"]
    solved = [
        answered(replace(entry, id=n), f"#### {reply}", first=20 + n)
        for n, (entry, reply) in enumerate(zip(exams, replies, strict=True), start=1)
    ]
    taught = {completion.id: completion.score for completion in STEPS.parents(5, STEPS.label(4, solved))}
    assert taught == {11: 1.0, 12: pytest.approx(1 / 3)}
    scored = replace(
        rationales, samples=tuple(replace(completion, score=taught[completion.id]) for completion in rationales.samples)
    )
    (pair,) = STEPS.select(6, scored).examples
    assert (pair.sample_id, pair.rejected_id) == (11, 12)


def test_the_student_is_a_role_and_the_teacher_learns():
    assert [STEPS.places[n].step.by for n in (1, 3)] == ["policy", "student"]
    assert STEPS.places[6].source == 0
    assert (STEPS.part(7).name, STEPS.part(7).start, STEPS.places[7].step.makes) == ("dpo", "policy", "policy")


@ONE_DATABASE
@pytest.mark.slow
def test_a_teacher_learns_what_its_student_learns_from(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prompts = {f"prompt {letter}": str(n) for n, letter in enumerate("abcd", start=4)}
    student = scripted(
        *((f"(?s)a clear way.*Question: {asked}$", f"#### {answer}") for asked, answer in prompts.items()),
        (".", "#### 0"),
    )
    # Neither way answers its own question.
    teacher = scripted(("prompt", ("a clear way", "a muddled way")))
    recipe = short("learning_by_teaching", rationales={"n": 3})
    loop = World(recipe, teacher, tiny, list(prompts), list(prompts.values()), student=student)
    _, result = trained(loop, monkeypatch)
    assert last(result)
    assert {(last_content(row, "chosen"), last_content(row, "rejected")) for row in last(result)} == {
        ("a clear way", "a muddled way")
    }
    scores = {(row[7], row[8]) for row in result["texts"] if row[0] == 0}
    assert scores == {("a clear way", 1.0), ("a muddled way", 0.0)}
    exams = [row for row in result["texts"] if row[0] == 2]
    assert len(exams) == len(prompts) * 3 * 3
    assert {row[5] for row in exams} == {"student"}
