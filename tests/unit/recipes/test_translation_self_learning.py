"""Tan and Zhu 2024 (NusaMT-7B), arXiv 2410.07830: what makes it that method."""

from backend import recipes
from tests.groups import prompt

RECIPE = recipes.get("translation_self_learning")
FIRST, SECOND = ([place.step.part for place in RECIPE.places(n)] for n in (0, 1))


def test_monolingual_texts_are_learned_before_anything_is_translated():
    assert [part.name for part in FIRST] == ["document_tasks", "own_answers", "keep_all", "sft"]
    assert FIRST[0].kinds == ("next_sentence",)
    assert [RECIPE.phase_of(n) for n in range(4)] == [0, 1, 1, 1]


def test_pairs_have_a_synthetic_source_and_a_natural_target():
    (asked,) = SECOND[0].ask([], [prompt("Ujan ulung.")], limit=1, seed=0)
    assert asked.prompt.messages[0]["content"].startswith("Translate into English.")
    assert asked.prompt.answer == "Ujan ulung."
    assert (SECOND[3].keep_answer, SECOND[4].name) == (True, "own_answers")
    assert SECOND[3].template.startswith("Translate into Balinese.")


def test_a_model_cleans_the_pairs_and_real_ones_stand_beside_them():
    assert [judge.name for judge in SECOND[2].judges] == ["yes_no_check", "round_trip"]
    assert SECOND[2].judges[1].template == SECOND[3].template, "the way back is what is trained"
    assert (SECOND[6].name, SECOND[6].reads_seeds) == ("seed_share", True)


def test_each_direction_is_measured_apart():
    assert RECIPE.metrics[0].by == "direction"
