"""What rounds share that train judges and reward models."""

from typing import Any

from backend import recipes
from backend.db import tables
from backend.recipes import Recipe
from backend.services import prompts
from backend.values import RoundStatus
from tests.importing import lines, put
from tests.integration.loop import TRAINING, Loop, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.test_rounds_scored import RL

SMALL = TRAINING | {"max_steps": 1, "start": "base", "reference": "base", "max_length": 4096}
PAIRS = [{"prompt": f"prompt {n}", "chosen": f"good {n}", "rejected": f"bad {n}"} for n in range(4)]


def brief(name: str, *phases: int, by: dict[str, str] | None = None, **knobs: dict[str, Any]) -> Recipe:
    """The recipe, or some phases of it, each training one step. by: who acts in a step; knobs: by the step's or part's name."""
    data = recipes.get(name).model_dump(mode="json")
    result = data.pop("phases", None) or [{"steps": data.pop("steps"), "rounds": 1}]
    kept = [result[n] for n in phases] if phases else result
    for step in (step for phase in kept for step in phase["steps"]):
        if step["kind"] == "trainer":
            step["part"] |= SMALL | (RL if step["part"]["name"] == "grpo" else {})
        step["part"] |= knobs.get(step["name"], {}) | knobs.get(step["part"]["name"], {})
        step["by"] = (by or {}).get(step["name"], step["by"])
    return Recipe.model_validate(data | {"phases": kept, "groups_per_batch": 2, "metrics": (), "unparsed_limit": 1})


def done(loop: Loop, **plan: Any) -> tuple[tables.Round, dict[str, Any]]:
    ended = loop.run(loop.launch(**plan), trains=True)
    assert (ended.status, ended.error) == (RoundStatus.done, None)
    return ended, rows_of_round(ended.id)


def pairs(loop: Loop) -> Loop:
    report = prompts.import_file(loop.actor, loop.project.id, "file", put("file.jsonl", lines(*PAIRS)))
    loop.prompts = report.sets[0]
    return loop
