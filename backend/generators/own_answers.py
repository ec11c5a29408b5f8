"""Take the known answers of the prompts as texts, and ask no model."""

from collections.abc import Sequence

from pydantic import Field

from backend.engines import Engine
from backend.generators import Generator, brought
from backend.values import ImportedCompletion, Prompt, Sample


class OwnAnswers(Generator):
    """The known answer of each prompt becomes a sample of role `data`; a prompt without one gets none.

    So a recipe can compare what people wrote with what a model writes, as SPIN does (Chen et al. 2024, arXiv
    2401.01335, section 4).
    """

    writes_as = "data"

    max_tokens: int = Field(512, ge=1, description="longest answer in tokens when the checkpoints are measured")

    def generate(self, engine: Engine | None, prompts: Sequence[Prompt], *, seed: int) -> list[list[Sample]]:
        return [
            [] if prompt.answer is None else [brought(prompt, ImportedCompletion(prompt.answer))] for prompt in prompts
        ]

    @property
    def needs_engine(self) -> bool:
        return False

    @property
    def takes_answers(self) -> bool:
        return True

    @property
    def samples_per_prompt(self) -> int:
        return 0

    @property
    def max_tokens_per_sample(self) -> int:
        return self.max_tokens
