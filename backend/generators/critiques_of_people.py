"""What people wrote about a text, as its critiques; a model writes one where nobody did."""

from collections.abc import Sequence
from typing import Literal

from pydantic import Field

from backend.engines import Engine
from backend.generators import Generator, imported_samples
from backend.values import Prompt, Sample, Sampling


class CritiquesOfPeople(Generator):
    """Answer a question about a text, such as the critique that `ask` asks for, by what people wrote of that text.

    These are their answers to the project's free-text questions that are marked as critiques, given while the round was
    reviewed. It stands where a recipe samples critiques: after the step that asks about texts, and that step after the
    review. An answer is a sample that no checkpoint made, each text once.
    """

    question: str = Field(
        "", max_length=40, description="key of a free-text question; empty: all that are marked as critiques"
    )
    own: Literal["missing", "beside", "never"] = Field(
        "missing",
        description="the model's own critique: where people wrote none, beside theirs, or never",
    )
    temperature: float = Field(1.0, ge=0, le=5, description="of the model's own; 0 is greedy")
    max_tokens: int = Field(512, ge=1, description="longest critique of the model's own in tokens")

    @property
    def takes_critiques(self) -> bool:
        return True

    @property
    def critique_question(self) -> str:
        return self.question

    @property
    def needs_engine(self) -> bool:
        return self.own != "never"

    @property
    def samples_per_prompt(self) -> int:
        return int(self.needs_engine)

    @property
    def max_tokens_per_sample(self) -> int:
        return self.max_tokens

    def generate(self, engine: Engine, prompts: Sequence[Prompt], *, seed: int) -> list[list[Sample]]:
        asked = [prompt for prompt in prompts if self.own == "beside" or not prompt.imported]
        sampling = Sampling(temperature=self.temperature, max_tokens=self.max_tokens, n=1, seed=seed)
        chats = [prompt.messages for prompt in asked] if self.needs_engine else []
        written = iter(engine.complete(chats, sampling) if chats else [])
        is_asked = {id(prompt) for prompt in asked} if chats else set()
        samples_of = []
        for prompt in prompts:
            own = [
                Sample(
                    id=0,
                    prompt_id=prompt.id,
                    text=completion.text,
                    finish_reason=completion.finish_reason,
                    num_tokens=completion.num_tokens,
                    logprob=completion.logprob,
                    reasoning=completion.reasoning,
                    failure=completion.failure,
                )
                for completion in (next(written) if id(prompt) in is_asked else ())
            ]
            samples_of.append([*own, *imported_samples(prompt, len(own))])
        return samples_of
