"""Generators let a checkpoint answer prompts."""

from collections.abc import Sequence

from backend.engines import Engine
from backend.registry import Part
from backend.values import Prompt, Sample


class Generator(Part, kind="generator"):
    """Makes the samples of each prompt."""

    def generate(self, engine: Engine, prompts: Sequence[Prompt], *, seed: int) -> list[list[Sample]]:
        """Return the samples of each prompt, in order, with id 0 and positions from 0."""
        raise NotImplementedError

    @property
    def samples_per_prompt(self) -> int:
        """How many samples one prompt gets, for estimates."""
        raise NotImplementedError

    @property
    def max_tokens_per_sample(self) -> int:
        """Upper bound of new tokens of one sample, for estimates."""
        raise NotImplementedError
