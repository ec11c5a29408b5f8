"""Zhang et al. 2024 (Self-Tuning), arXiv 2406.06326: what makes it that method."""

from backend import recipes
from backend.values import DatasetType
from tests.groups import prompt

RECIPE = recipes.get("self_tuning")


def kinds(phase: int) -> list[str]:
    return [str(step.part.name) for step in RECIPE.phases[phase].steps]


def test_three_stages_of_one_round_each_and_the_last_repeats():
    assert [phase.rounds for phase in RECIPE.phases] == [1, 1, 1]
    assert [RECIPE.phase_of(n) for n in range(5)] == [0, 1, 2, 2, 2]


def test_stage_1_learns_documents_their_tasks_and_their_questions_together():
    assert kinds(0) == [
        "prompt_set",
        "plain_texts",
        "document_tasks",
        "own_answers",
        "plain_texts",
        "seed_share",
        "sft",
    ]
    assert RECIPE.places(0)[-1].rows == (1, 4, 5)
    assert [RECIPE.phases[0].steps[n].part.take for n in (1, 4)] == ["asked", "chats"]
    assert RECIPE.phases[0].steps[5].part.reads_seeds


def test_tasks_are_derived_from_the_very_documents():
    documents, tasks = RECIPE.phases[0].steps[0].part, RECIPE.phases[0].steps[2].part
    pool = [prompt(f"Text {n} begins. It goes on with words. It says one thing more.", id=n) for n in range(1, 30)]
    reply = tasks.ask([], pool, limit=5, seed=1)
    assert [entry.id for entry in documents.prompts(None, pool, limit=5, seed=2)] == [1, 2, 3, 4, 5]
    assert [entry.prompt.id for entry in reply] == [n for n in range(1, 6) for _ in tasks.kinds]
    assert len({entry.prompt.messages[0]["content"].split("\n")[0] for entry in reply}) == 4
    assert all(entry.prompt.answer for entry in reply)


def test_stage_2_learns_new_documents_with_a_review_and_stage_3_documents_alone():
    assert kinds(1) == ["prompt_set", "plain_texts", "seed_share", "sft"]
    assert kinds(2) == ["prompt_set", "plain_texts", "sft"]


def test_of_documents_every_token_is_learned_and_of_tasks_the_answer():
    for trainer in RECIPE.of_kind("trainer"):
        assert (trainer.name, trainer.start, trainer.answers_only) == ("sft", "policy", True)
        assert DatasetType.language_modeling in trainer.takes
    assert RECIPE.judges == []
