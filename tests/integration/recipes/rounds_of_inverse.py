"""What rounds of inverse prompts, ensembles, fixed points and teaching share."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from backend.recipes import Recipe
from tests.integration.loop import Loop
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.rounds_of_turns import last_content
from tests.rows import make_checkpoint, make_prompt_set

ONE_DATABASE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
RAIN, SNOW, FOG = "Rain falls on the old roof.", "Snow lies on the far hills.", "Fog hides the small harbour."
TEXTS = [RAIN, SNOW, FOG]


def scripted(*rules: tuple[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": "scripted", "rules": [{"pattern": pattern, "reply": reply} for pattern, reply in rules]} | more


class World(Loop):
    """Prompts of a test's own, and an engine for each role."""

    def __init__(
        self,
        recipe: Recipe,
        engine: dict[str, Any],
        folder: Path,
        prompts: list[str],
        answers: list[Any] | None = None,
        **roles: dict[str, Any],
    ) -> None:
        super().__init__(recipe, engine, folder)
        self.prompts = make_prompt_set(self.project, prompts=prompts, answers=answers or [None] * len(prompts))
        self.roles = {name: make_checkpoint(self.project, name, engine=role).id for name, role in roles.items()}

    def launch(self, **plan: Any) -> int:
        return super().launch(**{"roles": self.roles} | plan)


def pairs(rows: list[dict[str, Any]]) -> Counter[tuple[str, str]]:
    return Counter((last_content(row, "prompt"), last_content(row, "completion")) for row in rows)
