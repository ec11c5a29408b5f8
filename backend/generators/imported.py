"""Take the completions that files brought with the prompts, and ask no model."""

from collections.abc import Sequence

from pydantic import Field

from backend.engines import Engine
from backend.generators import Generator, imported_samples
from backend.values import Prompt, Sample


class Imported(Generator):
    """The imported completions of each prompt become its samples. Prompts without any are left out of the round.

    With the judge `noted` the file's own pairs, labels and scores are what is trained on.
    """

    max_per_prompt: int = Field(0, ge=0, description="most completions taken of one prompt; 0 means all")
    max_tokens: int = Field(512, ge=1, description="longest answer in tokens when the checkpoints are measured")

    def generate(self, engine: Engine | None, prompts: Sequence[Prompt], *, seed: int) -> list[list[Sample]]:
        return [imported_samples(prompt, limit=self.max_per_prompt) for prompt in prompts]

    @property
    def needs_engine(self) -> bool:
        return False

    @property
    def takes_imported(self) -> bool:
        return True

    @property
    def samples_per_prompt(self) -> int:
        return 0

    @property
    def max_tokens_per_sample(self) -> int:
        return self.max_tokens
