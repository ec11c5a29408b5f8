"""What rounds share whose trainer writes chats of several turns, or scores its own texts."""

from typing import Any

from backend import recipes
from backend.db import tables
from backend.recipes import Recipe
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.test_rounds_rl import TRAINING
from tests.integration.test_rounds_rl import rollouts_of as samples_of

# An untrained model answers in no form: what it writes is read as an answer by its first character.
RL: dict[str, Any] = TRAINING | {"reward": {"name": "exact_match", "pattern": "(?s)^(.)"}}
SFT: dict[str, Any] = {"max_steps": 1, "start": "base"}
DIGITS = {"name": "surface_rules", "must_match": "[0-9]"}


def short(name: str, *phases: int, **knobs: Any) -> Recipe:
    """Some phases of the recipe, trained for one step, with texts of six tokens."""
    data = recipes.get(name).model_dump(mode="json")
    every = data.pop("phases", None) or [{"steps": data.pop("steps"), "rounds": 1}]
    kept = [every[n] for n in phases]
    for part in (step["part"] for phase in kept for step in phase["steps"]):
        if part["name"] in ("multi_turn_grpo", "grpo_self_score", "grpo_judge_mix"):
            part |= RL | knobs
        elif part["name"] == "sample":
            part |= {"max_tokens": 6}
        elif part["name"] == "sft":
            part |= SFT
    return Recipe.model_validate(data | {"phases": kept, "groups_per_batch": 4, "metrics": [], "unparsed_limit": 1})


def rollouts_of(round_id: int) -> list[tables.Sample]:
    return [sample for sample in samples_of(round_id) if sample.kind == "rollout"]
