"""What the list of a training's texts shows."""

from app.pages.jobs.rollouts import _row
from backend.services.rounds.rollouts import Rollout


def test_a_text_with_its_reward_and_what_was_said():
    rollout = Rollout(
        7, 3, "2 + 2 =", "4", 1.25, -0.5, {"exact_match": 1.0, "noted": None}, "Found 4, known 4.", False, 1
    )
    assert _row(rollout) == {
        "prompt_id": 3,
        "reward": "1.25",
        "advantage": "-0.5",
        "step": 7,
        "tokens": "1 token",
        "prompt": "2 + 2 =",
        "text": "4",
        "why": "exact_match 1, noted –. Found 4, known 4.",
    }


def test_a_text_without_a_reward_says_so():
    rollout = Rollout(7, 3, "2 + 2 =", "", None, 0.0, {}, "", True, 24)
    shown = _row(rollout)
    assert (shown["reward"], shown["text"], shown["tokens"], shown["why"]) == (
        "–",
        "(empty)",
        "24 tokens, cut off",
        "",
    )
