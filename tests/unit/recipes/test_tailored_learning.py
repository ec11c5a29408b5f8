"""Wang et al. 2023 (tailored learning), arXiv 2310.13332: what makes it that method."""

from backend import recipes
from backend.values import Group, Verdict
from tests.groups import prompt, sample

RECIPE = recipes.get("tailored_learning")
PLACES = RECIPE.places()


def test_the_teacher_is_asked_for_data_about_what_the_student_failed_at():
    failed = Group(prompt("hard", id=1), (sample(1, verdict=Verdict.reject), sample(2, verdict=Verdict.reject)))
    solved = Group(prompt("easy", id=2), (sample(3, verdict=Verdict.reject), sample(4, verdict=Verdict.accept)))
    source = PLACES[3]
    (group,) = source.step.part.ask([failed, solved], [], limit=9, seed=0)
    assert group.prompt.id == 1
    assert "hard" in group.prompt.messages[0]["content"]
    assert PLACES[3].source == PLACES[1].source == 0


def test_tasks_and_rationales_are_the_teachers_attempts_the_students():
    assert {PLACES[n].step.name: PLACES[n].step.by for n in (1, 4, 7)} == {
        "attempts": "policy",
        "tasks": "teacher",
        "rationales": "teacher",
    }


def test_then_the_student_learns_from_its_own_right_and_wrong_attempts():
    taught, reflecting = PLACES[10].step, PLACES[12].step
    assert (taught.part.name, taught.makes) == ("sft", "taught")
    assert (reflecting.part.name, reflecting.part.start, reflecting.part.reference) == ("dpo", "taught", "taught")
    assert reflecting.makes == RECIPE.product == "policy"
    assert PLACES[11].source == PLACES[1].source
    assert (PLACES[10].rows, PLACES[12].rows) == ((9,), (11,))
