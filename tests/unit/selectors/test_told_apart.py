"""What people rejected is counted as often as they rejected, whatever else has the same text."""

from dataclasses import replace
from typing import Any

import pytest

from backend import registry
from backend.selectors import REJECTED, SAME_AS_REJECTED, Selector
from backend.selectors.above_threshold import AboveThreshold
from backend.selectors.improved_revisions import ImprovedRevisions
from backend.selectors.keep_all import KeepAll
from backend.selectors.plain_texts import PlainTexts
from backend.selectors.rated_above import RatedAbove
from backend.values import Group, Verdict
from tests.groups import by_person, prompt, sample

registry.import_all()
GROUP = Group(
    prompt(),
    (
        by_person(1, Verdict.reject, "a", score=1.0, ratings=(5.0, 5.0)),
        *(sample(n, "a", score=1.0, ratings=(5.0, 5.0)) for n in (2, 3)),
        sample(4, "b", score=1.0, ratings=(5.0, 5.0)),
    ),
)
"""A person rejected one sample; two more have its text."""
REVISIONS = replace(GROUP, parent=sample(9, "draft", score=0.0))


@pytest.mark.parametrize(
    "selector", [AboveThreshold(), KeepAll(), PlainTexts(take="answers"), RatedAbove()], ids=lambda part: part.name
)
def test_the_same_text_counts_apart(selector: Selector) -> None:
    selection = selector.select([GROUP], seed=1)
    assert [example.sample_id for example in selection.examples] == [4]
    assert selection.dropped == {REJECTED: 1, SAME_AS_REJECTED: 2}


def test_revisions_with_the_same_text_count_apart() -> None:
    selection = ImprovedRevisions().select([REVISIONS], seed=1)
    assert [example.sample_id for example in selection.examples] == [4]
    assert selection.dropped == {REJECTED: 1, SAME_AS_REJECTED: 2}


KINDS = [
    kind
    for _, kind in sorted(Selector.registry.items())
    if not any(field.is_required() for field in kind.model_fields.values())
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_no_selector_counts_more_than_people_rejected(kind: Any) -> None:
    for group in (GROUP, REVISIONS):
        assert kind().select([group], seed=1).dropped.get(REJECTED, 0) <= 1
