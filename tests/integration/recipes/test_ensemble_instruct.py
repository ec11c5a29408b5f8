"""Lee et al. 2023 (Ensemble-Instruct), arXiv 2310.13961: what makes it that method."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from backend import recipes
from backend.values import Verdict
from tests.groups import texts
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.rounds_of_inverse import ONE_DATABASE, TEXTS, World, scripted
from tests.integration.recipes.rounds_of_turns import last, last_content, short, trained
from tests.integration.test_rounds_of_own_prompts import adopted

PLACES = recipes.get("ensemble_instruct").places()
PARTS = [place.step.part for place in PLACES]


def kept(*answers: str) -> list[int]:
    group = texts(*answers)
    judgments = PARTS[7].judge(None, [group], seed=0)
    labels = {sample.id: PARTS[7].label([j for j in judgments if j.sample_id == sample.id]) for sample in group.samples}
    result = (replace(sample, score=labels[sample.id][0], verdict=labels[sample.id][1]) for sample in group.samples)
    return [row.sample_id for row in PARTS[8].select([replace(group, samples=tuple(result))], seed=0).examples]


def test_tasks_with_and_without_input_have_templates_of_their_own():
    first, second = PARTS[0].template, PARTS[9].template
    assert "needs no input" in first
    assert "below it an input" in second
    assert [part.name for part in PARTS[:9]] == [part.name for part in PARTS[9:18]]


def test_several_models_answer():
    assert [PLACES[n].step.by for n in (4, 5, 6)] == ["first", "second", "third"]
    assert PLACES[8].texts == (4, 5, 6)


def test_the_answer_most_like_the_others_is_kept():
    # Means of ROUGE-L with the other two: (6/8 + 2/6) / 2, (6/8 + 6/8) / 2, (2/6 + 6/8) / 2.
    assert kept("red green blue", "red green blue and black", "red and black") == [2]
    assert PARTS[8].max_per_prompt == 1


def test_none_is_kept_where_all_differ():
    assert kept("red", "green", "blue") == []
    assert Verdict.reject is PARTS[7].label(PARTS[7].judge(None, [texts("red", "green")], seed=0)[::2])[1]


def test_both_kinds_are_trained_on():
    assert PLACES[18].rows == (8, 17)


@ONE_DATABASE
@pytest.mark.slow
def test_of_several_models_answers_the_one_most_like_the_others_is_learned(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = ("name three colours of a flag", "say what iron does in water", "count the legs of a spider")
    given = ("sort these words: b c a please now", "translate this line: bonjour tout le monde")
    first = scripted(("needs no input", plain), ("below it an input", given), (".", "red green blue"))
    others = {"second": scripted((".", "red green blue and black")), "third": scripted((".", "red and black"))}
    loop = World(short("ensemble_instruct"), first, tiny, TEXTS, first=first, **others)
    ended, result = trained(loop, monkeypatch)
    assert {last_content(row, "completion") for row in last(result)} == {"red green blue and black"}
    asked = Counter(last_content(row, "prompt") for row in last(result))
    assert set(asked) == {prompt.text for prompt in adopted(ended.id)}
    assert set(asked) & set(plain)
    assert set(asked) & set(given)
    answered = Counter(row[5] for row in result["texts"] if row[0] in (3, 12))
    assert answered == {"first": len(asked), "second": len(asked), "third": len(asked)}
