import pytest
from pydantic import ValidationError

from backend.selectors.above_threshold import AboveThreshold
from backend.selectors.budget_examples import BudgetExamples
from backend.values import DatasetType, Group
from tests.groups import prompt, sample

GROUP = Group(
    prompt(),
    (
        sample(1, "long, long #### 4", score=1.0, num_tokens=9),
        sample(2, "#### 4", score=1.0, num_tokens=3),
        sample(3, "#### 5", score=0.0, num_tokens=3),
    ),
)


def test_each_kept_text_stands_after_the_number_of_its_tokens() -> None:
    selection = BudgetExamples(threshold=1.0).select([GROUP], seed=0)
    assert {example.sample_id: example.completion for example in selection.examples} == {
        1: "<budget>9</budget>\nlong, long #### 4",
        2: "<budget>3</budget>\n#### 4",
    }
    plain = AboveThreshold(threshold=1.0).select([GROUP], seed=0)
    assert [example.sample_id for example in selection.examples] == [example.sample_id for example in plain.examples]
    assert (selection.dropped, selection.unit) == (plain.dropped, plain.unit)
    assert BudgetExamples.makes is DatasetType.prompt_completion


def test_the_statement_is_a_knob_that_has_to_state_the_number() -> None:
    shortest = BudgetExamples(statement="[{tokens} tokens] ", threshold=1.0, max_per_prompt=1, order="shortest")
    assert [example.completion for example in shortest.select([GROUP], seed=0).examples] == ["[3 tokens] #### 4"]
    with pytest.raises(ValidationError, match=r"does not hold \{tokens\}"):
        BudgetExamples(statement="short")
