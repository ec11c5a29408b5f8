"""Prompt sources say what the policy is asked."""

from collections.abc import Sequence

from backend.engines import Engine
from backend.registry import Part
from backend.values import Prompt


class PromptSource(Part, kind="prompt source"):
    """Chooses or makes the prompts of a round."""

    def prompts(self, engine: Engine | None, seeds: Sequence[Prompt], *, limit: int, seed: int) -> list[Prompt]:
        """Return at most `limit` prompts; a prompt with id 0 is new. Deterministic in `seed`."""
        raise NotImplementedError
