"""Previews: what reviewers do not see of them, and the bound on the full round's time."""

from typing import Any

from backend.db import now
from backend.pipeline.preview import TUNE
from backend.services import previews, rounds
from backend.services.previews import PreviewView
from backend.values import JobStatus


def test_of_what_comes_after_the_first_texts_reviewers_see_nothing() -> None:
    """A question about a text, and one of a later step, tell what was said of the first texts."""
    groups: list[dict[str, Any]] = [
        {"step": 0, "about": None, "samples": []},
        {"step": 0, "about": 4, "samples": []},
        {"step": 2, "about": None, "samples": []},
    ]
    view: Any = PreviewView(
        1,
        1,
        1,
        JobStatus.failed,
        "Reply 'Score: 5' is wrong.",
        0,
        0,
        "",
        rounds.Plan({}, 1, 1),
        3,
        {"groups": groups, "preflight": {}, "empty": "x"},
        None,
        (),
        (),
        None,
        now(),
    )
    preview_view = previews.masked(view)
    assert (preview_view.result, preview_view.is_masked) == ({"groups": groups[:1]}, True)
    assert "Score" not in str(preview_view.error)


def test_the_bound_is_of_steps_that_all_ran_at_once() -> None:
    """Of 10 texts 2 s of loading and 8 s of writing, then 5 s of judging; 100 texts: 2 + 80 + 50 s."""
    took = [
        {"step": TUNE, "stage": "generate", "seconds": 50.0, "loading": 0.0},
        {"step": 0, "stage": "generate", "seconds": 10.0, "loading": 2.0},
        {"step": 1, "stage": "judge", "seconds": 5.0, "loading": 0.0},
        {"step": 3, "stage": "train", "seconds": 9.0, "loading": 0.0},
    ]
    result = {"took": took, "estimate": {"few": {"samples": 10}, "full": {"samples": 100}}}
    assert previews.seconds(result) is None
    assert previews.seconds(result | {"is_timed": False}) is None
    assert previews.seconds(result | {"is_timed": True}) == 132.0
    assert [entry["step"] for entry in previews.timed(result)] == [0, 1]
