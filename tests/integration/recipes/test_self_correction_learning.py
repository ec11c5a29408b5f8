"""He et al. 2024 (self-correction learning), arXiv 2410.04055: what makes it that method."""

from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import select

from backend import recipes
from backend.db import reading, tables
from backend.values import Group, Verdict
from tests.groups import prompt, sample
from tests.integration.loop import RIGHT, Loop
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.rounds_of_turns import (
    ANSWERS,
    ONE_DATABASE,
    last,
    last_content,
    scripted,
    short,
    trained,
    with_parents,
)
from tests.integration.recipes.turns import Steps, answered

STEPS = Steps(recipes.get("self_correction_learning"))


def second(first: str, again: str) -> Group:
    """Both turns, judged, of a prompt whose answer is 4."""
    (group,) = STEPS.label(2, [Group(prompt(answer="4"), (sample(1, first),))])
    (asked,) = STEPS.ask(3, group)
    (judged,) = STEPS.label(5, [answered(asked, again, first=2)])
    return judged


def test_the_second_turn_sees_the_first_and_not_whether_it_was_right():
    asked = second("#### 5", "#### 4")
    assert [message["role"] for message in asked.prompt.messages] == ["user", "assistant", "user"]
    assert asked.prompt.messages[1]["content"] == "#### 5"
    assert asked.prompt.messages[2] == second("#### 4", "#### 4").prompt.messages[2]
    assert STEPS.part(3).about == "each"


def test_the_right_turn_is_preferred_to_the_wrong_one_in_both_directions():
    pairs = STEPS.select(6, second("#### 5", "#### 4"), second("#### 4", "#### 5"), second("#### 5", "#### 6")).examples
    assert [(pair.sample_id, pair.rejected_id) for pair in pairs] == [(2, 1), (1, 2)]


def test_both_stand_after_the_question_alone():
    assert second("#### 5", "#### 4").trained == prompt().messages
    assert STEPS.part(7).name == "dpo"


@pytest.mark.slow
@ONE_DATABASE
def test_self_correction_learning_prefers_the_right_turn(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = short("self_correction_learning", metrics=({"name": "correction_flips", "turn": "second"},))
    engine = scripted(Look_at_your_answer_again=(*ANSWERS, "hm"), prompt=ANSWERS)
    ended, result = trained(Loop(recipe, engine, tiny), monkeypatch)
    chains = list(with_parents(result, 0, 3))
    expected = Counter(
        (entry, two) if good is Verdict.accept else (two, entry)
        for (_, entry, good), (_, two, other) in chains
        if None not in (good, other) and good is not other
    )
    assert Counter((last_content(row, "chosen"), last_content(row, "rejected")) for row in last(result)) == expected
    assert expected
    assert all(len(row["prompt"]) == 1 and last_content(row, "prompt") in RIGHT for row in last(result))
    assert all(last_content(row, "chosen").endswith(RIGHT[last_content(row, "prompt")]) for row in last(result))
    with reading() as db:
        query = select(tables.Metric.name, tables.Metric.value).where(tables.Metric.round_id == ended.id)
        values = dict(db.execute(query).tuples().all())
    fixed = sum(a[2] is not Verdict.accept and b[2] is Verdict.accept for a, b in chains)
    assert values["correction_fixed"] == fixed / len(chains)
