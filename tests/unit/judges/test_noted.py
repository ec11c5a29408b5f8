"""What a file notes on its completions, read as scores."""

from typing import Any

import pytest

from backend.judges.noted import Noted
from backend.values import Group, Prompt, Sample, Verdict


@pytest.mark.parametrize(
    ("extra", "key", "score", "verdict"),
    [
        ({"chosen": True, "score": 0.2}, "", 1.0, Verdict.accept),
        ({"chosen": False, "label": True}, "", 0.0, Verdict.reject),
        ({"label": True}, "", 1.0, Verdict.accept),
        ({"score": 0.25}, "", 0.25, Verdict.reject),
        ({"chosen": True, "score": 0.25}, "score", 0.25, Verdict.reject),
        ({"helpfulness": 4}, "helpfulness", 4.0, Verdict.accept),
        ({"helpfulness": "high"}, "helpfulness", None, None),
        ({}, "", None, None),
    ],
)
def test_a_note_is_a_score(extra: dict[str, Any], key: str, score: float | None, verdict: Verdict | None) -> None:
    group = Group(Prompt(1, []), (Sample(5, 1, "text", kind="import", extra=extra),))
    (judgment,) = Noted(key=key).judge(None, [group], seed=0)
    assert (judgment.sample_id, judgment.score, judgment.verdict) == (5, score, verdict)
    assert Noted().may_be_silent
