"""Tan and Zhu 2024 (NusaMT-7B), arXiv 2410.07830: what makes it that method."""

from collections import Counter
from pathlib import Path

import pytest

from backend import recipes
from tests.groups import prompt
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.rounds_of_inverse import FOG, ONE_DATABASE, RAIN, TEXTS, World, pairs, scripted
from tests.integration.recipes.rounds_of_turns import last, short, trained
from tests.rows import make_prompt_set

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


@ONE_DATABASE
@pytest.mark.slow
def test_translation_learns_into_the_natural_side(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = scripted(
        ("(?s)faithful.*fog in a harbour", "No"),
        ("faithful", "Yes"),
        ("(?s)into English.*Rain", "it rains on a roof"),
        ("(?s)into English.*Snow", "it snows"),
        ("(?s)into English.*Fog", "fog in a harbour"),
        ("(?s)into Balinese.*it rains", RAIN),
        ("(?s)into Balinese.*fog", FOG),
        ("into Balinese", "Something else entirely."),
    )
    loop = World(short("translation_self_learning", 1), engine, tiny, TEXTS)
    seeds = make_prompt_set(loop.project, prompts=["a real source"], answers=["a real target"])
    _, result = trained(loop, monkeypatch, mix_set_ids=(seeds.id,))
    # The way back from the second leads elsewhere, and the third is called unfaithful; the mixer adds a real pair.
    asked = "Translate into Balinese. Reply with the translation alone.\n\nit rains on a roof"
    assert pairs(last(result)) == Counter({(asked, RAIN): 1, ("a real source", "a real target"): 1})
