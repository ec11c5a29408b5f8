"""Which of a round's groups its metrics look at: those whose texts the first selector reads."""

import pytest

from backend import recipes
from backend.pipeline.round_evidence import looked_at


@pytest.mark.parametrize(
    ("name", "phase", "asked_by", "texts_by"),
    [
        ("self_rewarding", 0, "prompt_set", ["sample"]),
        ("meta_rewarding", 0, "prompt_set", ["sample"]),
        ("star", 0, "prompt_set", ["sample"]),
        ("process_self_rewarding", 1, "tree_search", ["tree_search"]),
        ("constitutional_ai", 0, "ask", ["sample"]),
        ("i_sheep", 0, "adopt", ["sample"]),
        ("self_judge", 0, "ask", ["sample"]),
        ("ensemble_instruct", 0, "adopt", ["sample", "sample", "sample"]),
        # The selector reads known answers alone: the model wrote the questions.
        ("back_training", 0, "inverse_prompts", ["sample"]),
        # Both selectors read questions: the model wrote what was adopted.
        ("know_rl", 0, "few_shot_prompts", ["sample"]),
        ("absolute_zero", 0, "verified_tasks", ["sample"]),
        # Nobody wrote anything before the training.
        ("intuitor", 0, "prompt_set", []),
    ],
)
def test_the_texts_that_the_first_selector_reads(name: str, phase: int, asked_by: str, texts_by: list[str]) -> None:
    places = recipes.get(name).places(phase)
    step = looked_at(places)
    read = next((place.texts for place in places if place.step.kind == "selector" and place.source == step), ())
    writers = read or [place.index for place in places if place.source == step and place.step.kind == "generator"]
    assert places[step].step.part.name == asked_by
    assert [places[n].step.part.name for n in writers] == texts_by
