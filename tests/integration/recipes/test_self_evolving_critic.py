"""Tang et al. 2025 (SCRIT), arXiv 2501.05727: what makes it that method."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from backend import recipes
from backend.engines.scripted import Scripted
from backend.values import Group, Verdict
from tests.groups import prompt, sample
from tests.integration.loop import Loop
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

STEPS = Steps(recipes.get("self_evolving_critic"))
SOLUTIONS = Group(prompt(answer="1 + 3\n#### 4"), (sample(1, "#### 5"), sample(2, "#### 4")))
IN_VIEW = Scripted(rules=({"pattern": "1 \\+ 3", "reply": "seen"}, {"pattern": "", "reply": "blind"}))


def test_critiques_are_written_with_the_reference_in_view_and_trained_on_without():
    asked = STEPS.ask(2, SOLUTIONS)
    samples = STEPS.part(3).generate(IN_VIEW, [group.prompt for group in asked], seed=0)
    assert [entry.text for several in samples for entry in several] == ["seen", "seen"]
    # What the rows ask: task and solution, no reference.
    assert all("1 + 3" not in group.prompt.messages[0]["content"] for group in asked)
    assert "#### 5" in asked[0].prompt.messages[0]["content"]
    assert [group.trained for group in asked] == [None, None]


def test_without_a_known_solution_there_is_no_critique():
    asked = STEPS.ask(2, Group(prompt(), SOLUTIONS.samples))
    assert STEPS.part(3).generate(IN_VIEW, [group.prompt for group in asked], seed=0) == [[], []]


def test_a_critique_is_kept_only_if_its_correction_reaches_the_right_answer():
    (first, _) = STEPS.ask(2, SOLUTIONS)
    critiques = answered(first, "the sum is wrong", "all is well", first=11)
    asked = STEPS.ask(4, critiques)
    assert "1 + 3" not in str(asked[0].prompt.messages), "the correction does not see the reference, either"
    corrected = [
        answered(entry, text, first=21 + n)
        for n, (entry, text) in enumerate(zip(asked, ("#### 4", "#### 5"), strict=True))
    ]
    judged = replace(critiques, samples=tuple(STEPS.parents(7, STEPS.label(6, corrected))))
    assert [completion.verdict for completion in judged.samples] == [Verdict.accept, Verdict.reject]
    assert [row.sample_id for row in STEPS.select(8, judged).examples] == [11]
    assert STEPS.places[8].source == 2, "the rows are critiques"
    assert (STEPS.part(9).name, STEPS.part(9).start) == ("sft", "policy")


@pytest.mark.slow
@ONE_DATABASE
def test_self_evolving_critic_keeps_critiques_that_lead_to_the_answer(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = scripted(
        everything_put_right=ANSWERS,
        For_you_alone=tuple(f"critique {n}" for n in range(9)),
        Find_out_whether="blind",
        prompt=ANSWERS,
    )
    _, result = trained(Loop(short("self_evolving_critic"), engine, tiny), monkeypatch)
    good = Counter(text for (_, text, _), (_, _, right) in with_parents(result, 2, 4) if right is Verdict.accept)
    assert Counter(last_content(row, "completion") for row in last(result)) == good
    assert good
    for row in last(result):
        assert "Find out whether" in last_content(row, "prompt")
        assert "For you alone" not in last_content(row, "prompt"), "the reference is not trained on"
